"""Business days: which day an event or a moment belongs to, by zone, cut-off hour and what was closed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.billing.accommodation import DAY, AccommodationConfigured, Settings
from services.billing.accommodation import DayClosed as Closed
from services.billing.business_day import BusinessDays, calendar_day, day_start

SEOUL = Settings()
SEOUL_AT_FOUR = Settings(business_day_starts_at="04:00")
STAMP = {"key": "front-desk", "user": None, "request_id": "request-1", "reason": None}


def utc(text: str) -> datetime:
    """A moment, with any offset, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def day(text: str) -> date:
    """A day YYYY-MM-DD."""
    return date.fromisoformat(text)


def at(zone: str, starts: str = "00:00") -> Settings:
    """Settings with this zone and cut-off hour."""
    return Settings(time_zone=zone, business_day_starts_at=starts)


def configured(settings: Settings, moment: datetime, version: int = 2) -> AccommodationConfigured:
    """That an accommodation was set to this."""
    return AccommodationConfigured(
        originator_id="accommodation/HOTEL-1", originator_version=version, originator_topic="accommodation",
        accommodation_id="HOTEL-1", settings=settings, in_use=True, timestamp=moment, **STAMP,
    )  # type: ignore[call-arg]  # fmt: skip


def closed(business_date: date, moment: datetime) -> Closed:
    """That a day was closed."""
    return Closed(
        originator_id="accommodation/HOTEL-1", originator_version=2, accommodation_id="HOTEL-1",
        business_date=business_date, timestamp=moment, **STAMP,
    )  # type: ignore[call-arg]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "moment", "expected"),
    [
        (SEOUL, "2026-11-21T23:59:59.999999+09:00", "2026-11-21"),
        (SEOUL, "2026-11-22T00:00:00+09:00", "2026-11-22"),
        (SEOUL, "2026-11-22T00:00:59+09:00", "2026-11-22"),
        (SEOUL, "2026-11-22T00:01:00+09:00", "2026-11-22"),
        (SEOUL, "2026-11-21T15:00:00+00:00", "2026-11-22"),
        (SEOUL_AT_FOUR, "2026-11-22T00:00:30+09:00", "2026-11-21"),
        (SEOUL_AT_FOUR, "2026-11-22T03:59:59.999999+09:00", "2026-11-21"),
        (SEOUL_AT_FOUR, "2026-11-22T04:00:00+09:00", "2026-11-22"),
        (SEOUL_AT_FOUR, "2028-02-29T03:59:59+09:00", "2028-02-28"),
        (SEOUL_AT_FOUR, "2028-02-29T04:00:00+09:00", "2028-02-29"),
        (SEOUL_AT_FOUR, "2028-03-01T03:59:59+09:00", "2028-02-29"),
        (SEOUL_AT_FOUR, "2027-03-01T03:59:59+09:00", "2027-02-28"),
        (SEOUL, "2027-01-01T00:00:00+09:00", "2027-01-01"),
        (at("Pacific/Kiritimati"), "2026-11-21T10:00:00+00:00", "2026-11-22"),
        (at("Etc/GMT+12", "23:59"), "2026-11-22T11:58:00+00:00", "2026-11-20"),
    ],
)
def test_a_moment_lies_in_the_day_that_began_last_at_the_cut_off_hour(
    settings: Settings, moment: str, expected: str
) -> None:
    assert calendar_day(utc(moment), settings) == day(expected)


@pytest.mark.parametrize(
    ("settings", "business_date", "expected"),
    [
        # New York, 2026-03-08: from 02:00 the clocks show 03:00.
        (at("America/New_York"), "2026-03-08", "2026-03-08T00:00:00-05:00"),
        (at("America/New_York", "02:00"), "2026-03-08", "2026-03-08T03:00:00-04:00"),
        (at("America/New_York", "02:30"), "2026-03-08", "2026-03-08T03:30:00-04:00"),
        (at("America/New_York", "02:30"), "2026-03-09", "2026-03-09T02:30:00-04:00"),
        (at("America/New_York", "04:00"), "2026-03-08", "2026-03-08T04:00:00-04:00"),
        # 2026-11-01: from 02:00 they show 01:00 once more.
        (at("America/New_York", "00:30"), "2026-11-01", "2026-11-01T00:30:00-04:00"),
        (at("America/New_York", "01:00"), "2026-11-01", "2026-11-01T01:00:00-05:00"),
        (at("America/New_York", "01:30"), "2026-11-01", "2026-11-01T01:30:00-05:00"),
        (at("America/New_York", "02:00"), "2026-11-01", "2026-11-01T02:00:00-05:00"),
        # Havana, 2026-11-01: from 01:00 they show midnight once more.
        (at("America/Havana"), "2026-11-01", "2026-11-01T00:00:00-05:00"),
        # Santiago, 2026-09-06: there is no midnight.
        (at("America/Santiago"), "2026-09-06", "2026-09-06T01:00:00-03:00"),
        # Apia, 2011-12-30: there is no such day, so it lasts no time.
        (at("Pacific/Apia"), "2011-12-30", "2011-12-31T00:00:00+14:00"),
        (at("Pacific/Apia"), "2011-12-31", "2011-12-31T00:00:00+14:00"),
        (at("Pacific/Apia", "04:00"), "2011-12-30", "2011-12-31T04:00:00+14:00"),
        (at("Pacific/Apia", "04:00"), "2011-12-31", "2011-12-31T04:00:00+14:00"),
    ],
)
def test_a_day_begins_once_where_the_clocks_change(settings: Settings, business_date: str, expected: str) -> None:
    begins = day_start(day(business_date), settings)
    assert begins == utc(expected)
    assert begins.tzinfo is UTC


@pytest.mark.parametrize(
    ("settings", "moment", "expected"),
    [
        (at("America/New_York", "02:30"), "2026-03-08T01:59:59-05:00", "2026-03-07"),
        (at("America/New_York", "02:30"), "2026-03-08T03:29:59-04:00", "2026-03-07"),
        (at("America/New_York", "02:30"), "2026-03-08T03:30:00-04:00", "2026-03-08"),
        (at("America/New_York", "01:30"), "2026-11-01T01:30:00-04:00", "2026-10-31"),
        (at("America/New_York", "01:30"), "2026-11-01T01:29:59-05:00", "2026-10-31"),
        (at("America/New_York", "01:30"), "2026-11-01T01:30:00-05:00", "2026-11-01"),
        (at("America/Havana"), "2026-11-01T00:30:00-04:00", "2026-10-31"),
        (at("America/Havana"), "2026-11-01T00:00:00-05:00", "2026-11-01"),
        # St. John's, 2010-11-07: from 00:01 the clocks show 23:01 of the day before.
        (at("America/St_Johns"), "2010-11-07T00:00:30-02:30", "2010-11-06"),
        (at("America/St_Johns"), "2010-11-07T00:00:30-03:30", "2010-11-07"),
        # Nuuk, 2026-03-28: 23:00 is midnight already, and the 28th begins only after it, at 00:30 of the 29th.
        (at("America/Nuuk", "23:30"), "2026-03-29T00:29:59-01:00", "2026-03-27"),
        (at("America/Nuuk", "23:30"), "2026-03-29T00:30:00-01:00", "2026-03-28"),
        (at("Pacific/Apia"), "2011-12-29T23:59:59-10:00", "2011-12-29"),
        (at("Pacific/Apia"), "2011-12-31T00:00:00+14:00", "2011-12-31"),
        (at("Pacific/Apia", "04:00"), "2011-12-31T03:59:59+14:00", "2011-12-29"),
        (at("Pacific/Apia", "04:00"), "2011-12-31T04:00:00+14:00", "2011-12-31"),
    ],
)
def test_a_moment_around_a_change_of_the_clocks_lies_in_one_day(settings: Settings, moment: str, expected: str) -> None:
    found = calendar_day(utc(moment), settings)
    assert found == day(expected)
    assert day_start(found, settings) <= utc(moment) < day_start(found + DAY, settings)


def test_an_accommodation_that_was_never_configured_has_days_in_seoul() -> None:
    days = BusinessDays()
    assert days.business_date(1, utc("2026-11-22T14:59:59Z")) == day("2026-11-22")
    assert days.business_date(2, utc("2026-11-22T15:00:00Z")) == day("2026-11-23")


def test_an_accommodation_has_the_days_of_its_first_settings_from_the_beginning() -> None:
    """In Seoul it was the 23rd already; nothing has happened there."""
    days, moment = BusinessDays(), utc("2026-11-22T14:36:00-08:00")
    days.take(configured(at("America/Los_Angeles"), moment, version=1), 10)
    assert days.business_date(10, moment) == days.business_date(11, moment) == day("2026-11-22")


def test_new_settings_hold_for_the_events_after_them() -> None:
    days, moment = BusinessDays(), utc("2026-11-22T23:30:00+09:00")
    days.take(configured(at("Pacific/Auckland"), moment), 10)
    assert days.business_date(9, moment) == days.business_date(10, moment) == day("2026-11-22")
    assert days.business_date(11, moment) == day("2026-11-23")


@pytest.mark.parametrize("back", [at("Pacific/Honolulu"), at("Asia/Seoul", "23:00")], ids=["zone", "cut-off"])
def test_a_change_that_would_go_back_leads_to_no_day_that_has_passed(back: Settings) -> None:
    days, moment = BusinessDays(), utc("2026-11-22T09:00:00+09:00")
    days.take(configured(back, moment), 10)
    assert calendar_day(moment, back) == day("2026-11-21")
    assert days.business_date(11, moment) == day("2026-11-22")
    assert days.business_date(12, moment + DAY) == day("2026-11-22")
    assert days.business_date(13, moment + 2 * DAY) == day("2026-11-23")


def test_settings_that_are_given_again_change_nothing() -> None:
    days, moment = BusinessDays(), utc("2026-11-22T09:00:00+09:00")
    days.take(configured(SEOUL, moment), 10)
    assert len(days.stretches) == 1
    assert days.business_date(11, moment) == day("2026-11-22")


def test_what_comes_after_a_closing_belongs_to_the_next_day() -> None:
    days, noon = BusinessDays(), utc("2026-11-22T12:00:00+09:00")
    days.take(closed(day("2026-11-22"), noon), 10)
    assert [days.business_date(position, noon) for position in (9, 10, 11)] == [
        day("2026-11-22"), day("2026-11-22"), day("2026-11-23"),
    ]  # fmt: skip
    assert days.business_date(12, noon + DAY) == day("2026-11-23")
    assert days.business_date(13, noon + 2 * DAY) == day("2026-11-24")


def test_a_closing_that_comes_later_moves_no_event_of_the_days_since() -> None:
    days, noon = BusinessDays(), utc("2026-11-22T12:00:00+09:00")
    days.take(closed(day("2026-11-20"), noon), 10)
    assert days.business_date(11, noon) == day("2026-11-22")


def test_a_day_stays_closed_when_zone_and_cut_off_change() -> None:
    days, noon = BusinessDays(), utc("2026-11-22T12:00:00+09:00")
    days.take(closed(day("2026-11-22"), noon), 10)
    days.take(configured(at("Pacific/Honolulu", "06:00"), noon), 11)
    assert days.business_date(12, noon) == day("2026-11-23")


def test_a_late_posting_belongs_to_the_day_of_its_recording_and_says_which_it_concerns() -> None:
    days, noon = BusinessDays(), utc("2026-11-22T12:00:00+09:00")
    days.take(closed(day("2026-11-21"), noon), 10)
    paid_at = utc("2026-11-21T23:40:00+09:00")
    assert days.business_date(11, noon) == day("2026-11-22")
    assert days.concerns(11, paid_at) == day("2026-11-21")


def test_what_an_event_concerns_is_told_by_the_settings_at_its_recording() -> None:
    days, noon = BusinessDays(), utc("2026-11-22T12:00:00+09:00")
    days.take(configured(SEOUL_AT_FOUR, noon), 10)
    paid_at = noon - timedelta(hours=10)
    assert days.concerns(10, paid_at) == day("2026-11-22")
    assert days.concerns(11, paid_at) == day("2026-11-21")
