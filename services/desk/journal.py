"""A folio told event by event: what each has changed, and what its bill and the folio owed before it and after."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.billing.bill import Bill
from services.billing.event import BillEvent, LedgerEvent
from services.billing.feed import PlacedEvent
from services.billing.folio import Folio
from services.billing.payment import Payment
from services.billing.settlement import Settled
from services.billing.views import View
from services.collection.payment_request import PaymentRequest
from services.desk.changes import Change, changes_between, payment_of, shown_of
from services.turns import in_turns

Wanted = Callable[[PlacedEvent], bool]


@dataclass(frozen=True)
class Balance:
    """What was owed before an event and after it, in minor units."""

    before: int
    after: int

    @property
    def effect(self) -> int:
        """What the event has added to it."""
        return self.after - self.before

    @property
    def view(self) -> View:
        """As every interface shows it."""
        return {"before": self.before, "after": self.after, "effect": self.effect}


@dataclass(frozen=True)
class NamedBill:
    """A bill as it was called when an event happened."""

    id: str
    code: str
    name: str


@dataclass(frozen=True)
class Step:
    """An event in the life of a folio. `bill` is the one that it is of, or that its payment request is for.

    `payment` is as the event left it, or as it was before it was deleted. `counterpart` is the other bill of a
    settlement. `changes` are there only if they were asked for.
    """

    placed: PlacedEvent
    currency: str
    bill: NamedBill | None
    payment: Payment | None
    payment_request_id: str | None
    counterpart: NamedBill | None
    bill_balance: Balance | None
    folio_balance: Balance
    changes: Sequence[Change]

    @property
    def event(self) -> LedgerEvent:
        """The event itself."""
        return self.placed.event

    @property
    def position(self) -> int:
        """Where it is in the log."""
        return self.placed.position

    @property
    def recorded_at(self) -> datetime:
        """When it was recorded."""
        return self.placed.event.timestamp


class Journal:
    """The things of a folio as the events so far have left them."""

    def __init__(self) -> None:
        self.folio: Folio | None = None
        self.balance = 0
        self._things: dict[str, Any] = {}

    def bill(self, bill_id: str) -> Bill | None:
        """A bill of the folio, deleted or not; None before it was posted."""
        thing = self._things.get(bill_id)
        return thing if isinstance(thing, Bill) else None

    def take(self, placed: PlacedEvent, *, with_changes: bool = True) -> Step:
        """Apply the next event of the folio, and tell what it did."""
        event, stream = placed.event, placed.event.originator_id
        thing = self._things.get(stream)
        before = shown_of(thing, event) if with_changes else {}
        paid_before = payment_of(thing, event) if isinstance(thing, Bill) else None
        owed_before = thing.balance_amount if isinstance(thing, Bill) else 0
        thing = self._things[stream] = event.mutate(thing)
        if isinstance(thing, Folio):
            self.folio = thing
        bill = self._bill_of(thing)
        owes = None if bill is None else bill.balance_amount
        balance = None if owes is None else Balance(owed_before if isinstance(event, BillEvent) else owes, owes)
        owed = self.balance
        self.balance += 0 if balance is None else balance.effect
        payment = payment_of(bill, event) or paid_before
        return Step(
            placed=placed,
            currency="" if self.folio is None else self.folio.currency,
            bill=None if bill is None else NamedBill(bill.id, bill.bill_code, bill.name),
            payment=payment,
            payment_request_id=_request_of(thing, event, payment),
            counterpart=self._counterpart(event),
            bill_balance=balance,
            folio_balance=Balance(owed, self.balance),
            changes=changes_between(before, shown_of(thing, event), event) if with_changes else (),
        )

    def _bill_of(self, thing: Any) -> Bill | None:
        if isinstance(thing, PaymentRequest):
            return self.bill(thing.asked.bill_id)
        return thing if isinstance(thing, Bill) else None

    def _counterpart(self, event: LedgerEvent) -> NamedBill | None:
        if not isinstance(event, Settled):
            return None
        other = self.bill(event.target_bill_id if event.on_paying_bill else event.payment_bill_id)
        return None if other is None else NamedBill(other.id, other.bill_code, other.name)


def _request_of(thing: Any, event: LedgerEvent, payment: Payment | None) -> str | None:
    if isinstance(thing, PaymentRequest):
        return thing.id
    of_payment = None if payment is None else payment.payment_request_id
    found: str | None = getattr(event, "payment_request_id", None)
    return found or of_payment


async def steps(events: Sequence[PlacedEvent], wanted: Wanted, journal: Journal | None = None) -> AsyncIterator[Step]:
    """The wanted ones of a folio's events (all of them, in their order), each with what it did.

    Balances are right whichever are wanted. Others in this process have their turn now and then.
    """
    journal = journal or Journal()
    async for placed in in_turns(events):
        is_wanted = wanted(placed)
        step = journal.take(placed, with_changes=is_wanted)
        if is_wanted:
            yield step
