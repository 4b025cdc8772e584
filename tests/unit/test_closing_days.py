"""Closing a business day: in order, once, never ahead of the calendar, and what is recorded of it."""

from datetime import UTC, date, datetime

import pytest

from services.billing.accommodation import DAY, Accommodation, AccommodationConfigured, DayClosed
from services.billing.business_day import BusinessDays
from services.billing.errors import InvalidState, VersionMismatch
from tests.unit.given import Hotel, replayed

BEFORE_MIDNIGHT = datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC)
STREAM = "accommodation/HOTEL-1"


def business_date_of_the_newest(hotel: Hotel) -> date:
    """The business date of the log's newest event."""
    days = BusinessDays()
    for position, event in enumerate(hotel.store.events, 1):
        if isinstance(event, AccommodationConfigured | DayClosed):
            days.take(event, position)
    return days.business_date(len(hotel.store.events), hotel.store.events[-1].timestamp)


def test_a_closing_is_recorded_with_who_when_and_why(hotel: Hotel) -> None:
    hotel.configure(name="Seoul Garden Hotel")
    answered = hotel.close_day("2026-11-21", user="jiwoo", reason="Night audit")
    event = hotel.store.events[-1]
    assert isinstance(event, DayClosed)
    assert (event.accommodation_id, event.business_date) == ("HOTEL-1", date(2026, 11, 21))
    assert (event.by, event.reason) == ("jiwoo", "Night audit")
    last = answered.last_closed
    assert last is not None
    assert (last.at, last.by, last.reason, last.next) == (event.timestamp, "jiwoo", "Night audit", date(2026, 11, 22))


def test_closing_a_day_of_an_accommodation_that_was_never_configured_gives_it_the_defaults(hotel: Hotel) -> None:
    events = hotel.events_of(lambda: hotel.close_day("2026-11-22"))
    assert [type(event) for event in events] == [AccommodationConfigured, DayClosed]
    accommodation = replayed(hotel.store.stream(STREAM))
    assert isinstance(accommodation, Accommodation)
    assert (accommodation.settings.time_zone, accommodation.in_use) == ("Asia/Seoul", False)
    assert hotel.configure(currency="USD").settings.currency == "USD"


@pytest.mark.parametrize("first", ["1970-01-01", "2026-10-31", "2026-11-22"])
def test_the_first_closing_may_be_of_any_day_up_to_today(hotel: Hotel, first: str) -> None:
    assert hotel.close_day(first).closed_through == date.fromisoformat(first)


def test_after_it_every_day_is_closed_in_its_turn(hotel: Hotel) -> None:
    for day in ("2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"):
        hotel.close_day(day)
    assert replayed(hotel.store.stream(STREAM)).closed_through == date(2026, 11, 22)


@pytest.mark.parametrize("again", ["2026-11-20", "2026-11-19", "1970-01-01"])
def test_a_closed_day_and_those_before_it_cannot_be_closed_again(hotel: Hotel, again: str) -> None:
    hotel.close_day("2026-11-20")
    through = "HOTEL-1 is closed through 2026-11-20. The next day to close is 2026-11-21."
    with hotel.refuses(InvalidState, "/date", f"{again} is closed already: {through}"):
        hotel.close_day(again)


@pytest.mark.parametrize("later", ["2026-11-22", "2026-11-23", "2199-12-31"])
def test_no_day_is_left_out(hotel: Hotel, later: str) -> None:
    hotel.close_day("2026-11-20")
    with hotel.refuses(InvalidState, "/date", f"close 2026-11-21 before {later}"):
        hotel.close_day(later)


def test_a_day_that_has_not_begun_cannot_be_closed(hotel: Hotel) -> None:
    hotel.now = BEFORE_MIDNIGHT
    said = "2026-11-23 has not begun yet: by its zone and cut-off hour, it is 2026-11-22 at HOTEL-1."
    with hotel.refuses(InvalidState, "/date", said):
        hotel.close_day("2026-11-23")
    hotel.close_day("2026-11-22")
    with hotel.refuses(InvalidState, "/date"):
        hotel.close_day("2026-11-23")
    hotel.now = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
    assert hotel.close_day("2026-11-23").closed_through == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("settings", "today"),
    [
        ({"time_zone": "Pacific/Kiritimati", "business_day_starts_at": "00:00"}, "2026-11-22"),
        ({"time_zone": "America/Los_Angeles"}, "2026-11-21"),
        ({"business_day_starts_at": "12:00"}, "2026-11-22"),
        ({"business_day_starts_at": "12:01"}, "2026-11-21"),
    ],
)
def test_the_day_has_begun_by_the_accommodations_zone_and_cut_off_hour(
    hotel: Hotel, settings: dict[str, str], today: str
) -> None:
    hotel.configure(**settings)
    begun = date.fromisoformat(today)
    with hotel.refuses(InvalidState, "/date"):
        hotel.close_day(str(begun + DAY))
    assert hotel.close_day(today).closed_through == begun


def test_a_refused_first_closing_makes_no_accommodation(hotel: Hotel) -> None:
    with hotel.refuses(InvalidState, "/date"):
        hotel.close_day("2026-11-23", "HOTEL-NEW")
    assert hotel.store.stream("accommodation/HOTEL-NEW") == []


def test_what_is_posted_after_a_closing_belongs_to_the_next_day(hotel: Hotel) -> None:
    hotel.add_bill()
    assert business_date_of_the_newest(hotel) == date(2026, 11, 22)
    hotel.close_day("2026-11-22")
    hotel.add_bill()
    assert business_date_of_the_newest(hotel) == date(2026, 11, 23)


def test_days_of_one_accommodation_are_not_those_of_another(hotel: Hotel) -> None:
    hotel.close_day("2026-11-22", "HOTEL-1")
    assert hotel.close_day("2026-11-01", "HOTEL-2").closed_through == date(2026, 11, 1)


def test_a_closing_decided_on_other_settings_than_there_are_is_refused(hotel: Hotel) -> None:
    hotel.configure(time_zone="Asia/Tokyo")
    seen = hotel.configure(business_day_starts_at="05:00").settings_version
    with hotel.refuses(VersionMismatch):
        hotel.close_day("2026-11-21", expected_version=seen - 1)
    assert hotel.close_day("2026-11-21", expected_version=seen).settings_version == seen


def test_a_closing_leaves_the_version_of_the_settings_as_it_is(hotel: Hotel) -> None:
    seen = hotel.configure(name="Seoul Garden Hotel").settings_version
    hotel.close_day("2026-11-21")
    assert hotel.configure(name="Inn", expected_version=seen).settings_version == seen + 2


def test_replaying_an_accommodation_gives_the_closed_day_that_was_answered(hotel: Hotel) -> None:
    hotel.close_day("2026-11-20")
    hotel.configure(name="Seoul Garden Hotel")
    answered = hotel.close_day("2026-11-21", reason="Night audit")
    assert replayed(hotel.store.stream(STREAM)) == answered
