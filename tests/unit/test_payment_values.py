"""Section 4: what a payment may be: its method, its accounts, its time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.billing.errors import InvalidParameter
from tests.unit.given import ACCOUNT, Hotel, paid

SEOUL = timezone(timedelta(hours=9))


@pytest.mark.parametrize("method", ["CARD", "CASH", "TRANSFER", "VIRTUAL_ACCOUNT", "MILEAGE", "A", "X9_", "A" * 32])
def test_a_payment_has_a_known_method_or_one_of_the_hotels_own(hotel: Hotel, method: str) -> None:
    payment = hotel.pay(hotel.add_bill(), method=method)
    assert hotel.payment(payment).payment_method == method


WRONG_METHODS = ["", "card", "Card", "9A", "_A", "A-B", "A B", "A" * 33, "ÉCU", "CARD\n", "CA\nRD"]


@pytest.mark.parametrize("method", WRONG_METHODS)
def test_a_method_of_another_form_is_refused(hotel: Hotel, method: str) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/paymentMethod"):
        hotel.pay(bill, method=method)


@pytest.mark.parametrize("method", WRONG_METHODS)
def test_a_payment_cannot_be_corrected_to_a_method_of_another_form(hotel: Hotel, method: str) -> None:
    payment = hotel.pay(hotel.add_bill())
    with hotel.refuses(InvalidParameter, "/paymentMethod"):
        hotel.update_payment(payment, method=method)


def test_virtual_accounts_go_with_the_method_virtual_account(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(), method="VIRTUAL_ACCOUNT", accounts=[ACCOUNT, ACCOUNT])
    assert [account.bank_code for account in hotel.payment(payment).virtual_accounts] == ["088", "088"]


def test_the_method_virtual_account_may_go_without_accounts(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(), method="VIRTUAL_ACCOUNT")
    assert hotel.payment(payment).virtual_accounts == ()


@pytest.mark.parametrize("method", ["CARD", "CASH", "TRANSFER", "MILEAGE"])
def test_virtual_accounts_go_with_no_other_method(hotel: Hotel, method: str) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/virtualAccounts"):
        hotel.pay(bill, method=method, accounts=[ACCOUNT])


def test_virtual_accounts_of_a_new_bills_card_payment_are_refused(hotel: Hotel) -> None:
    with hotel.refuses(InvalidParameter, "/payments/0/virtualAccounts"):
        hotel.add_bill(payments=(paid(10, accounts=[ACCOUNT]),))


def test_virtual_accounts_cannot_be_added_to_a_card_payment(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill())
    with hotel.refuses(InvalidParameter, "/virtualAccounts"):
        hotel.update_payment(payment, accounts=(ACCOUNT,))


def test_virtual_accounts_may_be_added_together_with_their_method(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill())
    updated = hotel.update_payment(payment, method="VIRTUAL_ACCOUNT", accounts=(ACCOUNT,))
    assert [account.bank_code for account in updated.virtual_accounts] == ["088"]


def test_a_payment_that_leaves_virtual_account_leaves_its_accounts_behind(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(), method="VIRTUAL_ACCOUNT", accounts=[ACCOUNT])
    assert hotel.update_payment(payment, method="CARD").virtual_accounts == ()


def test_a_payment_keeps_its_accounts_when_others_of_its_values_change(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(), method="VIRTUAL_ACCOUNT", accounts=[ACCOUNT])
    assert hotel.update_payment(payment, amount=1).virtual_accounts == payment.virtual_accounts


def test_an_empty_list_takes_the_accounts_away(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(), method="VIRTUAL_ACCOUNT", accounts=[ACCOUNT])
    assert hotel.update_payment(payment, accounts=()).virtual_accounts == ()


def test_a_payment_keeps_the_moment_of_paying_in_utc(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(), paid_at=datetime(2026, 11, 22, 14, 0, tzinfo=SEOUL))
    assert hotel.payment(payment).paid_at == datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
    assert hotel.payment(payment).paid_at.tzinfo == UTC


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 22, 14, 0),  # noqa: DTZ001
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2200, 1, 1, tzinfo=UTC),
        datetime.min.replace(tzinfo=SEOUL),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-9))),
    ],
)
def test_a_moment_without_an_offset_or_out_of_any_reason_is_refused(hotel: Hotel, moment: datetime) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/paidAt"):
        hotel.pay(bill, paid_at=moment)
