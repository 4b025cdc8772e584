"""Section 4: adding, updating, cancelling, deleting payments."""

from datetime import timedelta

import pytest

from services.billing.errors import InvalidState, NotFound
from tests.unit.given import PAID_AT, UNKNOWN, Hotel


def test_a_payment_has_what_it_was_recorded_with(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(), 30_000, "MILEAGE", user="jiwoo")
    found = hotel.payment(payment)
    assert found == payment
    assert (found.payment_method, found.amount, found.paid_at, found.paid_by) == ("MILEAGE", 30_000, PAID_AT, "jiwoo")
    assert (found.cancelled_at, found.cancelled_by, found.payment_request_id) == (None, None, None)


def test_only_what_is_given_of_a_payment_changes(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(), 30_000, "CASH", user="jiwoo")
    later = PAID_AT + timedelta(minutes=5)
    updated = hotel.update_payment(payment, paid_at=later, user="minho")
    assert (updated.id, updated.payment_method, updated.amount, updated.paid_at) == (payment.id, "CASH", 30_000, later)
    assert updated.paid_by == "jiwoo"
    assert hotel.payment(payment) == updated


def test_an_update_of_nothing_of_a_payment_records_nothing(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill())
    assert hotel.events_of(lambda: hotel.update_payment(payment)) == []


def test_a_cancelled_payment_stays_visible_and_says_when_and_by_whom(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill())
    hotel.cancel_payment(payment, user="jiwoo")
    found = hotel.payment(payment)
    assert (found.cancelled_at, found.cancelled_by) == (hotel.store.events[-1].timestamp, "jiwoo")
    assert found.amount == payment.amount


def test_a_cancelled_payment_cannot_be_updated(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill())
    hotel.cancel_payment(payment)
    with hotel.refuses(InvalidState):
        hotel.update_payment(payment, amount=1)


def test_a_cancelled_payment_cannot_be_updated_even_to_what_it_is(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill())
    hotel.cancel_payment(payment)
    with hotel.refuses(InvalidState):
        hotel.update_payment(payment)


def test_a_cancelled_payment_cannot_be_cancelled_again(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill())
    hotel.cancel_payment(payment)
    with hotel.refuses(InvalidState):
        hotel.cancel_payment(payment)


def test_a_cancelled_payment_can_be_deleted(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    payment = hotel.pay(bill)
    hotel.cancel_payment(payment)
    assert hotel.delete_payment(payment).payments == {}
    assert hotel.bill(bill).payments == {}


def test_a_live_payment_can_be_deleted(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    kept, deleted = hotel.pay(bill, 10), hotel.pay(bill, 20)
    hotel.delete_payment(deleted)
    assert list(hotel.bill(bill).payments) == [kept.id]


@pytest.mark.parametrize("command", ["update", "cancel", "delete"])
def test_a_deleted_payment_is_not_found(hotel: Hotel, command: str) -> None:
    payment = hotel.pay(hotel.add_bill())
    hotel.delete_payment(payment)
    with hotel.refuses(NotFound, "/paymentId"):
        _call(hotel, command, payment.id)


@pytest.mark.parametrize("command", ["update", "cancel", "delete"])
def test_a_payment_that_never_was_is_not_found(hotel: Hotel, command: str) -> None:
    hotel.add_bill()
    with hotel.refuses(NotFound, "/paymentId"):
        _call(hotel, command, UNKNOWN)


@pytest.mark.parametrize("command", ["update", "cancel", "delete"])
def test_neither_a_bills_id_nor_its_code_is_a_payment(hotel: Hotel, command: str) -> None:
    bill = hotel.add_bill()
    for other in (bill.id, bill.bill_code):
        with hotel.refuses(NotFound, "/paymentId"):
            _call(hotel, command, other)


def test_a_payment_on_a_bill_that_does_not_exist_is_not_found(hotel: Hotel) -> None:
    with hotel.refuses(NotFound, "/billId"):
        hotel.pay(UNKNOWN)


def _call(hotel: Hotel, command: str, payment_id: str) -> None:
    match command:
        case "update":
            hotel.update_payment(payment_id, amount=1)
        case "cancel":
            hotel.cancel_payment(payment_id)
        case _:
            hotel.delete_payment(payment_id)
