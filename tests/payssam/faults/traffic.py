"""Front desk, guests and the provider's manager app, all at random, on the same bills and requests."""

import asyncio
import random
from typing import Any

import httpx

from tests.payssam.faults.town import Hotel, Town, asking

DEFINED = {200, 201, 202, 204, 400, 404, 409, 503}
"""Answers that a caller can do something with; there is none among them that says that we broke."""
MUST_HAPPEN = {
    "bill.cancelled",
    "bill.transferred",
    "payment.cancelled",
    "payment_request.destroyed",
    "payment_request.paid",
    "payment_request.refunded",
    "payment_request.unknown",
}
"""Events without which there was too little traffic to show anything."""
FOLIOS = 6
BILL_TOTAL = 10_000
PAUSE_SECONDS_MAX = 0.06
"""How long a caller waits at most: for others, and for its request to get to the guest."""
LOST_SECONDS = 0.2
"""How long a caller waits who got no answer."""
NOT_A_REQUEST = "0" * 20


class Traffic:
    """Callers of a town; `surprises` are the answers that none should get."""

    def __init__(self, town: Town, seed: int, *, resending: bool = True) -> None:
        self._town = town
        self._seed = seed
        self._resending = resending
        self.asked = 0
        self.lost = 0
        self.surprises: list[str] = []
        self.stopping = False

    async def call(self, number: int, requests: int | None = None) -> None:
        """One caller, until it has made so many requests, or for ever."""
        await Caller(self, self._town, random.Random(f"{self._seed} {number}"), self._resending).call(requests)


class Caller:
    """One caller with requests of its own."""

    def __init__(self, traffic: Traffic, town: Town, chance: random.Random, resending: bool) -> None:
        self._traffic = traffic
        self._town = town
        self._chance = chance
        self._bills: list[str] = []
        self._requests: list[str] = []
        self._weights = {
            self._pay: 8,
            self._pay_another_amount: 1,
            self._cancel_there: 1,
            self._destroy_there: 1,
            self._operate("destroy"): 2,
            self._operate("refund"): 2,
            self._operate("sync"): 2,
            self._operate("resend"): 2 if resending else 0,
            self._end_bill: 2,
        }

    async def call(self, requests: int | None) -> None:
        """Ask and do other things in turn; at last only other things."""
        made = turns = 0
        while not self._traffic.stopping and (requests is None or turns < 3 * requests):
            turns += 1
            try:
                if requests is None or made < requests:
                    made += await self._ask()
                for _ in range(self._chance.randrange(4)):
                    (act,) = self._chance.choices(list(self._weights), list(self._weights.values()))
                    await act()
            except httpx.TransportError:
                self._traffic.lost += 1
                await asyncio.sleep(LOST_SECONDS)
            await asyncio.sleep(self._chance.uniform(0, PAUSE_SECONDS_MAX))

    async def _post(self, path: str, **body: Any) -> httpx.Response:
        return self._watched(await self._hotel().post(path, **body))

    def _watched(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code not in DEFINED:
            self._traffic.surprises.append(f"{answer.request.url}: {answer.status_code} {answer.text}")
        return answer

    def _hotel(self) -> Hotel:
        return self._chance.choice(self._town.hotels)

    async def _ask(self) -> int:
        if not self._bills or self._chance.random() < 0.5:
            folio = f"FOLIO-{self._chance.randrange(FOLIOS)}"
            bill = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": BILL_TOTAL}
            answer = await self._post(f"/folios/{folio}/bills", **bill)
            if answer.status_code != 201:
                return 0
            self._bills.append(answer.json()["id"])
        how = {"sendType": "URL"} if self._chance.random() < 0.2 else {}
        amount = self._chance.randrange(100, 3_000)
        answer = await self._post(
            f"/bills/{self._chance.choice(self._bills[-3:])}/payment-requests", **asking(amount, **how)
        )
        if answer.status_code != 202:
            return 0
        self._requests.append(answer.json()["id"])
        self._traffic.asked += 1
        return 1

    def _request(self) -> str:
        if not self._requests:
            return NOT_A_REQUEST
        return self._requests[-1] if self._chance.random() < 0.3 else self._chance.choice(self._requests)

    async def _pay(self) -> None:
        await self._town.provider.pay(self._request())

    async def _pay_another_amount(self) -> None:
        await self._town.provider.pay(self._request(), amount=self._chance.randrange(1, 5_000))

    async def _cancel_there(self) -> None:
        await self._town.provider.order(f"/bills/{self._request()}/cancel")

    async def _destroy_there(self) -> None:
        await self._town.provider.order(f"/bills/{self._request()}/destroy")

    def _operate(self, operation: str) -> Any:
        async def operate() -> None:
            self._watched(await self._hotel().operate(self._request(), operation))

        return operate

    async def _end_bill(self) -> None:
        if not self._bills:
            return
        bill = self._bills.pop(self._chance.randrange(len(self._bills)))
        folio = f"FOLIO-{self._chance.randrange(FOLIOS)}"
        match self._chance.randrange(4):
            case 0:
                await self._post(f"/bills/{bill}/cancel")
            case 1:
                await self._post("/bills/transfer", bills=[{"id": bill}], folioId=folio)
            case 2:
                await self._post("/bills/transfer", bills=[{"id": bill, "splitAmount": 1_000}], folioId=folio)
            case _:
                self._watched(await self._hotel().client.delete(f"/v1/bills/{bill}"))
