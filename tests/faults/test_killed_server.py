"""The server killed under load: what was answered is there, and no key counts twice."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.store.embedded import discard
from tests.faults.server import HEADERS, SECONDS_MAX, Server

KILLS = 10
CALLERS = 8
PAYMENT = {"paymentMethod": "CARD", "amount": 1, "paidAt": "2026-11-22T14:00:00+09:00", "applyToBalance": True}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server on a PostgreSQL of its own."""
    data = tmp_path / "data"
    running = Server(data)
    running.start()
    running.wait_for(200)
    yield running
    if running.process is not None and running.process.poll() is None:
        running.end()
    discard(data)


class Load:
    """Callers that post bills and payments, each under a key, and remember what was answered."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.answered: dict[str, dict[str, Any]] = {}
        self.asked: dict[str, tuple[str, dict[str, Any]]] = {}
        self.stopping = False

    async def post(self, client: httpx.AsyncClient, key: str) -> None:
        """Send the request of a key once."""
        path, body = self.asked[key]
        answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
        if answer.status_code == 201:
            self.answered[key] = answer.json()
        else:
            assert answer.status_code in {409, 503}, answer.text

    async def call(self, number: int) -> None:
        """One caller: a bill, then payments on it, again and again; a broken answer is left for later."""
        async with httpx.AsyncClient(base_url=self.server.address, headers=HEADERS, timeout=20) as client:
            turn = 0
            while not self.stopping:
                turn += 1
                key = f"bill-{number}-{turn}-{random.random()}"
                folio = f"FOLIO-{number}-{turn % 5}"
                self.asked[key] = (
                    f"/v1/folios/{folio}/bills",
                    {"accommodationId": "HOTEL-1", "name": key, "totalAmount": 100},
                )
                try:
                    await self.post(client, key)
                    if key in self.answered:
                        paid = f"pay-{key}"
                        self.asked[paid] = (f"/v1/bills/{self.answered[key]['id']}/payments", PAYMENT)
                        await self.post(client, paid)
                    await asyncio.sleep(0.01)
                except httpx.TransportError:
                    await asyncio.sleep(0.2)


async def test_a_server_killed_ten_times_under_load_loses_nothing_and_doubles_nothing(server: Server) -> None:
    load = Load(server)
    callers = [asyncio.create_task(load.call(number)) for number in range(CALLERS)]
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(0.3, 0.8))
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
        server.start()
        await asyncio.to_thread(server.wait_for, 200)
    load.stopping = True
    await asyncio.gather(*callers)
    assert len(load.answered) > KILLS, "there was load"

    async with httpx.AsyncClient(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
        before = dict(load.answered)
        keys = list(load.asked)

        async def repeat(some: list[str]) -> None:
            for key in some:
                await load.post(client, key)

        await asyncio.gather(*(repeat(keys[number::CALLERS]) for number in range(CALLERS)))
        assert load.answered.keys() == load.asked.keys()
        assert {key: load.answered[key] for key in before} == before, "a key's first answer is its only one"
        bills = await all_bills(client)
    assert Counter(bill["name"] for bill in bills) == Counter(key for key in load.asked if key.startswith("bill-"))
    paid = {key.removeprefix("pay-") for key in load.asked if key.startswith("pay-")}
    for bill in bills:
        expected = [1] if bill["name"] in paid else []
        assert [payment["amount"] for payment in bill["payments"]] == expected
        assert bill["balanceAmount"] == 100 - len(expected)


async def all_bills(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Every bill of the hotel, page by page, from the read models once they have caught up."""
    bills: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await client.get(f"/v1/accommodations/HOTEL-1/bills?limit=500{cursor}")
        assert answer.status_code == 200, answer.text
        bills += answer.json()["items"]
        if answer.json()["nextCursor"] is None:
            return bills
        cursor = f"&cursor={answer.json()['nextCursor']}"


def test_ctrl_c_ends_the_server_with_status_0(server: Server) -> None:
    assert server.end(signal.SIGINT) == 0
    assert b"Traceback" not in server.log.read_bytes()
