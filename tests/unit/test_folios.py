"""Sections 2 and 4: a folio is opened with its first bill, and belongs to its accommodation for good."""

from services.billing.errors import InvalidParameter, RequiredParameter
from services.billing.folio import Folio, FolioOpened
from tests.unit.given import Hotel, replayed


def test_a_folio_not_seen_before_is_opened_for_the_given_accommodation(hotel: Hotel) -> None:
    hotel.configure(currency="USD")
    events = hotel.events_of(lambda: hotel.add_bill(folio="FOLIO-9"))
    [opened] = [event for event in events if isinstance(event, FolioOpened)]
    assert (opened.folio_id, opened.accommodation_id, opened.currency) == ("FOLIO-9", "HOTEL-1", "USD")


def test_a_folio_is_opened_once(hotel: Hotel) -> None:
    hotel.add_bill()
    hotel.add_bill()
    assert len(hotel.store.stream("folio/FOLIO-1")) == 1


def test_a_new_folio_needs_an_accommodation(hotel: Hotel) -> None:
    with hotel.refuses(RequiredParameter, "/accommodationId"):
        hotel.add_bill(accommodation_id=None)


def test_a_known_folio_needs_no_accommodation(hotel: Hotel) -> None:
    hotel.add_bill()
    assert hotel.add_bill(accommodation_id=None).accommodation_id == "HOTEL-1"


def test_a_folio_of_another_accommodation_is_refused(hotel: Hotel) -> None:
    hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/accommodationId"):
        hotel.add_bill(accommodation_id="HOTEL-2")


def test_a_folio_keeps_its_accommodation_when_its_only_bill_is_deleted(hotel: Hotel) -> None:
    hotel.delete_bill(hotel.add_bill())
    with hotel.refuses(InvalidParameter, "/accommodationId"):
        hotel.add_bill(accommodation_id="HOTEL-2")


def test_a_folio_and_an_accommodation_may_have_the_same_id(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="SAME", accommodation_id="SAME")
    assert (hotel.bill(bill).folio_id, hotel.bill(bill).accommodation_id) == ("SAME", "SAME")


def test_a_folio_that_a_transfer_goes_to_is_opened_by_it(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.transfer(bill, to="FOLIO-NEW")
    folio = replayed(hotel.store.stream("folio/FOLIO-NEW"))
    assert isinstance(folio, Folio)
    assert (folio.accommodation_id, folio.currency) == ("HOTEL-1", "KRW")


def test_a_folio_that_was_refused_its_first_bill_is_not_opened(hotel: Hotel) -> None:
    with hotel.refuses(InvalidParameter):
        hotel.add_bill(folio="FOLIO-9", total=10**15 + 1)
    assert hotel.add_bill(folio="FOLIO-9", accommodation_id="HOTEL-2").accommodation_id == "HOTEL-2"
