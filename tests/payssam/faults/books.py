"""What must hold between the provider's books and ours once nothing goes wrong any more and all was asked about."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg

from tests.payssam.faults.town import Town

OUR_STATUS = {"W": "SENT", "F": "PAID", "C": "REFUNDED", "D": "DESTROYED"}
NEVER_SENT = {"REFUSED", "DESTROYED", "EXPIRED"}


@dataclass(frozen=True)
class Fact:
    """An event of the log: the stream, the topic, everything else."""

    stream: str
    topic: str
    state: dict[str, Any]


async def facts_of(conninfo: str) -> list[Fact]:
    """The whole log in its order."""
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        cursor = await connection.execute(
            "SELECT originator_id, topic, state FROM ledger.events ORDER BY notification_id"
        )
        return [Fact(stream, topic, msgspec.json.decode(state)) for stream, topic, state in await cursor.fetchall()]


async def check_books(town: Town, said: str, *, points_exact: bool = True) -> None:
    """Assert that no money, message or point is lost or counted twice; `said` goes into every message.

    Points are exact unless a resend was left in doubt, whose points are counted in any case.
    """
    requests, bills = await town.hotel.requests(), await town.provider.bills()
    totals = await town.provider.look("/totals")
    facts = await facts_of(town.conninfo)

    assert bills.keys() <= requests.keys(), said
    wrong = {
        request_id: (request["status"], bills.get(request_id, {}).get("state"), request["lastError"])
        for request_id, request in requests.items()
        if request["status"] not in _allowed(bills.get(request_id))
    }
    assert not wrong, f"{said}: ours and the provider's states differ: {wrong}"
    assert totals["sends"] == len(bills), f"{said}: {totals}"

    recorded = [
        fact for fact in facts if fact.topic == "payment.recorded" and fact.state["payment_request_id"] is not None
    ]
    payments = Counter(fact.state["payment_request_id"] for fact in recorded)
    paid = {request_id: 1 for request_id, bill in bills.items() if bill["approval"] is not None}
    assert payments == paid, f"{said}: {_differing(payments, paid)} have another number of payments than one if paid"
    undone = {fact.state["payment_id"] for fact in facts if fact.topic == "payment.cancelled"}
    live = sum(fact.state["amount"] for fact in recorded if fact.state["payment_id"] not in undone)
    assert live == totals["paidAmount"], f"{said}: {live} is recorded; {totals}"

    held = _held(facts)
    asked = {request_id for request_id, request in requests.items() if request["status"] == "SENT"}
    assert held == asked, f"{said}: {held ^ asked} hold a bill's money and are closed, or the other way round"
    await _check_balances(town, facts, said)

    spent = sum(request["pointsSpent"] for request in requests.values())
    uncounted = _uncounted(requests, bills)
    assert not uncounted, f"{said}: sent by message, and the points are not counted: {uncounted}"
    assert spent >= totals["pointsSpent"], f"{said}: {spent} points are counted; {totals}"
    assert spent == totals["pointsSpent"] or not points_exact, f"{said}: {spent} points are counted; {totals}"


def _allowed(bill: dict[str, Any] | None) -> set[str]:
    return NEVER_SENT if bill is None else {OUR_STATUS[bill["state"]]}


def _differing(ours: Counter[str], theirs: dict[str, int]) -> set[str]:
    return {request_id for request_id in ours | theirs if ours.get(request_id) != theirs.get(request_id)}


def _uncounted(requests: dict[str, dict[str, Any]], bills: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {
        request_id: requests[request_id]["status"]
        for request_id, bill in bills.items()
        if bill["sendType"] == "TALK" and requests[request_id]["pointsSpent"] == 0
    }


def _held(facts: list[Fact]) -> set[str]:
    held: set[str] = set()
    for fact in facts:
        if fact.topic == "bill.request_opened":
            held.add(fact.state["payment_request_id"])
        elif fact.topic in {"bill.request_closed", "payment.recorded"}:
            held.discard(fact.state["payment_request_id"])
    return held


async def _check_balances(town: Town, facts: list[Fact], said: str) -> None:
    of_folio: dict[str, int] = defaultdict(int)
    of_bill: dict[str, int] = defaultdict(int)
    for fact in facts:
        if "balance_effect" in fact.state:
            of_folio[fact.state["folio_id"]] += fact.state["balance_effect"]
            of_bill[fact.stream] += fact.state["balance_effect"]
    for folio_id, balance in of_folio.items():
        folio = await town.hotel.get(f"/folios/{folio_id}")
        assert folio["balanceAmount"] == balance, f"{said}: folio {folio_id} shows another balance than {balance}"
        shown = {bill["id"]: bill["balanceAmount"] for bill in folio["bills"]}
        assert shown == {bill_id: of_bill[bill_id] for bill_id in shown}, f"{said}: a bill's balance in {folio_id}"
