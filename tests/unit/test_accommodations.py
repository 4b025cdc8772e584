"""Sections 1 and 2: an accommodation has one currency, a zone, and a start of its business day."""

import pytest

from services.billing.accommodation import Accommodation, AccommodationConfigured
from services.billing.errors import InvalidParameter, InvalidState
from tests.unit.given import Hotel, replayed


def test_an_accommodation_that_was_never_configured_has_the_defaults(hotel: Hotel) -> None:
    settings = hotel.configure(name="Seoul Garden Hotel").settings
    assert (settings.currency, settings.time_zone, settings.business_day_starts_at) == ("KRW", "Asia/Seoul", "00:00")


def test_posting_to_an_accommodation_that_was_never_configured_is_fine(hotel: Hotel) -> None:
    bill = hotel.add_bill(accommodation_id="HOTEL-NEW")
    assert (bill.accommodation_id, bill.currency) == ("HOTEL-NEW", "KRW")


def test_settings_that_are_not_given_keep_their_values(hotel: Hotel) -> None:
    hotel.configure(name="Seoul Garden Hotel", currency="USD", time_zone="America/New_York")
    settings = hotel.configure(business_day_starts_at="05:00").settings
    assert settings.name == "Seoul Garden Hotel"
    assert (settings.currency, settings.time_zone, settings.business_day_starts_at) == (
        "USD",
        "America/New_York",
        "05:00",
    )


def test_bills_are_in_the_currency_of_their_accommodation(hotel: Hotel) -> None:
    hotel.configure(currency="USD")
    assert hotel.add_bill().currency == "USD"


def test_the_currency_may_change_as_long_as_no_bill_exists(hotel: Hotel) -> None:
    hotel.configure(currency="USD")
    hotel.configure(currency="JPY")
    assert hotel.add_bill().currency == "JPY"


def test_the_currency_is_fixed_once_a_bill_exists(hotel: Hotel) -> None:
    hotel.configure(currency="USD")
    hotel.add_bill()
    with hotel.refuses(InvalidState, "/currency"):
        hotel.configure(currency="KRW")


def test_the_default_currency_is_fixed_too_once_a_bill_exists(hotel: Hotel) -> None:
    hotel.add_bill()
    with hotel.refuses(InvalidState, "/currency"):
        hotel.configure(currency="USD")


def test_the_currency_stays_fixed_when_the_only_bill_is_deleted(hotel: Hotel) -> None:
    hotel.delete_bill(hotel.add_bill())
    with hotel.refuses(InvalidState, "/currency"):
        hotel.configure(currency="USD")


def test_the_same_currency_may_be_given_again(hotel: Hotel) -> None:
    hotel.add_bill()
    assert hotel.configure(currency="KRW", name="Named at last").settings.name == "Named at last"


def test_everything_but_the_currency_may_change_when_bills_exist(hotel: Hotel) -> None:
    hotel.add_bill()
    settings = hotel.configure(time_zone="Asia/Tokyo", business_day_starts_at="23:59").settings
    assert (settings.time_zone, settings.business_day_starts_at) == ("Asia/Tokyo", "23:59")


@pytest.mark.parametrize("zone", ["", "Seoul", "Asia/Seoul ", "KST+9", "../etc/passwd"])
def test_an_unknown_time_zone_is_refused(hotel: Hotel, zone: str) -> None:
    with hotel.refuses(InvalidParameter, "/timeZone"):
        hotel.configure(time_zone=zone)


@pytest.mark.parametrize("start", ["24:00", "5:00", "05:60", "0500", "05:00:00", "05:00\n", ""])
def test_the_business_day_starts_at_hours_and_minutes(hotel: Hotel, start: str) -> None:
    with hotel.refuses(InvalidParameter, "/businessDayStartsAt"):
        hotel.configure(business_day_starts_at=start)


def test_a_wrong_setting_is_refused_for_a_known_accommodation_as_well(hotel: Hotel) -> None:
    hotel.configure()
    with hotel.refuses(InvalidParameter, "/timeZone"):
        hotel.configure(time_zone="Seoul", name="Not taken over")


def test_the_currencies_of_two_accommodations_do_not_touch(hotel: Hotel) -> None:
    hotel.add_bill(accommodation_id="HOTEL-1")
    hotel.configure("HOTEL-2", currency="USD")
    assert hotel.add_bill(folio="FOLIO-2", accommodation_id="HOTEL-2").currency == "USD"


def test_replaying_an_accommodation_gives_the_settings_that_were_answered(hotel: Hotel) -> None:
    hotel.configure(currency="USD")
    hotel.add_bill()
    answered = hotel.configure(name="Seoul Garden Hotel")
    events = hotel.store.stream("accommodation/HOTEL-1")
    assert [type(event) for event in events] == [AccommodationConfigured] * 3
    found = replayed(events)
    assert isinstance(found, Accommodation)
    assert found == answered
