"""Section 3: what each event does to the sum of totals over the live bills of a folio."""

from collections.abc import Callable

import pytest

from services.billing.bill import Bill
from services.billing.event import BillEvent
from tests.unit.given import Hotel, paid

When = Callable[[Hotel, Bill], object]


def cancel_and_delete(hotel: Hotel, bill: Bill) -> None:
    """Cancel the bill, then delete it."""
    hotel.cancel_bill(bill)
    hotel.delete_bill(bill)


TABLE: dict[str, tuple[When, list[int]]] = {
    "a payment": (lambda h, b: h.pay(b, 30, applied=True), [0]),
    "a balance alone": (lambda h, b: h.update_bill(b, balance=7), [0]),
    "a name alone": (lambda h, b: h.update_bill(b, name="Minibar"), [0]),
    "a higher total": (lambda h, b: h.update_bill(b, total=120), [20]),
    "a total with a balance": (lambda h, b: h.update_bill(b, total=80, balance=7), [-20]),
    "a cancelled bill": (lambda h, b: h.cancel_bill(b), [-100]),
    "a bill cancelled with another total": (lambda h, b: h.cancel_bill(b, total=80), [-20, -80]),
    "a deleted bill": (lambda h, b: h.delete_bill(b), [-100]),
    "a cancelled bill that is deleted": (cancel_and_delete, [-100, 0]),
    "a bill transferred away whole": (lambda h, b: h.transfer(b), [-100]),
    "a bill transferred away in part": (lambda h, b: h.transfer((b, 40)), [-40]),
    "another reservation": (lambda h, b: h.transfer(b, to="FOLIO-1", reservation="RES-2"), [0]),
    "a settlement from it": (lambda h, b: h.settle(b, (h.add_bill(), 10)), [0]),
    "a settlement of it": (lambda h, b: h.settle(h.add_bill(), (b, 10)), [0]),
}


@pytest.mark.parametrize(("when", "effects"), TABLE.values(), ids=[name.replace(" ", "-") for name in TABLE])
def test_each_event_of_a_bill_says_what_it_does_to_the_total(hotel: Hotel, when: When, effects: list[int]) -> None:
    bill = hotel.add_bill(total=100, balance_amount=60)
    events = [event for event in hotel.events_of(lambda: when(hotel, bill)) if event.originator_id == bill.id]
    assert [event.total_effect for event in events if isinstance(event, BillEvent)] == effects
    found = hotel.bill(bill)
    assert 100 + sum(effects) == (found.total_amount if found.live else 0)


def test_payments_that_come_and_go_leave_the_total(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30),))
    [payment] = bill.payments
    for change in (lambda: hotel.update_payment(payment, amount=50), lambda: hotel.cancel_payment(payment)):
        [event] = hotel.events_of(change)
        assert isinstance(event, BillEvent)
        assert event.total_effect == 0
    hotel.delete_payment(payment)
    assert hotel.bill(bill).total_amount == 100


def test_the_bill_that_a_transfer_makes_adds_the_total_that_moved(hotel: Hotel) -> None:
    [part] = hotel.transfer((hotel.add_bill(total=100), 40))
    [added] = hotel.store.stream(part.id)
    assert isinstance(added, BillEvent)
    assert added.total_effect == 40
