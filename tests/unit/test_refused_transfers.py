"""Section 4: a list of bills is transferred all or none, and only within one accommodation."""

import pytest

from services.billing.errors import InvalidParameter, InvalidState, NotFound, Refusal
from tests.unit.given import UNKNOWN, Hotel


def test_a_folio_of_another_accommodation_is_refused(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-1")
    hotel.add_bill(folio="FOLIO-2", accommodation_id="HOTEL-2")
    with hotel.refuses(InvalidParameter):
        hotel.transfer(bill, to="FOLIO-2")


def test_a_folio_of_another_accommodation_is_named_as_the_value_at_fault(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-1")
    hotel.add_bill(folio="FOLIO-2", accommodation_id="HOTEL-2")
    with hotel.refuses(InvalidParameter, "/folioId"):
        hotel.transfer(bill, to="FOLIO-2")


def test_bills_of_two_accommodations_are_refused_together(hotel: Hotel) -> None:
    one = hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-1")
    other = hotel.add_bill(folio="FOLIO-2", accommodation_id="HOTEL-2")
    with hotel.refuses(InvalidParameter, "/bills/1/id"):
        hotel.transfer(one, other, to="FOLIO-3")


def test_a_bill_named_twice_is_refused(hotel: Hotel) -> None:
    one, other = hotel.add_bill(), hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/bills/2/id"):
        hotel.transfer(one, other, one)


def test_a_bill_named_twice_with_two_splits_is_refused_as_well(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    with hotel.refuses(InvalidParameter, "/bills/1/id"):
        hotel.transfer((bill, 30), (bill, 70))


def test_a_transfer_of_no_bills_is_refused(hotel: Hotel) -> None:
    hotel.add_bill()
    with pytest.raises(Refusal):
        hotel.transfer(to="FOLIO-2")


def test_an_unknown_bill_is_not_found_and_the_others_stay(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(NotFound, "/bills/1/id"):
        hotel.transfer(bill, UNKNOWN)
    assert hotel.bill(bill) == bill


def test_a_cancelled_bill_cannot_be_transferred_and_the_others_stay(hotel: Hotel) -> None:
    bill, cancelled = hotel.add_bill(), hotel.add_bill()
    hotel.cancel_bill(cancelled)
    with hotel.refuses(InvalidState):
        hotel.transfer(bill, cancelled)
    assert hotel.bill(bill) == bill


def test_a_transferred_bill_cannot_be_transferred_again_and_the_others_stay(hotel: Hotel) -> None:
    bill, gone = hotel.add_bill(), hotel.add_bill()
    hotel.transfer(gone)
    with hotel.refuses(InvalidState):
        hotel.transfer(bill, gone)
    assert hotel.bill(bill) == bill


def test_a_deleted_bill_is_not_found_and_the_others_stay(hotel: Hotel) -> None:
    bill, deleted = hotel.add_bill(), hotel.add_bill()
    hotel.delete_bill(deleted)
    with hotel.refuses(NotFound, "/bills/1/id"):
        hotel.transfer(bill, deleted)
    assert hotel.bill(bill) == bill


def test_a_wrong_split_in_a_list_is_refused_at_its_place_and_the_others_stay(hotel: Hotel) -> None:
    bill, other = hotel.add_bill(total=100), hotel.add_bill(total=100)
    with hotel.refuses(InvalidParameter, "/bills/1/splitAmount"):
        hotel.transfer((bill, 40), (other, 101))
    assert hotel.bill(bill) == bill


def test_a_refused_transfer_opens_no_folio(hotel: Hotel) -> None:
    bill, other = hotel.add_bill(total=100), hotel.add_bill(total=100)
    with hotel.refuses(InvalidParameter):
        hotel.transfer(bill, (other, 101), to="FOLIO-9")
    assert hotel.store.stream("folio/FOLIO-9") == []
