"""Sections 3 and 4: a settlement moves debt between two bills of one folio; it brings in no money."""

import pytest

from services.billing.errors import InvalidParameter, NotFound
from services.billing.settlement import Settlement
from tests.unit.given import UNKNOWN, Hotel


def test_both_bills_keep_the_settlement(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(), hotel.add_bill(total=80)
    answered = hotel.settle(payer, (target, 30), user="jiwoo")
    settlement = Settlement(payer.id, target.id, 30, hotel.store.events[-1].timestamp, "jiwoo")
    assert answered.settlements_made == [settlement]
    assert hotel.bill(payer).settlements_made == [settlement]
    assert hotel.bill(target).settlements_received == [settlement]
    assert (hotel.bill(payer).settlements_received, hotel.bill(target).settlements_made) == ([], [])


def test_a_settlement_leaves_totals_and_payments_alone(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(total=100), hotel.add_bill(total=80)
    hotel.settle(payer, (target, 30))
    assert (hotel.bill(payer).total_amount, hotel.bill(target).total_amount) == (100, 80)
    assert (hotel.bill(payer).payments, hotel.bill(target).payments) == ({}, {})


@pytest.mark.parametrize("amount", [1, 79, 80])
def test_a_settlement_is_of_up_to_what_the_target_owes(hotel: Hotel, amount: int) -> None:
    payer, target = hotel.add_bill(total=0), hotel.add_bill(total=80)
    hotel.settle(payer, (target, amount))
    assert (hotel.bill(payer).balance_amount, hotel.bill(target).balance_amount) == (amount, 80 - amount)


def test_a_settlement_of_more_than_the_target_owes_is_refused(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(), hotel.add_bill(total=200, balance_amount=80)
    with hotel.refuses(InvalidParameter, "/settlements/0/settledAmount"):
        hotel.settle(payer, (target, 81))


@pytest.mark.parametrize("balance", [-50, 0])
def test_a_bill_that_owes_nothing_cannot_be_settled(hotel: Hotel, balance: int) -> None:
    payer, target = hotel.add_bill(), hotel.add_bill(balance_amount=balance)
    with hotel.refuses(InvalidParameter, "/settlements/0/settledAmount"):
        hotel.settle(payer, (target, 1))


def test_bills_of_another_folio_cannot_be_settled(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(folio="FOLIO-1"), hotel.add_bill(folio="FOLIO-2")
    with hotel.refuses(InvalidParameter, "/settlements/0/targetBillId"):
        hotel.settle(payer, (target, 1))


def test_a_bill_cannot_settle_itself(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/settlements/0/targetBillId"):
        hotel.settle(bill, (bill, 1))


def test_a_target_that_does_not_exist_is_not_found(hotel: Hotel) -> None:
    payer = hotel.add_bill()
    with hotel.refuses(NotFound, "/settlements/0/targetBillId"):
        hotel.settle(payer, (UNKNOWN, 1))


def test_a_payer_that_does_not_exist_is_not_found(hotel: Hotel) -> None:
    target = hotel.add_bill()
    with hotel.refuses(NotFound, "/billId"):
        hotel.settle(UNKNOWN, (target, 1))


def test_one_bill_may_settle_the_same_target_in_several_parts(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(total=0), hotel.add_bill(total=80)
    hotel.settle(payer, (target, 30), (target, 50))
    assert (hotel.bill(payer).balance_amount, hotel.bill(target).balance_amount) == (80, 0)
    assert [made.settled_amount for made in hotel.bill(payer).settlements_made] == [30, 50]


def test_the_parts_together_are_at_most_what_the_target_owes(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(total=0), hotel.add_bill(total=80)
    with hotel.refuses(InvalidParameter, "/settlements/1/settledAmount"):
        hotel.settle(payer, (target, 30), (target, 51))


def test_settlements_happen_all_or_none(hotel: Hotel) -> None:
    payer, first, second = hotel.add_bill(), hotel.add_bill(), hotel.add_bill(folio="FOLIO-2")
    with hotel.refuses(InvalidParameter, "/settlements/1/targetBillId"):
        hotel.settle(payer, (first, 10), (second, 10))
    assert hotel.bill(first) == first


def test_two_bills_may_settle_each_other(hotel: Hotel) -> None:
    one, other = hotel.add_bill(total=100), hotel.add_bill(total=100)
    hotel.settle(one, (other, 100))
    hotel.settle(other, (one, 150))
    assert (hotel.bill(one).balance_amount, hotel.bill(other).balance_amount) == (50, 150)


def test_a_bill_may_settle_others_whatever_it_owes_itself(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(total=500), hotel.add_bill(total=80)
    assert hotel.settle(payer, (target, 80)).balance_amount == 580
