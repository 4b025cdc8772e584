"""A bill or a folio as it was, from the log itself: as it was known at a time or position, and as it was in effect.

`at` and `position` say what was known: all events up to then. The log's times only grow, but an event has the time at
which it was decided, a moment before it is in the log: up to a time that is later than the newest event's, more may
still come. Up to a position nothing ever does. `effectiveAt` says which of that was in effect: payments
count from when they were paid, everything else from when it was recorded (`billing/effective.py`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from services.access import Caller
from services.billing.accommodation import AccommodationConfigured, DayClosed
from services.billing.bill import Bill, BillDeleted
from services.billing.business_day import BusinessDays
from services.billing.effective import InEffect
from services.billing.event import LedgerEvent
from services.billing.feed import PlacedEvent
from services.billing.folio import Folio, FolioOpened
from services.billing.ids import accommodation_stream, folio_stream
from services.billing.views import View, folio_view, payment_view, settlement_view
from services.desk.bodies import Moment
from services.desk.changes import view_without_lists
from services.desk.problems import Fault, Problem, invalid, not_found
from services.desk.requests import POSITION
from services.turns import in_turns

TIME: TypeAdapter[datetime] = TypeAdapter(Moment)
UNENCODED_PLUS = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")
"""Before an offset: in an address a plus must be written %2B, for it means a space, and is easily forgotten."""
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class PointInLog:
    """A point of the past: what was known at a time or a position (else now), and what of it was in effect."""

    at: datetime | None = None
    position: int | None = None
    effective_at: datetime | None = None


class LogReader(Protocol):
    """Reads the log as it was. All raise StoreUnavailable."""

    async def head(self) -> tuple[int, datetime | None]:
        """The position of the newest event and when it was recorded; 0 and None in an empty log."""
        ...

    async def position_at(self, at: datetime) -> int:
        """The position of the last event that was recorded up to a time, 0 before the first."""
        ...

    async def events_of(
        self, streams: Collection[str], position: int, topics: Collection[str] | None = None
    ) -> list[PlacedEvent]:
        """The events of these streams up to a position, in the order of the log; only those of `topics` if given."""
        ...

    async def events_of_stream(self, stream: str, position: int, topic: str, since: int) -> list[PlacedEvent]:
        """The events of a stream up to a position, in the order of the log; those of a topic only from its last one
        before `since` on.
        """
        ...

    async def count_of(
        self, streams: Collection[str], after: int, until: int, most: int, *, with_effect: bool = False
    ) -> int:
        """How many events of these streams, with an effect on a balance if so asked, are after a position up to
        another; counted up to `most`.
        """
        ...


class Past:
    """Answers queries about a moment in the past."""

    def __init__(self, log: LogReader) -> None:
        self.log = log

    async def position(self, point: PointInLog, pointer: str | None = None) -> int:
        """The position that was known at a point; `pointer` is where the caller has named it.

        Raises Problem for a time to come and a position beyond the log.
        """
        head, newest = await self.log.head()
        if point.position is not None and point.position > head:
            detail = f"The log has not come to the position {point.position} yet; its newest event is at {head}."
            raise invalid(pointer or "/position", detail)
        if point.at is not None:
            now = datetime.now(UTC)
            if point.at > max(now, newest or now):
                raise invalid(pointer or "/at", f"This time is still to come: it is {shown(now)} now.")
            return await self.log.position_at(point.at)
        return head if point.position is None else point.position

    async def days(self, accommodation_id: str, limit: int) -> tuple[View, int]:
        """The business day that events belong to now, and the newest closed days; and the position."""
        head, newest = await self.log.head()
        events = await self.log.events_of([accommodation_stream(accommodation_id)], head)
        days = _days_told_by(events)
        closed = [_closed(placed.event, placed.position) for placed in events if isinstance(placed.event, DayClosed)]
        now = datetime.now(UTC)
        view = {
            "businessDate": days.business_date(head + 1, max(now, newest or now)),
            "closedThrough": closed[-1]["businessDate"] if closed else None,
            "items": closed[::-1][:limit],
        }
        return view, head

    async def days_of(self, told: Sequence[PlacedEvent], events: Sequence[PlacedEvent]) -> BusinessDays:
        """The business days of those events that are told, in their order; `events` are all of their folio.

        Days are closed in their order: of the closings before, and a house has one for each day, the last says enough.
        """
        house = next((placed.accommodation_id for placed in events if placed.accommodation_id is not None), None)
        if house is None or not told:
            return BusinessDays()
        since, position = told[0].position, told[-1].position
        stream = accommodation_stream(house)
        return _days_told_by(await self.log.events_of_stream(stream, position, DayClosed.TOPIC, since))

    async def bill(self, bill_id: str, point: PointInLog, caller: Caller) -> tuple[View, int]:
        """The bill then, and the position. Raises Problem when there was none."""
        position = await self.position(point)
        events = [placed.event for placed in await self.log.events_of([bill_id], position)]
        bill = (await things_then(events, point.effective_at)).get(bill_id)
        if not isinstance(bill, Bill):
            raise await self.not_there("bill", bill_id, bill_id, caller)
        if not caller.reaches(bill.accommodation_id):
            raise not_found("bill", bill_id)
        if bill.deleted:
            raise gone(bill_id, events)
        return await bill_then(bill), position

    async def folio(
        self, folio_id: str, bill_ids: Sequence[str], position: int, effective_at: datetime | None, caller: Caller
    ) -> View:
        """The folio then, given all bills that it had up to the position. Raises Problem when there was none."""
        stream = folio_stream(folio_id)
        events = await self.log.events_of([stream, *bill_ids], position)
        view = await folio_then(events, effective_at)
        if view is None or not caller.reaches(view["accommodationId"]):
            raise await self.not_there("folio", folio_id, stream, caller, await _since(events, effective_at))
        return view

    async def check_folio(self, folio_id: str, caller: Caller) -> None:
        """Raise Problem when there is no such folio, or none that the caller sees: alike, and from the log alone."""
        head, _ = await self.log.head()
        opened: list[Any] = await self.log.events_of([folio_stream(folio_id)], head, {FolioOpened.TOPIC})
        if not any(caller.reaches(placed.event.accommodation_id) for placed in opened):
            raise not_found("folio", folio_id)

    async def not_there(
        self, kind: str, id_: str, stream: str, caller: Caller, since: datetime | None = None
    ) -> Problem:
        """What a caller is told who asks for a thing at a time when it was not there yet, or for none at all."""
        head, _ = await self.log.head()
        events = await self.log.events_of([stream], head)
        first: Any = events[0].event if events else None
        if first is None or not caller.reaches(getattr(first, "accommodation_id", "")):
            return not_found(kind, id_)
        return _absent(kind, id_, f"it is there since {shown(since or first.timestamp)}")


def _days_told_by(events: Sequence[PlacedEvent]) -> BusinessDays:
    """The business days as an accommodation's events, in their order, tell them."""
    days = BusinessDays()
    for placed in events:
        if isinstance(placed.event, AccommodationConfigured | DayClosed):
            days.take(placed.event, placed.position)
    return days


def _closed(event: DayClosed, position: int) -> View:
    return {
        "businessDate": event.business_date,
        "closedAt": event.timestamp,
        "closedBy": event.by,
        "reason": event.reason,
        "position": position,
    }


async def folio_then(events: Sequence[PlacedEvent], effective_at: datetime | None = None) -> View | None:
    """The folio that its events (its own and its bills', in their order) make, None without any.

    By what was in effect it is there from its opening on, or from the first money that was paid for it.
    """
    things = (await things_then([placed.event for placed in events], effective_at)).values()
    folio = next((thing for thing in things if isinstance(thing, Folio)), None)
    bills = [thing for thing in things if isinstance(thing, Bill)]
    if folio is None:
        return None
    if effective_at is not None and folio.created_on > effective_at and not any(bill.payments for bill in bills):
        return None
    total = sum(bill.total_amount for bill in bills if bill.live)
    balance = sum(bill.balance_amount for bill in bills)  # a guest may have paid a bill after it was deleted
    views = [await bill_then(bill) async for bill in in_turns(bills) if not bill.deleted]
    unseen = (payment for bill in bills if bill.deleted for payment in bill.payments.values())
    paid_unseen = sum(payment.amount for payment in unseen if payment.live)
    return folio_view(folio.folio_id, folio.accommodation_id, folio.currency, total, balance, views, paid_unseen)


async def things_then(events: Sequence[LedgerEvent], effective_at: datetime | None) -> Mapping[str, Any]:
    """What the events (in their order) make, by stream, in the order of their first ones."""
    if effective_at is not None:
        return (await _in_effect(events, effective_at)).things
    things: dict[str, Any] = {}
    async for event in in_turns(events):
        things[event.originator_id] = event.mutate(things.get(event.originator_id))
    return things


async def _in_effect(events: Sequence[LedgerEvent], at: datetime) -> InEffect:
    in_effect = InEffect(at)
    async for event in in_turns(events):
        in_effect.learn(event)
    async for event in in_turns(events):
        in_effect.take(event)
    return in_effect


async def bill_then(bill: Bill) -> View:
    """The bill as `bill_view` shows it, its lists in pieces: they may be long."""
    settlements = ("settlementsMade", bill.settlements_made), ("settlementsReceived", bill.settlements_received)
    view = view_without_lists(bill)
    view["payments"] = [payment_view(bill.id, bill.folio_id, each) async for each in in_turns(bill.payments.values())]
    for name, side in settlements:
        view[name] = [settlement_view(each) async for each in in_turns(side)]
    return view


async def _since(events: Sequence[PlacedEvent], effective_at: datetime | None) -> datetime | None:
    """Since when a folio is there by what was in effect."""
    if effective_at is None or not events:
        return None
    paid = (await _in_effect([placed.event for placed in events], effective_at)).money_since
    return min(moment for moment in (events[0].event.timestamp, paid) if moment is not None)


def gone(bill_id: str, events: Sequence[LedgerEvent]) -> Problem:
    """What a caller is told of a bill that was deleted then; or, by what was in effect, not posted yet."""
    deleted = next((event for event in reversed(events) if isinstance(event, BillDeleted)), None)
    reason = f"it is there since {shown(events[0].timestamp)}"
    if deleted is not None:
        reason += f" and was deleted at {shown(deleted.timestamp)}"
    return _absent("bill", bill_id, reason)


def _absent(kind: str, id_: str, reason: str) -> Problem:
    detail = f"There was no {kind} {id_} then: {reason}."
    return Problem("DATA_NOT_FOUND_ON_ID", detail, [Fault(f"/{kind}Id", "DATA_NOT_FOUND_ON_ID", detail)])


def shown(moment: datetime) -> str:
    """A time as answers show it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def point_in_log(at: str | None, position: str | None, effective_at: str | None = None) -> PointInLog | None:
    """The point asked for, None when none is. Raises Problem when it is of the wrong form or given twice over."""
    if at is None and position is None and effective_at is None:
        return None
    if at is not None and position is not None:
        raise invalid("/position", "Give either at or position.")
    effective = None if effective_at is None else parsed_time("/effectiveAt", effective_at)
    if position is not None:
        return PointInLog(position=position_named("/position", position), effective_at=effective)
    return PointInLog(None if at is None else parsed_time("/at", at), effective_at=effective)


def time_or_position(pointer: str, text: str) -> PointInLog:
    """A point given as a time with an offset or as a position. Raises Problem when it is neither."""
    if text.isdigit():
        return PointInLog(position=position_named(pointer, text))
    return PointInLog(at=parsed_time(pointer, text, " or a position of the log"))


def parsed_time(pointer: str, text: str, otherwise: str = "") -> datetime:
    """A time with an offset, in UTC. Raises Problem when it is none, and says what else it may be."""
    try:
        moment = TIME.validate_python(UNENCODED_PLUS.sub("+", text))
        return moment.astimezone(UTC)
    except OverflowError:  # UTC has no such year: nothing ever happened beyond either end
        return EARLIEST if moment.year == 1 else LATEST
    except ValidationError:
        detail = f"{pointer[1:]} is a time with an offset, as 2026-11-22T14:00:00Z{otherwise}."
        raise invalid(pointer, detail) from None


def position_named(pointer: str, text: str) -> int:
    if not POSITION.fullmatch(text):
        raise invalid(pointer, f"{pointer[1:]} is a position of the log, as answers give it in Folio-Position.")
    return int(text)
