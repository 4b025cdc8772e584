"""The history of a folio or a bill: an entry per event, how a balance came about, what changed between two points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from projections import folios
from projections.reading import Freshness, Reader
from services.access import AUDIT_ROLES, Caller
from services.billing.business_day import BusinessDays
from services.billing.event import LedgerEvent
from services.billing.feed import PlacedEvent
from services.billing.ids import folio_stream
from services.billing.views import View
from services.collection.payment_request import PaymentRequested
from services.desk.cloud_events import TOPICS, event_data
from services.desk.journal import Journal, Step, Wanted, steps
from services.desk.links import Callbacks, Links, callback_digests
from services.desk.lookups import Found, Page, one
from services.desk.pages import cursor_of
from services.desk.past import Past, PointInLog, gone, parsed_time
from services.desk.problems import Problem, invalid
from services.desk.requests import ACTOR_LENGTH_MAX
from services.desk.sentences import sentence_of
from services.turns import in_turns

EVENTS_MAX = 10_000
"""Events that one explanation or one difference tells of."""


@dataclass(frozen=True)
class Subject:
    """What is asked about: a folio, or one bill of it."""

    kind: Literal["folio", "bill"]
    id: str

    @property
    def stream(self) -> str:
        """Where its own events are."""
        return folio_stream(self.id) if self.kind == "folio" else self.id


@dataclass(frozen=True)
class HistoryFilter:
    """Which events, None for any: after a position, of a span of time (`since` included, `until` not), by an actor
    (the PMS user or the key's name), of a topic.
    """

    after: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    topic: str | None = None

    def takes(self, placed: PlacedEvent) -> bool:
        """Whether an event is asked for."""
        event = placed.event
        return (
            (self.after is None or placed.position > self.after)
            and (self.since is None or event.timestamp >= self.since)
            and (self.until is None or event.timestamp < self.until)
            and (self.actor is None or self.actor in {event.user, event.key})
            and (self.topic is None or self.topic == event.TOPIC)
        )


def history_filter(
    since: str | None, until: str | None, actor: str | None, topic: str | None, after: int | None
) -> HistoryFilter:
    """The filter; `after` is the position in the cursor. Raises Problem for a wrong time, actor or topic."""
    start = None if since is None else parsed_time("/from", since)
    end = None if until is None else parsed_time("/to", until)
    if start is not None and end is not None and start > end:
        raise invalid("/from", "from lies later than to; turn them round.")
    if actor is not None and not (1 <= len(actor) <= ACTOR_LENGTH_MAX and actor.isprintable()):
        form = f"1 to {ACTOR_LENGTH_MAX} printable characters"
        raise invalid("/actor", f"actor is a PMS user or the name of a key, {form}.")
    if topic is not None and topic not in TOPICS:
        raise invalid("/event", f"event is one of {', '.join(TOPICS)}.")
    return HistoryFilter(after, start, end, actor, topic)


class History:
    """Answers from the log; read models say only which streams belong to a folio.

    All raise NotCaughtUp and StoreUnavailable, and Problem when the caller sees no such thing.
    """

    def __init__(self, reader: Reader, past: Past, callbacks: Callbacks) -> None:
        self.past = past
        self._reader = reader
        self._callbacks = callbacks

    async def page(
        self, subject: Subject, wanted: HistoryFilter, limit: int, caller: Caller, freshness: Freshness
    ) -> Page:
        """A page of entries, oldest first. Balances are right under any filter."""
        streams, position = await self.streams(subject, caller, freshness)
        head, _ = await self.past.log.head()
        events = await self.past.log.events_of(streams, head)
        concerns = await _concerning(subject, events)

        def asked_for(placed: PlacedEvent) -> bool:
            return placed.position <= position and wanted.takes(placed) and concerns(placed)

        found: list[Step] = []
        async for step in steps(events, asked_for):
            found.append(step)
            if len(found) > limit:
                break
        shown = found[:limit]
        views = await self._entries(shown, events, head, caller)
        return Page(views, [cursor_of(step.position) for step in shown], len(found) > limit, position)

    async def explain(
        self, subject: Subject, point: PointInLog | None, caller: Caller, freshness: Freshness
    ) -> Found[View]:
        """How the balance of a folio or a bill came about: every event with an effect on it."""
        until = None if point is None else await self.past.position(point)
        streams, position = await self.streams(subject, caller, freshness, until)
        of_subject = streams if subject.kind == "folio" else [subject.stream]
        await self.check_count(of_subject, 0, position, with_effect=True)
        events = await self.past.log.events_of(streams, position)
        days = await self.past.days_of(events, events)
        journal, concerns, items = Journal(), await _concerning(subject, events), []
        async for step in steps(events, concerns, journal):
            balance = step.folio_balance if subject.kind == "folio" else step.bill_balance
            if balance is not None and balance.effect:
                items.append({**_brief(step, days), "effect": balance.effect, "runningBalance": balance.after})
        await self._check_there(subject, journal, events, caller)
        bill = journal.bill(subject.id) if subject.kind == "bill" else None
        assert journal.folio is not None
        view = {
            "folioId": journal.folio.folio_id,
            "billId": None if bill is None else bill.id,
            "currency": journal.folio.currency,
            "balanceAmount": journal.balance if bill is None else bill.balance_amount,
            "items": items,
        }
        return Found(view, position, large=True)

    async def streams(
        self, subject: Subject, caller: Caller, freshness: Freshness, until: int | None = None
    ) -> tuple[list[str], int]:
        """The streams of everything on the folio up to a position, by default now, and that position."""
        folio_id, bill_id = (subject.id, None) if subject.kind == "folio" else (None, subject.id)
        fresh = freshness.at_least(until or 0)
        answer = await folios.streams_of_folio(self._reader, folio_id, bill_id, caller.sees, fresh)
        row = one(answer, subject.kind, subject.id)
        position = answer.position if until is None else until
        return [folio_stream(row["folio_id"]), *row["bills"], *row["payment_requests"]], position

    async def check_count(self, streams: Sequence[str], after: int, until: int, *, with_effect: bool = False) -> None:
        """Raise Problem when there is more to tell than one answer holds, before any of it is loaded."""
        most = EVENTS_MAX + 1
        if await self.past.log.count_of(streams, after, until, most, with_effect=with_effect) == most:
            detail = f"There are more than {EVENTS_MAX} events to tell of; ask for the history, page by page."
            raise Problem("INVALID_PARAMETER", detail)

    async def _check_there(
        self, subject: Subject, journal: Journal, events: Sequence[PlacedEvent], caller: Caller
    ) -> None:
        bill = journal.bill(subject.id) if subject.kind == "bill" else None
        if journal.folio is None or (subject.kind == "bill" and bill is None):
            raise await self.past.not_there(subject.kind, subject.id, subject.stream, caller)
        if bill is not None and bill.deleted:
            raise gone(bill.id, [placed.event for placed in events if placed.event.originator_id == bill.id])

    async def _entries(
        self, shown: Sequence[Step], events: Sequence[PlacedEvent], head: int, caller: Caller
    ) -> list[View]:
        """The steps with where they lead and what they rest on, found among all events that the log has at `head`."""
        days = await self.past.days_of([step.placed for step in shown], events)
        links = Links(events, head)
        await links.look_up(shown, self.past.log)
        digests, may_have = await callback_digests(events), caller.role in AUDIT_ROLES
        rests_on = {step.position: digests.get((step.payment_request_id or "", step.recorded_at)) for step in shown}
        received = await self._callbacks.received({digest for digest in rests_on.values() if digest is not None})
        entries = []
        for step in shown:
            digest = rests_on[step.position]
            number, received_at = received.get(digest or "", (None, None))
            callback = {"number": number, "receivedAt": received_at, "sha256": digest if may_have else None}
            entries.append(
                {**entry(step, days), "links": links.of(step), "callback": None if digest is None else callback}
            )
        return entries


def entry(step: Step, days: BusinessDays) -> View:
    """An event as the history shows it, on its business day, without where it leads."""
    event = step.event
    return {
        **_recorded(step, days),
        **ids_of(step),
        "actor": {"by": event.by, "key": event.key, "user": event.user},
        "reason": event.reason,
        "requestId": event.request_id,
        "changes": [change.view for change in step.changes],
        "billBalance": None if step.bill_balance is None else step.bill_balance.view,
        "folioBalance": step.folio_balance.view,
        "data": event_data(event),
    }


def ids_of(step: Step) -> View:
    """What an event is about."""
    return {
        "billId": None if step.bill is None else step.bill.id,
        "billCode": None if step.bill is None else step.bill.code,
        "paymentId": getattr(step.event, "payment_id", None),
        "paymentRequestId": step.payment_request_id,
    }


def _recorded(step: Step, days: BusinessDays) -> View:
    return {
        "position": step.position,
        "recordedAt": step.recorded_at,
        "businessDate": days.business_date(step.position, step.recorded_at),
        "event": step.event.TOPIC,
    }


def _brief(step: Step, days: BusinessDays) -> View:
    return {
        **_recorded(step, days),
        "billId": None if step.bill is None else step.bill.id,
        "sentence": sentence_of(step),
    }


async def _concerning(subject: Subject, events: Sequence[PlacedEvent]) -> Wanted:
    """Which events of the folio are the subject's: of a bill its own, and those of what guests were asked for it."""
    if subject.kind == "folio":
        return lambda placed: True
    requests = {each.event.originator_id async for each in in_turns(events) if _asks_for(each.event, subject.id)}
    return lambda placed: placed.event.originator_id == subject.id or placed.event.originator_id in requests


def _asks_for(event: LedgerEvent, bill_id: str) -> bool:
    return isinstance(event, PaymentRequested) and event.asked.bill_id == bill_id
