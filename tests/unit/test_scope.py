"""Section 4 with api.md section 2: outside of the accommodations of a key, nothing is found."""

from collections.abc import Callable

import pytest

from services.billing.bill import Bill
from services.billing.errors import InvalidParameter, NotFound
from tests.unit.given import Hotel, paid

OTHERS = frozenset({"HOTEL-2"})
NONE_AT_ALL: frozenset[str] = frozenset()


def payment_of(bill: Bill) -> str:
    """The id of the bill's only payment."""
    [payment] = bill.payments
    return payment


Attempt = Callable[[Hotel, Bill, frozenset[str]], object]
ATTEMPTS: dict[str, Attempt] = {
    "configure": lambda h, b, keys: h.configure("HOTEL-1", name="Taken over", accommodations=keys),
    "close a day": lambda h, b, keys: h.close_day("2026-11-21", accommodations=keys),
    "add to a known folio": lambda h, b, keys: h.add_bill(accommodations=keys),
    "add without accommodation": lambda h, b, keys: h.add_bill(accommodation_id=None, accommodations=keys),
    "add naming an own accommodation": lambda h, b, keys: h.add_bill(accommodation_id="HOTEL-2", accommodations=keys),
    "add to a new folio": lambda h, b, keys: h.add_bill(folio="FOLIO-9", accommodations=keys),
    "update": lambda h, b, keys: h.update_bill(b, total=1, accommodations=keys),
    "cancel": lambda h, b, keys: h.cancel_bill(b, accommodations=keys),
    "delete": lambda h, b, keys: h.delete_bill(b, accommodations=keys),
    "settle": lambda h, b, keys: h.settle(b, (b, 1), accommodations=keys),
    "transfer": lambda h, b, keys: h.transfer(b, accommodations=keys),
    "transfer within the folio": lambda h, b, keys: h.transfer(
        b, to="FOLIO-1", reservation="RES-1", accommodations=keys
    ),
    "pay": lambda h, b, keys: h.pay(b, accommodations=keys),
    "update a payment": lambda h, b, keys: h.update_payment(payment_of(b), amount=1, accommodations=keys),
    "cancel a payment": lambda h, b, keys: h.cancel_payment(payment_of(b), accommodations=keys),
    "delete a payment": lambda h, b, keys: h.delete_payment(payment_of(b), accommodations=keys),
}


@pytest.mark.parametrize("keys", [OTHERS, NONE_AT_ALL], ids=["others", "none"])
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=[name.replace(" ", "-") for name in ATTEMPTS])
def test_a_key_finds_nothing_outside_of_its_accommodations(
    hotel: Hotel, attempt: Attempt, keys: frozenset[str]
) -> None:
    bill = hotel.add_bill(payments=(paid(30),))
    with hotel.refuses(NotFound):
        attempt(hotel, bill, keys)


def test_a_key_works_within_its_accommodations(hotel: Hotel) -> None:
    mine = frozenset({"HOTEL-1", "HOTEL-2"})
    bill = hotel.add_bill(payments=(paid(30),), accommodations=mine)
    hotel.configure("HOTEL-1", name="Seoul Garden Hotel", accommodations=mine)
    hotel.update_payment(payment_of(bill), amount=20, accommodations=mine)
    [moved] = hotel.transfer(bill, accommodations=mine)
    assert hotel.cancel_bill(moved, accommodations=mine).status == "CANCELLED"


def test_a_transfer_to_a_folio_outside_of_the_key_is_not_found(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-1")
    hotel.add_bill(folio="FOLIO-2", accommodation_id="HOTEL-2")
    with hotel.refuses(NotFound, "/folioId"):
        hotel.transfer(bill, to="FOLIO-2", accommodations=frozenset({"HOTEL-1"}))


def test_a_list_with_one_bill_outside_of_the_key_is_not_found(hotel: Hotel) -> None:
    mine = hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-1")
    other = hotel.add_bill(folio="FOLIO-2", accommodation_id="HOTEL-2")
    with hotel.refuses(NotFound, "/bills/1/id"):
        hotel.transfer(mine, other, to="FOLIO-3", accommodations=frozenset({"HOTEL-1"}))


def test_a_settlement_of_a_bill_outside_of_the_key_is_not_found(hotel: Hotel) -> None:
    mine = hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-1")
    other = hotel.add_bill(folio="FOLIO-2", accommodation_id="HOTEL-2")
    with hotel.refuses(NotFound, "/settlements/0/targetBillId"):
        hotel.settle(mine, (other, 1), accommodations=frozenset({"HOTEL-1"}))


def test_a_key_for_both_accommodations_learns_that_the_settlement_is_wrong(hotel: Hotel) -> None:
    mine = hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-1")
    other = hotel.add_bill(folio="FOLIO-2", accommodation_id="HOTEL-2")
    with hotel.refuses(InvalidParameter, "/settlements/0/targetBillId"):
        hotel.settle(mine, (other, 1), accommodations=frozenset({"HOTEL-1", "HOTEL-2"}))
