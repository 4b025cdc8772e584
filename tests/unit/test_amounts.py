"""Section 1: money is a whole number of minor units, at most 10^15 either way."""

import pytest

from services.billing.errors import InvalidParameter
from tests.unit.given import Hotel, paid

MAX = 10**15


@pytest.mark.parametrize("amount", [-MAX, -1, 0, 1, MAX])
def test_a_bill_may_be_of_any_amount_within_the_limits(hotel: Hotel, amount: int) -> None:
    bill = hotel.add_bill(total=amount)
    assert (bill.total_amount, bill.balance_amount) == (amount, amount)


@pytest.mark.parametrize("amount", [-MAX - 1, MAX + 1])
def test_a_total_beyond_the_limits_is_refused(hotel: Hotel, amount: int) -> None:
    with hotel.refuses(InvalidParameter, "/totalAmount"):
        hotel.add_bill(total=amount)


@pytest.mark.parametrize("amount", [-MAX - 1, MAX + 1])
def test_a_stated_balance_beyond_the_limits_is_refused(hotel: Hotel, amount: int) -> None:
    with hotel.refuses(InvalidParameter, "/balanceAmount"):
        hotel.add_bill(balance_amount=amount)


@pytest.mark.parametrize("amount", [-MAX - 1, MAX + 1])
def test_a_changed_total_beyond_the_limits_is_refused(hotel: Hotel, amount: int) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/totalAmount"):
        hotel.update_bill(bill, total=amount, balance=0)


@pytest.mark.parametrize("amount", [-MAX - 1, MAX + 1])
def test_a_changed_balance_beyond_the_limits_is_refused(hotel: Hotel, amount: int) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/balanceAmount"):
        hotel.update_bill(bill, balance=amount)


@pytest.mark.parametrize("amount", [-1, 0, MAX + 1])
def test_a_payment_is_from_1_to_the_limit(hotel: Hotel, amount: int) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/amount"):
        hotel.pay(bill, amount)


@pytest.mark.parametrize("amount", [1, MAX])
def test_a_payment_may_be_as_small_as_1_and_as_large_as_the_limit(hotel: Hotel, amount: int) -> None:
    payment = hotel.pay(hotel.add_bill(), amount)
    assert hotel.payment(payment).amount == amount


def test_a_payment_of_a_new_bill_is_refused_at_its_place_in_the_body(hotel: Hotel) -> None:
    with hotel.refuses(InvalidParameter, "/payments/1/amount"):
        hotel.add_bill(payments=(paid(1), paid(0)))


@pytest.mark.parametrize("amount", [-1, 0, MAX + 1])
def test_a_payment_cannot_be_corrected_to_an_amount_beyond_its_limits(hotel: Hotel, amount: int) -> None:
    payment = hotel.pay(hotel.add_bill())
    with hotel.refuses(InvalidParameter, "/amount"):
        hotel.update_payment(payment, amount=amount)


@pytest.mark.parametrize("amount", [-1, 0])
def test_a_settlement_is_of_1_or_more(hotel: Hotel, amount: int) -> None:
    payer, target = hotel.add_bill(), hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/settlements/0/settledAmount"):
        hotel.settle(payer, (target, amount))


def test_a_balance_may_not_pass_the_limit_by_payments(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=0, payments=(paid(MAX),))
    with hotel.refuses(InvalidParameter, "/amount"):
        hotel.pay(bill, 1, applied=True)


def test_a_balance_may_not_pass_the_limit_by_a_corrected_payment(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=-1, payments=(paid(MAX - 1),))
    with hotel.refuses(InvalidParameter, "/amount"):
        hotel.update_payment(next(iter(bill.payments)), amount=MAX)


def test_a_balance_may_not_pass_the_limit_by_a_new_total(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=0, balance_amount=MAX)
    with hotel.refuses(InvalidParameter):
        hotel.update_bill(bill, total=1)


def test_a_balance_may_not_pass_the_limit_by_a_settlement(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(total=MAX), hotel.add_bill(total=1)
    with hotel.refuses(InvalidParameter, "/settlements/0/settledAmount"):
        hotel.settle(payer, (target, 1))


def test_a_balance_may_not_pass_the_limit_by_a_cancelled_charge(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=MAX, balance_amount=-1)
    with hotel.refuses(InvalidParameter):
        hotel.cancel_bill(bill)


def test_a_balance_may_not_pass_the_limit_by_a_cancelled_payment(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=MAX, payments=(paid(1),))
    hotel.update_bill(bill, balance=MAX)
    with hotel.refuses(InvalidParameter):
        hotel.cancel_payment(next(iter(bill.payments)))
