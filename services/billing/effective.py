"""A bill as it stood at a time by when things took effect, instead of by when they were recorded.

A payment as it is known (after its corrections) stands from its `paid_at` on; its cancellation and its deletion take
effect when they were recorded. A payment that is not effective yet is not there, whatever has happened to it since.
Everything else takes effect when it was recorded.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from services.billing.bill import Bill, BillAdded
from services.billing.event import BillEvent, LedgerEvent
from services.billing.payment import PaymentCancelled, PaymentDeleted, PaymentRecorded, PaymentUpdated

Event = TypeVar("Event", bound=LedgerEvent)

PAYMENT_VALUES = ("payment_method", "amount", "paid_at", "virtual_accounts")


class InEffect:
    """What the known events of folios and bills make at a time: `learn` all of them first, then `take` each in order.

    Before it was posted a bill is like a deleted one: in no view, while money paid for it counts in its folio. Its
    version counts the events that are in effect, so that it is the bill's own version once all of them are.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.things: dict[str, Any] = {}
        self._known: dict[str, PaymentRecorded | PaymentUpdated] = {}

    @property
    def money_since(self) -> datetime | None:
        """When the first money was paid, as far as is learned, None without any."""
        return min((payment.paid_at for payment in self._known.values()), default=None)

    def learn(self, event: LedgerEvent) -> None:
        """Keep the last word about each payment."""
        if isinstance(event, PaymentRecorded | PaymentUpdated):
            self._known[event.payment_id] = event

    def take(self, event: LedgerEvent) -> None:
        """Apply the event as far as it is in effect."""
        effective = self._effective(event) if isinstance(event, BillEvent) else event
        if effective is None:
            return
        thing = self.things.get(event.originator_id)
        version = 1 if thing is None else thing.version + 1
        thing = self.things[event.originator_id] = _with(effective, originator_version=version).mutate(thing)
        if isinstance(thing, Bill):
            thing.deleted = thing.deleted or thing.created_on > self.at

    def _effective(self, event: BillEvent) -> BillEvent | None:
        """The event as it counts, None when it does not."""
        if isinstance(event, PaymentRecorded | PaymentUpdated):
            payment = self._known[event.payment_id]
            return _corrected(event, payment) if payment.paid_at <= self.at else None
        if isinstance(event, PaymentCancelled | PaymentDeleted):
            paid = self._known[event.payment_id].paid_at <= self.at
            return event if paid and event.timestamp <= self.at else None
        if event.timestamp <= self.at:
            return event
        return _with(event, balance_effect=0, total_effect=0) if isinstance(event, BillAdded) else None


def _corrected(event: PaymentRecorded | PaymentUpdated, known: PaymentRecorded | PaymentUpdated) -> BillEvent:
    """The event with what is known of the payment; all of its effect goes with its recording."""
    values = {name: getattr(known, name) for name in PAYMENT_VALUES}
    effect = -known.amount if isinstance(event, PaymentRecorded) and event.applied else 0
    return _with(event, balance_effect=effect, **values)


def _with(event: Event, **values: Any) -> Event:
    """The event if it has these values, else a copy that has: most events are as they are known."""
    if all(getattr(event, name) == value for name, value in values.items()):
        return event
    copied: Event = replace(event, **values)  # type: ignore[type-var]  # the library makes dataclasses of events
    return copied
