"""Money that the provider has taken counts whatever has become of the bill, and what it gives back does too."""

from collections.abc import Callable

import pytest

from services.billing.errors import InvalidParameter
from services.billing.event import BillEvent
from services.billing.money import AMOUNT_MAX
from tests.unit.asking import FIRST, SECOND, THIRD, End, ask, each_end, provider_pays, provider_returns
from tests.unit.given import Hotel


def test_a_payment_of_the_provider_closes_its_request_and_no_other(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    ask(hotel, bill, 30, FIRST)
    ask(hotel, bill, 40, SECOND)
    payment_id = provider_pays(hotel, bill, 30, FIRST)
    found = hotel.bill(bill)
    assert (found.open_requests, found.balance_amount) == ({SECOND: 40}, 70)
    payment = found.payments[payment_id]
    assert (payment.amount, payment.applied, payment.payment_request_id) == (30, True, FIRST)
    assert ask(hotel, bill, None, THIRD) == 30


@each_end
def test_a_payment_of_the_provider_counts_on_a_bill_that_has_ended(hotel: Hotel, end: End) -> None:
    bill = hotel.add_bill(total=100)
    end(hotel, bill)
    before = hotel.bill(bill)
    [event] = hotel.events_of(lambda: provider_pays(hotel, bill, 30))
    assert isinstance(event, BillEvent)
    assert (event.balance_effect, event.total_effect) == (-30, 0)
    after = hotel.bill(bill)
    assert after.balance_amount == before.balance_amount - 30
    assert (after.cancelled_at, after.transferred, after.deleted) == (
        before.cancelled_at,
        before.transferred,
        before.deleted,
    )
    assert not after.live


@each_end
def test_money_that_the_provider_gives_back_counts_on_a_bill_that_has_ended(hotel: Hotel, end: End) -> None:
    bill = hotel.add_bill(total=100)
    end(hotel, bill)
    before = hotel.bill(bill).balance_amount
    payment_id = provider_pays(hotel, bill, 30)
    [event] = provider_returns(hotel, bill, payment_id)
    assert isinstance(event, BillEvent)
    assert (event.balance_effect, event.total_effect) == (30, 0)
    assert hotel.bill(bill).balance_amount == before
    assert not hotel.bill(bill).payments[payment_id].live


def test_a_payment_of_the_provider_counts_beyond_the_limits_and_back(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=-AMOUNT_MAX)
    payment_id = provider_pays(hotel, bill, 30)
    assert hotel.bill(bill).balance_amount == -AMOUNT_MAX - 30
    provider_returns(hotel, bill, payment_id)
    assert hotel.bill(bill).balance_amount == -AMOUNT_MAX
    over = hotel.add_bill(total=AMOUNT_MAX)
    payment_id = provider_pays(hotel, over, 30)
    hotel.update_bill(over, balance=AMOUNT_MAX)
    provider_returns(hotel, over, payment_id)
    assert hotel.bill(over).balance_amount == AMOUNT_MAX + 30


@pytest.mark.parametrize("undo", [Hotel.cancel_payment, Hotel.delete_payment])
def test_money_that_was_undone_here_before_is_not_given_back_again(
    hotel: Hotel, undo: Callable[[Hotel, str], object]
) -> None:
    bill = hotel.add_bill(total=100)
    payment_id = provider_pays(hotel, bill, 30)
    undo(hotel, payment_id)
    assert provider_returns(hotel, bill, payment_id) == []
    assert hotel.bill(bill).balance_amount == 100


def test_money_is_given_back_once(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    payment_id = provider_pays(hotel, bill, 30)
    assert len(provider_returns(hotel, bill, payment_id)) == 1
    assert provider_returns(hotel, bill, payment_id) == []


@pytest.mark.parametrize("amount", [0, -1])
def test_no_money_is_no_payment_of_the_provider(hotel: Hotel, amount: int) -> None:
    bill = hotel.add_bill(total=100)
    with hotel.refuses(InvalidParameter):
        provider_pays(hotel, bill, amount)
