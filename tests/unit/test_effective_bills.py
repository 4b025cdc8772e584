"""A bill by when things took effect: payments from when they were paid, everything else from when it was recorded."""

from datetime import datetime, timedelta

import pytest

from services.billing.bill import Bill
from services.billing.money import readable
from tests.unit.given import NOON_IN_SEOUL, Hotel, effective_bill

HOUR = timedelta(hours=1)


@pytest.fixture
def hotel() -> Hotel:
    """A hotel, its clock at noon."""
    return Hotel()


def then(hotel: Hotel, bill: Bill, hours: float) -> Bill:
    """The bill as it was in effect so many hours after noon."""
    return effective_bill(hotel.store.stream(bill.id), NOON_IN_SEOUL + hours * HOUR)


def later(hotel: Hotel, hours: float) -> datetime:
    """Let the clock show so many hours after noon."""
    hotel.now = NOON_IN_SEOUL + hours * HOUR
    return hotel.now


def seen(bill: Bill) -> tuple[int, list[int], bool]:
    """Balance, amounts of live payments, and whether the bill is in no view."""
    return bill.balance_amount, [each.amount for each in bill.payments.values() if each.live], bill.deleted


def test_a_payment_counts_from_when_it_was_paid_whenever_it_was_recorded(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    later(hotel, 5)
    hotel.pay(bill, 30, applied=True, paid_at=NOON_IN_SEOUL + 2 * HOUR)
    hotel.pay(bill, 10, applied=True, paid_at=NOON_IN_SEOUL + 9 * HOUR)
    assert [seen(then(hotel, bill, hours)) for hours in (1.9, 2, 8.9, 9)] == [
        (100, [], False), (70, [30], False), (70, [30], False), (60, [30, 10], False),
    ]  # fmt: skip


def test_a_correction_counts_from_the_time_of_the_payment_on(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    payment = hotel.pay(bill, 30, applied=True, paid_at=NOON_IN_SEOUL + 1 * HOUR)
    later(hotel, 5)
    hotel.update_payment(payment, amount=40, paid_at=NOON_IN_SEOUL + 3 * HOUR)
    assert [seen(then(hotel, bill, hours))[:2] for hours in (1, 2.9, 3)] == [(100, []), (100, []), (60, [40])]


@pytest.mark.parametrize("delete", [False, True])
def test_the_end_of_a_payment_takes_effect_when_it_was_recorded(hotel: Hotel, delete: bool) -> None:
    bill = hotel.add_bill(total=100)
    payment = hotel.pay(bill, 30, applied=True, paid_at=NOON_IN_SEOUL + 1 * HOUR)
    later(hotel, 5)
    (hotel.delete_payment if delete else hotel.cancel_payment)(payment)
    assert [seen(then(hotel, bill, hours))[:2] for hours in (0.5, 1, 4.9, 5.1)] == [
        (100, []), (70, [30]), (70, [30]), (100, []),
    ]  # fmt: skip
    assert len(then(hotel, bill, 5.1).payments) == (0 if delete else 1)


def test_a_payment_that_is_not_effective_yet_is_not_there_whatever_happened_to_it(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    payment = hotel.pay(bill, 30, applied=True, paid_at=NOON_IN_SEOUL + 9 * HOUR)
    later(hotel, 5)
    hotel.cancel_payment(payment)
    assert then(hotel, bill, 6).payments == {}
    assert (then(hotel, bill, 6).balance_amount, then(hotel, bill, 9).balance_amount) == (100, 100)
    assert len(then(hotel, bill, 9).payments) == 1


def test_before_a_bill_was_posted_it_is_in_no_view_and_its_money_counts(hotel: Hotel) -> None:
    early = NOON_IN_SEOUL - 2 * HOUR
    bill = hotel.add_bill(total=100)
    hotel.pay(bill, 30, applied=True, paid_at=early)
    hotel.pay(bill, 5, paid_at=early)
    assert seen(then(hotel, bill, -2.1)) == (0, [], True)
    assert seen(then(hotel, bill, -2)) == (-30, [30, 5], True)
    assert not then(hotel, bill, -1).live
    assert seen(then(hotel, bill, 0.1)) == (70, [30, 5], False)


def test_once_everything_is_in_effect_the_bill_is_what_it_is(hotel: Hotel) -> None:
    bill, other = hotel.add_bill(total=100), hotel.add_bill(total=50)
    first, second = hotel.pay(bill, 30, applied=True), hotel.pay(bill, 5)
    hotel.update_payment(first, amount=20)
    hotel.update_payment(first, method="CASH")
    hotel.cancel_payment(second)
    hotel.settle(bill, (other, 50))
    hotel.transfer((bill, 10))
    hotel.update_bill(bill, name="Suite", total=80)
    hotel.cancel_bill(bill)
    for each in (bill, other):
        assert vars(then(hotel, each, 1)) == vars(hotel.bill(each))


def test_everything_but_payments_takes_effect_when_it_was_recorded(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    later(hotel, 1)
    hotel.update_bill(bill, name="Suite", total=150)
    later(hotel, 2)
    hotel.transfer((bill, 50))
    later(hotel, 3)
    hotel.cancel_bill(bill)
    shown = [then(hotel, bill, hours) for hours in (0.5, 1.1, 2.1, 3.1)]
    assert [(each.name, each.total_amount, each.balance_amount, each.status) for each in shown] == [
        ("Room charge", 100, 100, "OPEN"), ("Suite", 150, 150, "OPEN"), ("Suite", 100, 100, "OPEN"),
        ("Suite", 100, 0, "CANCELLED"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (12_000, "KRW", "12,000 KRW"), (-5, "KRW", "-5 KRW"), (12_050, "USD", "120.50 USD"), (-5, "USD", "-0.05 USD"),
        (1_234_567, "KWD", "1,234.567 KWD"), (0, "EUR", "0.00 EUR"),
    ],
)  # fmt: skip
def test_amounts_are_told_in_the_unit_of_their_currency(amount: int, currency: str, text: str) -> None:
    assert readable(amount, currency) == text
