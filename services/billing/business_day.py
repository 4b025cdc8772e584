"""Business days: which day of an accommodation an event or a moment belongs to.

A day begins at the accommodation's cut-off hour in its zone. Days never go back: what is recorded after a day was
closed belongs to the next open one, and a change of zone or cut-off hour leads to no day that has passed.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.billing.accommodation import DAY, AccommodationConfigured, DayClosed, Settings

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""Business days that may be named; money is paid between the same years."""

DAY_STARTS_KEPT = 4_096
"""Reckoned once: very many events are of one day."""


@lru_cache(DAY_STARTS_KEPT)
def day_start(day: date, settings: Settings) -> datetime:
    """The moment (UTC) at which a business day begins.

    A time that the clocks pass twice counts the second time; one that they skip, as far after midnight as it would
    have been without the change.
    """
    zone = ZoneInfo(settings.time_zone)
    local = datetime.combine(day, time.fromisoformat(settings.business_day_starts_at), tzinfo=zone)
    again = local.replace(fold=1)
    twice = again.utcoffset() != local.utcoffset() and again.astimezone(UTC) > local.astimezone(UTC)
    return (again if twice else local).astimezone(UTC)


def calendar_day(moment: datetime, settings: Settings) -> date:
    """The day that a moment lies in by zone and cut-off hour alone."""
    day = moment.astimezone(ZoneInfo(settings.time_zone)).date()
    while moment < day_start(day, settings):  # also the day before begins later where the clocks skip its start
        day -= DAY
    return day


@dataclass(frozen=True)
class Stretch:
    """A stretch of the log from `position` on with the same settings, in which no day before `earliest` can be."""

    position: int
    settings: Settings
    earliest: date = date.min


class BusinessDays:
    """The days of one accommodation, as its events tell them: take these in order, then ask."""

    def __init__(self) -> None:
        self.stretches = [Stretch(0, Settings())]

    def take(self, event: AccommodationConfigured | DayClosed, position: int) -> None:
        """Note what an event of the accommodation changes for the events after it."""
        last = self.stretches[-1]
        if event.originator_version == 1 and isinstance(event, AccommodationConfigured):
            self.stretches = [Stretch(0, event.settings)]  # nothing has happened by other settings yet
            return
        if isinstance(event, DayClosed):
            stretch = Stretch(position, last.settings, max(last.earliest, event.business_date + DAY))
        elif event.settings == last.settings:
            return
        else:
            reached = max(last.earliest, calendar_day(event.timestamp, last.settings))
            stretch = Stretch(position, event.settings, reached)
        self.stretches.append(stretch)

    def at(self, position: int) -> Stretch:
        """The stretch that an event at a position lies in; an event that ends one still belongs to it."""
        return self.stretches[bisect_right(self.stretches, position - 1, key=lambda stretch: stretch.position) - 1]

    def business_date(self, position: int, recorded_at: datetime) -> date:
        """The day that an event belongs to."""
        stretch = self.at(position)
        return max(stretch.earliest, calendar_day(recorded_at, stretch.settings))

    def concerns(self, position: int, moment: datetime) -> date:
        """The day that a moment lies in which an event at a position tells of."""
        return calendar_day(moment, self.at(position).settings)


@dataclass(frozen=True)
class Day:
    """The business day of one event, and those of other moments that it tells of."""

    days: BusinessDays
    position: int
    recorded_at: datetime

    @property
    def business_date(self) -> date:
        """The day that the event belongs to."""
        return self.days.business_date(self.position, self.recorded_at)

    def concerned_by(self, moment: datetime) -> date:
        """The day that a moment lies in."""
        return self.days.concerns(self.position, moment)
