"""Section 4: deleting a bill removes it from every view, the log keeps it."""

import pytest

from services.billing.bill import BillDeleted
from services.billing.errors import InvalidState, NotFound
from tests.unit.given import UNKNOWN, Hotel, paid


def test_a_deleted_bill_is_not_found(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.delete_bill(bill)
    with hotel.refuses(NotFound, "/billId"):
        hotel.update_bill(bill, name="Minibar")


def test_the_log_keeps_a_deleted_bill(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    before = hotel.store.log
    hotel.delete_bill(bill)
    assert hotel.store.log[:-1] == before
    assert isinstance(hotel.store.events[-1], BillDeleted)


def test_a_deleted_bill_takes_its_balance_and_total_along(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, balance_amount=40)
    [deleted] = hotel.events_of(lambda: hotel.delete_bill(bill))
    assert isinstance(deleted, BillDeleted)
    assert (deleted.balance_effect, deleted.total_effect) == (-40, -100)


def test_a_bill_with_a_live_payment_cannot_be_deleted(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.pay(bill)
    with hotel.refuses(InvalidState):
        hotel.delete_bill(bill)


def test_a_bill_whose_payments_are_all_cancelled_can_be_deleted(hotel: Hotel) -> None:
    bill = hotel.add_bill(payments=(paid(30),))
    hotel.cancel_payment(next(iter(bill.payments)))
    hotel.delete_bill(bill)
    assert hotel.bill(bill).deleted


def test_a_bill_whose_payments_are_all_deleted_can_be_deleted(hotel: Hotel) -> None:
    bill = hotel.add_bill(payments=(paid(30),))
    hotel.delete_payment(next(iter(bill.payments)))
    hotel.delete_bill(bill)
    assert hotel.bill(bill).deleted


@pytest.mark.parametrize("side", [0, 1])
def test_neither_side_of_a_settlement_can_be_deleted(hotel: Hotel, side: int) -> None:
    sides = hotel.add_bill(total=0), hotel.add_bill(total=100)
    hotel.settle(sides[0], (sides[1], 100))
    with hotel.refuses(InvalidState):
        hotel.delete_bill(sides[side])


def test_a_transferred_bill_cannot_be_deleted(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.transfer(bill)
    with hotel.refuses(InvalidState):
        hotel.delete_bill(bill)


def test_the_bill_that_a_transfer_made_can_be_deleted(hotel: Hotel) -> None:
    [moved] = hotel.transfer(hotel.add_bill())
    hotel.delete_bill(moved)
    assert hotel.bill(moved).deleted


def test_a_bill_of_which_a_part_moved_away_can_be_deleted(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    hotel.transfer((bill, 40))
    [deleted] = hotel.events_of(lambda: hotel.delete_bill(bill))
    assert isinstance(deleted, BillDeleted)
    assert (deleted.balance_effect, deleted.total_effect) == (-60, -60)


def test_a_cancelled_bill_can_be_deleted(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, balance_amount=40)
    hotel.cancel_bill(bill)
    [deleted] = hotel.events_of(lambda: hotel.delete_bill(bill))
    assert isinstance(deleted, BillDeleted)
    assert (deleted.balance_effect, deleted.total_effect) == (60, 0)


def test_a_cancelled_bill_with_a_live_payment_cannot_be_deleted(hotel: Hotel) -> None:
    bill = hotel.add_bill(payments=(paid(30),))
    hotel.cancel_bill(bill)
    with hotel.refuses(InvalidState):
        hotel.delete_bill(bill)


def test_a_bill_that_does_not_exist_is_not_found(hotel: Hotel) -> None:
    with hotel.refuses(NotFound, "/billId"):
        hotel.delete_bill(UNKNOWN)


def test_a_bill_cannot_be_deleted_twice(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.delete_bill(bill)
    with hotel.refuses(NotFound, "/billId"):
        hotel.delete_bill(bill)


def test_the_payments_of_a_deleted_bill_are_not_found(hotel: Hotel) -> None:
    bill = hotel.add_bill(payments=(paid(30),))
    [payment] = bill.payments
    hotel.cancel_payment(payment)
    hotel.delete_bill(bill)
    with hotel.refuses(NotFound, "/paymentId"):
        hotel.delete_payment(payment)


def test_a_deleted_bill_takes_no_settlement_and_no_transfer(hotel: Hotel) -> None:
    payer, gone = hotel.add_bill(), hotel.add_bill()
    hotel.delete_bill(gone)
    with hotel.refuses(NotFound, "/settlements/0/targetBillId"):
        hotel.settle(payer, (gone, 1))
    with hotel.refuses(NotFound, "/billId"):
        hotel.settle(gone, (payer, 1))
    with hotel.refuses(NotFound, "/bills/0/id"):
        hotel.transfer(gone)
