"""Section 3: OPEN, SETTLED, TRANSFERRED, CANCELLED."""

import pytest

from tests.unit.given import Hotel, paid


@pytest.mark.parametrize("balance", [-1, 1, 100_000])
def test_a_bill_with_a_balance_either_way_is_open(hotel: Hotel, balance: int) -> None:
    assert hotel.add_bill(balance_amount=balance).status == "OPEN"


def test_a_bill_that_owes_nothing_is_settled(hotel: Hotel) -> None:
    assert hotel.add_bill(balance_amount=0).status == "SETTLED"


def test_a_bill_of_nothing_is_settled_from_the_start(hotel: Hotel) -> None:
    assert hotel.add_bill(total=0).status == "SETTLED"


def test_a_bill_that_is_paid_up_is_settled_and_open_again_when_the_money_goes_back(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(100),))
    assert bill.status == "SETTLED"
    hotel.cancel_payment(next(iter(bill.payments)))
    assert hotel.bill(bill).status == "OPEN"


def test_a_settled_bill_takes_commands_as_an_open_one_does(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, balance_amount=0)
    hotel.pay(bill, 10)
    assert hotel.update_bill(bill, total=150).status == "OPEN"


def test_a_bill_that_was_settled_by_another_is_settled(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(total=0), hotel.add_bill(total=80)
    hotel.settle(payer, (target, 80))
    assert (hotel.bill(payer).status, hotel.bill(target).status) == ("OPEN", "SETTLED")


def test_a_bill_that_moved_whole_is_transferred_and_the_new_one_is_open(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    [moved] = hotel.transfer(bill)
    assert (hotel.bill(bill).status, moved.status) == ("TRANSFERRED", "OPEN")


def test_a_bill_that_moved_in_part_stays_open(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    hotel.transfer((bill, 40))
    assert hotel.bill(bill).status == "OPEN"


def test_a_bill_that_moved_within_its_folio_stays_open(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    [moved] = hotel.transfer(bill, to="FOLIO-1", reservation="RES-2")
    assert (moved.id, moved.status) == (bill.id, "OPEN")


@pytest.mark.parametrize("balance", [0, 100, 130])
def test_a_cancelled_bill_is_cancelled_whatever_its_balance(hotel: Hotel, balance: int) -> None:
    bill = hotel.add_bill(total=100, balance_amount=balance)
    assert hotel.cancel_bill(bill).status == "CANCELLED"
    assert hotel.bill(bill).balance_amount == balance - 100


def test_a_transferred_bill_stays_transferred_when_its_payments_go_back(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30),))
    hotel.transfer(bill)
    hotel.cancel_payment(next(iter(bill.payments)))
    assert (hotel.bill(bill).status, hotel.bill(bill).balance_amount) == ("TRANSFERRED", 30)
