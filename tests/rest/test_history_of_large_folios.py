"""Looking back on a folio with very many events leaves others in the process their turn, however many there are."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from services.billing import effective
from services.billing.event import LedgerEvent
from services.bootstrap import Service
from services.desk import past
from services.store.codec import EventCodec
from services.turns import AT_ONCE
from tests.conftest import Desk
from tests.projections.books import caught_up
from tests.rest.support import PAYMENT

FOLIO = "/v1/folios/FOLIO-1"
WATCHED = (
    (EventCodec, "to_domain_event"), (LedgerEvent, "mutate"), (effective.InEffect, "learn"),
    (past, "payment_view"), (past, "settlement_view"), (msgspec.json, "encode"),
)  # fmt: skip
ENTRY_BYTES_MAX = 1_000
"""Things in lists are shorter than this, entries of a history 500 of which are a page too."""


class Turns:
    """What is done between two turns of somebody else: how often at most, by the name of the work."""

    def __init__(self) -> None:
        self.at_once: dict[str, int] = {}
        self._since: dict[str, int] = {}

    def counted(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The work, counted; of encoding, the bytes."""

        def wrapped(*arguments: Any, **options: Any) -> Any:
            result = work(*arguments, **options)
            self._since[name] = self._since.get(name, 0) + (len(result) if name == "encode" else 1)
            self.at_once[name] = max(self.at_once.get(name, 0), self._since[name])
            return result

        return wrapped

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Somebody else who takes every turn there is."""

        async def take() -> None:
            while True:
                self._since.clear()
                await asyncio.sleep(0)

        taking = asyncio.create_task(take())
        yield
        taking.cancel()


async def large_folio(desk: Desk) -> tuple[str, int]:
    """A folio whose first bill has some thousand events; that bill, and the newest position."""
    bill, target = await desk.add_bill(), await desk.add_bill(total=1_000_000)
    path = f"/v1/bills/{bill['id']}"
    settling = {"settlements": [{"targetBillId": target["id"], "settledAmount": 1}] * 250}
    commands = [{"method": "PATCH", "path": path, "body": {"name": f"Room {number}"}} for number in range(500)]
    for _ in range(3):
        answer = await desk.client.post("/v1/commands", json={"commands": commands})
        desk.expect(200, answer)
    paid = [{"method": "POST", "path": f"{path}/payments", "body": PAYMENT} for _ in range(250)]
    desk.expect(200, await desk.client.post("/v1/commands", json={"commands": paid}))
    answer = await desk.client.post(f"{path}/settlements", json=settling)
    desk.expect(200, answer)
    return bill["id"], int(answer.headers["Folio-Position"])


async def test_others_have_their_turn_while_a_large_folio_is_told(
    service: Service, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill_id, head = await large_folio(desk)
    await caught_up(service.conninfo, head)
    turns = Turns()
    for place, name in WATCHED:
        monkeypatch.setattr(place, name, turns.counted(name, getattr(place, name)))
    queries = [
        f"{path}?{query}"
        for path in (FOLIO, f"/v1/bills/{bill_id}")
        for query in (f"position={head}", "effectiveAt=2999-01-01T00:00:00Z")
    ]
    queries += [f"{FOLIO}/history?limit=500", f"/v1/bills/{bill_id}/history?event=bill.settled", f"{FOLIO}/explain"]
    for query in (*queries, f"{FOLIO}/diff?from=0", f"/v1/bills/{bill_id}/explain"):
        turns.at_once.clear()
        async with turns.taken():
            desk.expect(200, await desk.client.get(query))
        assert turns.at_once.pop("encode") <= (500 if "history" in query else AT_ONCE) * ENTRY_BYTES_MAX, query
        assert turns.at_once["to_domain_event"] == turns.at_once["mutate"] == AT_ONCE, query
        assert max(turns.at_once.values()) < 2 * AT_ONCE, (query, turns.at_once)  # two bills' lists may meet
