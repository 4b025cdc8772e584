"""Section 4: within one folio only the reservation changes; it must be given, and there is no split."""

import pytest

from services.billing.errors import InvalidParameter, RequiredParameter
from tests.unit.given import Hotel, paid


def test_only_the_reservation_changes(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1", total=100, reservation_id="RES-1", payments=(paid(30),))
    [moved] = hotel.transfer(bill, to="FOLIO-1", reservation="RES-2")
    assert (moved.id, moved.reservation_id, moved.folio_id) == (bill.id, "RES-2", "FOLIO-1")
    assert (moved.total_amount, moved.balance_amount, moved.status) == (100, 70, "OPEN")
    assert (moved.payments, moved.bill_code) == (bill.payments, bill.bill_code)
    assert (moved.transfer_origin_folio_id, moved.transfer_origin_bill_id) == (None, None)
    assert hotel.bill(bill) == moved


def test_the_reservation_must_be_given(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1", reservation_id="RES-1")
    with hotel.refuses(RequiredParameter, "/reservationId"):
        hotel.transfer(bill, to="FOLIO-1")


@pytest.mark.parametrize("split", [1, 40, 100])
def test_a_split_is_refused_even_of_the_whole_total(hotel: Hotel, split: int) -> None:
    bill = hotel.add_bill(folio="FOLIO-1", total=100)
    with hotel.refuses(InvalidParameter, "/bills/0/splitAmount"):
        hotel.transfer((bill, split), to="FOLIO-1", reservation="RES-2")


def test_it_makes_no_new_bill(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1")
    events = hotel.events_of(lambda: hotel.transfer(bill, to="FOLIO-1", reservation="RES-2"))
    assert [(type(event).TOPIC, event.originator_id) for event in events] == [("bill.transferred", bill.id)]


def test_one_list_may_hold_bills_of_the_folio_itself_and_of_others(hotel: Hotel) -> None:
    here, elsewhere = hotel.add_bill(folio="FOLIO-2"), hotel.add_bill(folio="FOLIO-1")
    moved = hotel.transfer(elsewhere, here, to="FOLIO-2", reservation="RES-2")
    assert [bill.reservation_id for bill in moved] == ["RES-2", "RES-2"]
    assert [bill.folio_id for bill in moved] == ["FOLIO-2", "FOLIO-2"]
    assert moved[1].id == here.id
    assert moved[0].id != elsewhere.id


def test_a_list_with_a_bill_of_the_folio_itself_needs_a_reservation(hotel: Hotel) -> None:
    here, elsewhere = hotel.add_bill(folio="FOLIO-2"), hotel.add_bill(folio="FOLIO-1")
    with hotel.refuses(RequiredParameter, "/reservationId"):
        hotel.transfer(elsewhere, here, to="FOLIO-2")
