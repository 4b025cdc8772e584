"""Virtual accounts: number and holder are sealed under their folio's data key before they reach an event."""

import msgspec

from services.billing.errors import InvalidState
from services.billing.payment import VirtualAccount
from services.billing.personal_data import open_account
from services.billing.views import bill_view, payment_view
from tests.unit.given import ACCOUNT, Hotel, paid
from tests.unit.stay import stay

SECRETS = [ACCOUNT.account_number.encode(), str(ACCOUNT.account_holder).encode()]


def assert_secret(text: bytes) -> None:
    """Neither number nor holder stands in it, escaped or not."""
    assert [secret for secret in SECRETS if secret in text] == []
    assert str(ACCOUNT.account_holder).encode("unicode_escape") not in text


def opened(hotel: Hotel, folio_id: str, account: VirtualAccount) -> tuple[str | None, str | None]:
    """Number and holder of an account, as this folio's key opens it."""
    view = open_account({"bankCode": account.bank_code, "sealed": account.sealed}, hotel.store.data_keys[folio_id])
    return view["accountNumber"], view["accountHolder"]


def test_no_event_holds_number_or_holder(hotel: Hotel) -> None:
    stay(hotel)
    sealed = [stored for stored in hotel.store.log if b'"sealed"' in stored.state]
    assert {stored.topic for stored in sealed} == {"payment.recorded", "payment.updated"}
    for stored in hotel.store.log:
        assert_secret(stored.state)


def test_no_view_holds_number_or_holder(hotel: Hotel) -> None:
    bill = hotel.add_bill(payments=(paid(10, "VIRTUAL_ACCOUNT", accounts=[ACCOUNT]),))
    [payment] = bill.payments.values()
    assert_secret(msgspec.json.encode(bill_view(bill)))
    assert_secret(msgspec.json.encode(payment_view(bill.id, bill.folio_id, payment)))


def test_the_bank_stays_readable_and_the_rest_opens_with_the_folios_key(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(folio="FOLIO-1"), method="VIRTUAL_ACCOUNT", accounts=[ACCOUNT])
    [account] = hotel.payment(payment).virtual_accounts
    assert account.bank_code == "088"
    assert opened(hotel, "FOLIO-1", account) == (ACCOUNT.account_number, ACCOUNT.account_holder)


def test_an_updated_account_is_sealed_under_the_same_folios_key(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(folio="FOLIO-1"))
    hotel.update_payment(payment, method="VIRTUAL_ACCOUNT", accounts=(ACCOUNT,))
    [account] = hotel.payment(payment).virtual_accounts
    assert opened(hotel, "FOLIO-1", account) == (ACCOUNT.account_number, ACCOUNT.account_holder)


def test_the_key_of_another_folio_opens_nothing(hotel: Hotel) -> None:
    one = hotel.pay(hotel.add_bill(folio="FOLIO-1"), method="VIRTUAL_ACCOUNT", accounts=[ACCOUNT])
    hotel.pay(hotel.add_bill(folio="FOLIO-2"), method="VIRTUAL_ACCOUNT", accounts=[ACCOUNT])
    [account] = hotel.payment(one).virtual_accounts
    assert opened(hotel, "FOLIO-2", account) == (None, None)


def test_the_same_account_is_sealed_differently_each_time(hotel: Hotel) -> None:
    payment = hotel.pay(hotel.add_bill(), method="VIRTUAL_ACCOUNT", accounts=[ACCOUNT, ACCOUNT])
    first, second = hotel.payment(payment).virtual_accounts
    assert first.sealed != second.sealed


def test_a_forgotten_guest_has_neither_number_nor_holder() -> None:
    view = open_account({"bankCode": "088", "sealed": "v1.AAAA", "folioId": "FOLIO-1"}, None)
    assert view == {"bankCode": "088", "accountNumber": None, "accountHolder": None}


def test_a_folio_whose_guest_was_forgotten_takes_no_personal_data(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1")
    hotel.store.data_keys["FOLIO-1"] = None
    with hotel.refuses(InvalidState):
        hotel.pay(bill, method="VIRTUAL_ACCOUNT", accounts=[ACCOUNT])
    assert hotel.pay(bill, method="VIRTUAL_ACCOUNT").virtual_accounts == ()


def test_no_key_is_made_for_a_folio_without_personal_data(hotel: Hotel) -> None:
    hotel.pay(hotel.add_bill())
    assert hotel.store.data_keys == {}
