"""Where an event of a folio leads: to the other side of a transfer or a settlement, and to the callback it rests on."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from services.billing.bill import BillAdded
from services.billing.feed import PlacedEvent
from services.billing.settlement import Settled
from services.billing.transfer import BillTransferred
from services.billing.views import View
from services.desk.journal import Step
from services.desk.past import LogReader
from services.turns import in_turns

Relation = Literal["MOVED_TO", "MOVED_FROM", "PAYS", "PAID_BY"]
Transfers = Mapping[str, PlacedEvent]
"""The other side of a transfer, by the bill that it made."""


class Callbacks(Protocol):
    """Knows which callbacks were received."""

    async def received(self, digests: Collection[str]) -> Mapping[str, tuple[int, datetime]]:
        """Number and time of the callbacks with these SHA-256 (hex), as far as they are kept."""
        ...


class Links:
    """Finds the other sides of a folio's events; one that is not there is no link.

    Both sides are in one commit, which a position may cut in two: the events are all that the log has of the folio.
    """

    def __init__(self, events: Sequence[PlacedEvent], head: int) -> None:
        self._events = events
        self._head = head
        self._settlements: dict[int, PlacedEvent] = {}
        self._arrivals: Transfers = {}
        self._departures: Transfers = {}

    async def look_up(self, steps: Sequence[Step], log: LogReader) -> None:
        """Find the other sides of these steps; those of transfers are on other folios. Raises StoreUnavailable."""
        if any(isinstance(step.event, Settled) for step in steps):
            self._settlements = {position: other async for position, other in _settlement_sides(self._events)}
        bills = {bill_id for step in steps for bill_id in _bills_elsewhere(step)}
        if bills:
            found = await log.events_of(bills, self._head, (BillAdded.TOPIC, BillTransferred.TOPIC))
            self._arrivals = {each.event.originator_id: each for each in found if isinstance(each.event, BillAdded)}
            self._departures = {
                each.event.to_bill_id: each for each in found if isinstance(each.event, BillTransferred)
            }

    def of(self, step: Step) -> list[View]:
        """Where the step leads."""
        event = step.event
        if isinstance(event, BillTransferred) and event.to_bill_id != event.originator_id:
            return _link("MOVED_TO", self._arrivals.get(event.to_bill_id))
        if isinstance(event, BillAdded) and event.transfer_origin_bill_id is not None:
            return _link("MOVED_FROM", self._departures.get(event.originator_id))
        if isinstance(event, Settled):
            return _link("PAYS" if event.on_paying_bill else "PAID_BY", self._settlements.get(step.position))
        return []


def _bills_elsewhere(step: Step) -> Iterator[str]:
    event = step.event
    if isinstance(event, BillTransferred) and event.to_bill_id != event.originator_id:
        yield event.to_bill_id
    elif isinstance(event, BillAdded) and event.transfer_origin_bill_id is not None:
        yield event.transfer_origin_bill_id


async def _settlement_sides(events: Sequence[PlacedEvent]) -> AsyncIterator[tuple[int, PlacedEvent]]:
    """For the position of each side of a settlement its other side.

    Two bills may settle each other more than once, in one commit too: the sides follow each other in the same order.
    """
    waiting: dict[tuple[str, str, bool], list[PlacedEvent]] = {}
    async for placed in in_turns(events):
        event = placed.event
        if isinstance(event, Settled):
            pair = event.payment_bill_id, event.target_bill_id
            others = waiting.get((*pair, not event.on_paying_bill))
            if not others:
                waiting.setdefault((*pair, event.on_paying_bill), []).append(placed)
                continue
            other = others.pop(0)
            yield placed.position, other
            yield other.position, placed


def _link(relation: Relation, other: PlacedEvent | None) -> list[View]:
    if other is None:
        return []
    link = {
        "relation": relation,
        "billId": other.event.originator_id,
        "folioId": other.folio_id,
        "position": other.position,
        "path": f"/v1/bills/{other.event.originator_id}",
        "folioPath": f"/v1/folios/{other.folio_id}",
    }
    return [link]


async def callback_digests(events: Sequence[PlacedEvent]) -> dict[tuple[str, datetime], str]:
    """The SHA-256 (hex) of the callback that a commit rests on, by payment request and moment of the commit.

    The event of the request names it; what the commit has recorded on the bill rests on it as well.
    """
    found = {}
    async for placed in in_turns(events):
        digest = getattr(getattr(placed.event, "evidence", None), "callback", None)
        if digest is not None:
            found[placed.event.originator_id, placed.event.timestamp] = digest
    return found
