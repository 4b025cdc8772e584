"""Any history of a bill's payments: what is in effect at any time is what a small independent model says."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.billing.bill import Bill
from tests.properties.profile import tried
from tests.unit.given import NOON_IN_SEOUL, Hotel, effective_bill

MINUTE = timedelta(minutes=1)
ACTIONS = ("pay", "pay", "pay", "correct", "correct", "cancel", "delete", "charge")
minutes = st.integers(-40, 60)
actions = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(0, 9), st.integers(1, 9), minutes, st.booleans()), max_size=14
)


@dataclass
class Told:
    """A payment as the model has heard of it: its last amount and time, and when it ended."""

    amount: int
    paid_at: datetime
    applied: bool
    cancelled: datetime | None = None
    deleted: datetime | None = None

    def there(self, at: datetime) -> bool:
        """Whether it is seen."""
        return self.paid_at <= at and (self.deleted is None or self.deleted > at)

    def counts(self, at: datetime) -> bool:
        """Whether its money is there."""
        return self.there(at) and (self.cancelled is None or self.cancelled > at)


@dataclass
class Book:
    """What the model remembers: charges by their time, and payments."""

    charges: list[tuple[datetime, int]] = field(default_factory=list)
    payments: dict[str, Told] = field(default_factory=dict)

    def at(self, at: datetime) -> tuple[int, list[str], list[str]]:
        """The balance, the payments that are seen, and those whose money is there."""
        there = [each for each, told in self.payments.items() if told.there(at)]
        live = [each for each in there if self.payments[each].counts(at)]
        paid = sum(self.payments[each].amount for each in live if self.payments[each].applied)
        return sum(amount for moment, amount in self.charges if moment <= at) - paid, there, live


def played(steps: list[tuple[str, int, int, int, bool]]) -> tuple[Hotel, Bill, Book]:
    """Carry them out, a minute apart, and tell the model."""
    hotel, book = Hotel(), Book()
    bill = hotel.add_bill(total=100)
    book.charges.append((hotel.bill(bill).created_on, 100))
    for number, (action, target, amount, paid, applied) in enumerate(steps, 1):
        hotel.now = NOON_IN_SEOUL + number * MINUTE
        paid_at = NOON_IN_SEOUL + paid * MINUTE
        open_ = [each for each, told in book.payments.items() if told.cancelled is None and told.deleted is None]
        chosen = open_[target % len(open_)] if open_ else None
        if action == "pay":
            made = hotel.pay(bill, amount, applied=applied, paid_at=paid_at)
            book.payments[made.id] = Told(amount, paid_at, applied)
        elif action == "charge":
            hotel.update_bill(bill, total=hotel.bill(bill).total_amount + amount)
            book.charges.append((hotel.bill(bill).modified_on, amount))
        elif chosen is None:
            continue
        elif action == "correct":
            hotel.update_payment(chosen, amount=amount, paid_at=paid_at if applied else None)
            told = book.payments[chosen]
            told.amount, told.paid_at = amount, paid_at if applied else told.paid_at
        elif action == "cancel":
            book.payments[chosen].cancelled = hotel.cancel_payment(chosen).cancelled_at
        else:
            hotel.delete_payment(chosen)
            book.payments[chosen].deleted = hotel.bill(bill).modified_on
    return hotel, bill, book


@tried(200)
@given(actions)
def test_a_bill_is_in_effect_at_any_time_what_the_model_says(steps: list[tuple[str, int, int, int, bool]]) -> None:
    hotel, bill, book = played(steps)
    events = hotel.store.stream(bill.id)
    for minute in range(-41, 62, 3):
        for at in (NOON_IN_SEOUL + minute * MINUTE, NOON_IN_SEOUL + minute * MINUTE - timedelta(microseconds=1)):
            then = effective_bill(events, at)
            live = [payment.id for payment in then.payments.values() if payment.live]
            assert (then.balance_amount, list(then.payments), live) == book.at(at), at
            assert then.deleted == (at < book.charges[0][0])
