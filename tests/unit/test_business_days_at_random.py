"""Business days for any settings, changes of them, closings and moments: none goes back, none overlaps another."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

from hypothesis import example, given
from hypothesis import strategies as st

from services.billing.accommodation import DAY, Settings
from services.billing.business_day import BusinessDays, calendar_day, day_start
from tests.unit.test_business_days import closed, configured

ZONES = st.sampled_from(sorted(available_timezones()))
CUT_OFFS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 29, 30, 59]))
SETTINGS = st.builds(Settings, time_zone=ZONES, business_day_starts_at=CUT_OFFS)
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
APART = st.timedeltas(timedelta(microseconds=1), timedelta(days=3))
Happening = tuple[timedelta, Settings | int | None]
"""How long after the one before: new settings, a closing (the first of a day so many days ago), or another event."""
HAPPENINGS = st.lists(st.tuples(APART, st.one_of(SETTINGS, st.integers(0, 5), st.none())), min_size=1, max_size=30)


@given(moment=MOMENTS, settings=SETTINGS)
@example(moment=datetime(2011, 12, 30, 12, tzinfo=UTC), settings=Settings(None, "KRW", "Pacific/Apia", "04:00"))
@example(moment=datetime(2026, 3, 29, 1, 15, tzinfo=UTC), settings=Settings(None, "KRW", "America/Nuuk", "23:30"))
def test_every_moment_lies_between_the_beginnings_of_its_day_and_the_next(moment: datetime, settings: Settings) -> None:
    day = calendar_day(moment, settings)
    assert day_start(day, settings) <= moment < day_start(day + DAY, settings)


@given(day=st.dates(date(1970, 1, 2), date(2199, 12, 30)), settings=SETTINGS)
def test_no_day_begins_before_the_one_before_it(day: date, settings: Settings) -> None:
    assert day_start(day, settings) <= day_start(day + DAY, settings)


@given(begin=MOMENTS, happenings=HAPPENINGS)
def test_business_dates_never_go_back_nor_into_a_closed_day(begin: datetime, happenings: Sequence[Happening]) -> None:
    days, settings, moment = BusinessDays(), Settings(), begin
    last = closed_through = date.min
    for position, (apart, happening) in enumerate(happenings, 1):
        moment += apart
        today = calendar_day(moment, settings)
        if isinstance(happening, Settings):
            settings = happening
            days.take(configured(settings, moment), position)
        elif happening is not None:
            closing = today - happening * DAY if closed_through == date.min else closed_through + DAY
            if closing <= today:
                days.take(closed(closing, moment), position)
                closed_through = closing
        business_date = days.business_date(position + 1, moment)
        assert business_date >= max(last, calendar_day(moment, settings))
        assert business_date > closed_through
        last = business_date
