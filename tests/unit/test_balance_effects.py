"""Section 3: the table of what each event does to the balance; every event says itself by how much."""

from collections.abc import Callable

import pytest

from services.billing.bill import Bill, BillAdded, BillUpdated, Cancelled
from services.billing.event import BillEvent
from services.billing.payment import PaymentCancelled, PaymentDeleted, PaymentRecorded, PaymentUpdated
from services.billing.settlement import Settled
from services.billing.transfer import BillTransferred
from tests.unit.given import Hotel, paid

Given = Callable[[Hotel], Bill]
When = Callable[[Hotel, Bill], object]


def unpaid(hotel: Hotel) -> Bill:
    """A bill of 100 that nothing was paid on."""
    return hotel.add_bill(total=100)


def with_applied(hotel: Hotel) -> Bill:
    """A bill of 100 with an applied payment of 30."""
    return hotel.add_bill(total=100, payments=(paid(30),))


def with_unapplied(hotel: Hotel) -> Bill:
    """A bill of 100 with a payment of 30 that was not applied."""
    bill = hotel.add_bill(total=100)
    hotel.pay(bill, 30)
    return hotel.bill(bill)


def with_applied_and_cancelled(hotel: Hotel) -> Bill:
    """A bill of 100 whose applied payment of 30 was cancelled."""
    bill = with_applied(hotel)
    hotel.cancel_payment(payment_of(bill))
    return hotel.bill(bill)


def payment_of(bill: Bill) -> str:
    """The id of the bill's only payment."""
    [payment] = bill.payments
    return payment


TABLE: list[tuple[str, Given, When, type[BillEvent], int, int]] = [
    ("an applied payment", unpaid, lambda h, b: h.pay(b, 30, applied=True), PaymentRecorded, -30, 70),
    ("a payment not applied", unpaid, lambda h, b: h.pay(b, 30), PaymentRecorded, 0, 100),
    ("a payment said not to be applied", unpaid, lambda h, b: h.pay(b, 30, applied=False), PaymentRecorded, 0, 100),
    ("an applied payment of more than is owed", unpaid, lambda h, b: h.pay(b, 130, applied=True),
     PaymentRecorded, -130, -30),
    ("a higher applied payment", with_applied, lambda h, b: h.update_payment(payment_of(b), amount=50),
     PaymentUpdated, -20, 50),
    ("a lower applied payment", with_applied, lambda h, b: h.update_payment(payment_of(b), amount=10),
     PaymentUpdated, 20, 90),
    ("another method of an applied payment", with_applied,
     lambda h, b: h.update_payment(payment_of(b), method="CASH"), PaymentUpdated, 0, 70),
    ("a higher payment not applied", with_unapplied, lambda h, b: h.update_payment(payment_of(b), amount=50),
     PaymentUpdated, 0, 100),
    ("a cancelled applied payment", with_applied, lambda h, b: h.cancel_payment(payment_of(b)),
     PaymentCancelled, 30, 100),
    ("a cancelled payment not applied", with_unapplied, lambda h, b: h.cancel_payment(payment_of(b)),
     PaymentCancelled, 0, 100),
    ("a deleted applied payment", with_applied, lambda h, b: h.delete_payment(payment_of(b)),
     PaymentDeleted, 30, 100),
    ("a deleted payment not applied", with_unapplied, lambda h, b: h.delete_payment(payment_of(b)),
     PaymentDeleted, 0, 100),
    ("a deleted payment that was cancelled before", with_applied_and_cancelled,
     lambda h, b: h.delete_payment(payment_of(b)), PaymentDeleted, 0, 100),
    ("a stated balance", with_applied, lambda h, b: h.update_bill(b, balance=5), BillUpdated, -65, 5),
    ("a higher total alone", with_applied, lambda h, b: h.update_bill(b, total=120), BillUpdated, 20, 90),
    ("a lower total alone", with_applied, lambda h, b: h.update_bill(b, total=80), BillUpdated, -20, 50),
    ("a total with a balance", with_applied, lambda h, b: h.update_bill(b, total=120, balance=5),
     BillUpdated, -65, 5),
    ("a name alone", with_applied, lambda h, b: h.update_bill(b, name="Minibar"), BillUpdated, 0, 70),
    ("a cancelled bill", unpaid, lambda h, b: h.cancel_bill(b), Cancelled, -100, 0),
    ("a cancelled bill with money on it", with_applied, lambda h, b: h.cancel_bill(b), Cancelled, -100, -30),
    ("a bill transferred away whole", with_applied, lambda h, b: h.transfer(b), BillTransferred, -70, 0),
    ("a bill transferred away in part", with_applied, lambda h, b: h.transfer((b, 20)), BillTransferred, -20, 50),
]  # fmt: skip


@pytest.mark.parametrize(("given", "when", "kind", "effect", "balance"), [row[1:] for row in TABLE],
                         ids=[row[0].replace(" ", "-") for row in TABLE])  # fmt: skip
def test_each_event_moves_the_balance_by_what_it_says(
    hotel: Hotel, given: Given, when: When, kind: type[BillEvent], effect: int, balance: int
) -> None:
    bill = given(hotel)
    events = hotel.events_of(lambda: when(hotel, bill))
    [event] = [event for event in events if type(event) is kind and event.originator_id == bill.id]
    assert isinstance(event, BillEvent)
    assert event.balance_effect == effect
    assert hotel.bill(bill).balance_amount == balance


def test_a_bill_starts_with_its_total_as_balance(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    [added] = [event for event in hotel.store.events if isinstance(event, BillAdded)]
    assert (added.balance_effect, bill.balance_amount) == (100, 100)


@pytest.mark.parametrize("balance", [-50, 0, 40, 100, 250])
def test_a_bill_starts_with_the_balance_that_is_given(hotel: Hotel, balance: int) -> None:
    bill = hotel.add_bill(total=100, balance_amount=balance)
    assert (hotel.bill(bill).total_amount, hotel.bill(bill).balance_amount) == (100, balance)


def test_a_settlement_moves_the_balance_of_both_bills(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(total=100), hotel.add_bill(total=80)
    events = hotel.events_of(lambda: hotel.settle(payer, (target, 30)))
    effects = {event.originator_id: event.balance_effect for event in events if isinstance(event, Settled)}
    assert effects == {target.id: -30, payer.id: +30}
    assert (hotel.bill(payer).balance_amount, hotel.bill(target).balance_amount) == (130, 50)


def test_the_bill_that_a_transfer_makes_starts_with_the_balance_that_moved(hotel: Hotel) -> None:
    [moved] = hotel.transfer(with_applied(hotel))
    assert (moved.total_amount, moved.balance_amount) == (100, 70)


def test_credit_is_a_negative_balance(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=0, payments=(paid(30),))
    assert hotel.bill(bill).balance_amount == -30
