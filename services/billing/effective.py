"""A bill as it stood at a time by when things took effect, instead of by when they were recorded.

A payment as it is known (after its corrections) stands from its `paid_at` on; its cancellation and its deletion take
effect when they were recorded. A payment that is not effective yet is not there, whatever has happened to it since.
Everything else takes effect when it was recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from eventsourcing.application import project_aggregate

from services.billing.bill import Bill, BillAdded
from services.billing.event import BillEvent
from services.billing.payment import PaymentCancelled, PaymentDeleted, PaymentRecorded, PaymentUpdated

PAYMENT_VALUES = ("payment_method", "amount", "paid_at", "virtual_accounts")


def effective_bill(events: Sequence[BillEvent], at: datetime) -> Bill:
    """The bill that its known events (all from BillAdded on) make at a time.

    Before it was posted it is like a deleted one: in no view, while money paid for it counts in its folio. Its version
    counts the events that are in effect, so that it is the bill's own version once all of them are.
    """
    in_effect = [_with(event, originator_version=number) for number, event in enumerate(_in_effect(events, at), 1)]
    projected: Any = project_aggregate(None, in_effect)
    bill: Bill = projected
    bill.deleted = bill.deleted or events[0].timestamp > at
    return bill


def money_since(events: Sequence[BillEvent]) -> datetime | None:
    """When the first money for the bill was paid, None without any."""
    return min((payment.paid_at for payment in _as_known(events).values()), default=None)


def _in_effect(events: Sequence[BillEvent], at: datetime) -> Iterator[BillEvent]:
    known = _as_known(events)
    for event in events:
        if isinstance(event, PaymentRecorded | PaymentUpdated):
            payment = known[event.payment_id]
            if payment.paid_at <= at:
                yield _corrected(event, payment)
        elif isinstance(event, PaymentCancelled | PaymentDeleted):
            if known[event.payment_id].paid_at <= at and event.timestamp <= at:
                yield event
        elif event.timestamp <= at:
            yield event
        elif isinstance(event, BillAdded):
            yield _with(event, balance_effect=0, total_effect=0)


def _as_known(events: Sequence[BillEvent]) -> dict[str, PaymentRecorded | PaymentUpdated]:
    """The last word about each payment."""
    return {event.payment_id: event for event in events if isinstance(event, PaymentRecorded | PaymentUpdated)}


def _corrected(event: PaymentRecorded | PaymentUpdated, known: PaymentRecorded | PaymentUpdated) -> BillEvent:
    """The event with what is known of the payment; all of its effect goes with its recording."""
    values = {name: getattr(known, name) for name in PAYMENT_VALUES}
    effect = -known.amount if isinstance(event, PaymentRecorded) and event.applied else 0
    return _with(event, balance_effect=effect, **values)


def _with(event: BillEvent, **values: Any) -> BillEvent:
    """The event if it has these values, else a copy that has: most events are as they are known."""
    if all(getattr(event, name) == value for name, value in values.items()):
        return event
    copied: BillEvent = replace(event, **values)  # type: ignore[type-var]  # the library makes dataclasses of events
    return copied
