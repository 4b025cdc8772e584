"""An accommodation: its settings (currency, zone, start of the day, account at the provider) and its closed days."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from eventsourcing.domain import BaseAggregate, CanMutateAggregate

from services.billing.errors import InvalidParameter, InvalidState
from services.billing.event import CreatedEvent, LedgerEvent
from services.billing.ids import accommodation_stream
from services.billing.money import DEFAULT_CURRENCY
from services.billing.stamp import Stamp

DAY = timedelta(days=1)
DEFAULT_TIME_ZONE = "Asia/Seoul"
DEFAULT_BUSINESS_DAY_START = "00:00"
BUSINESS_DAY_START_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


@dataclass(frozen=True)
class Settings:
    """What an accommodation is set to; the defaults hold for one that was never configured."""

    name: str | None = None
    currency: str = DEFAULT_CURRENCY
    time_zone: str = DEFAULT_TIME_ZONE
    business_day_starts_at: str = DEFAULT_BUSINESS_DAY_START
    payssam_member: str | None = None
    payssam_merchant: str | None = None


class AccommodationConfigured(CreatedEvent):
    """The settings from now on. `in_use` once a bill exists: then the currency is fixed."""

    TOPIC = "accommodation.configured"

    accommodation_id: str
    settings: Settings
    in_use: bool

    def mutate(self, aggregate: Any) -> Any:
        """Every event of an accommodation has this one form, the first and all that follow."""
        if aggregate is None:
            return super().mutate(None)
        return CanMutateAggregate.mutate(self, aggregate)

    def apply(self, aggregate: "Accommodation") -> None:
        """Take the settings over."""
        aggregate.accommodation_id = self.accommodation_id
        aggregate.settings = self.settings
        aggregate.settings_version = self.originator_version
        aggregate.in_use = self.in_use


@dataclass(frozen=True)
class ClosedDay:
    """A business day that was closed: when, by whom, and why."""

    business_date: date
    at: datetime
    by: str
    reason: str | None

    @property
    def next(self) -> date:
        """The day after it, which is the next to be closed."""
        return self.business_date + DAY


class DayClosed(LedgerEvent):
    """A business day and all before it are closed: what is recorded from now on belongs to a later one."""

    TOPIC = "accommodation.day_closed"

    accommodation_id: str
    business_date: date

    def apply(self, aggregate: "Accommodation") -> None:
        """Remember the newest closed day."""
        aggregate.last_closed = ClosedDay(self.business_date, self.timestamp, self.by, self.reason)


class Accommodation(BaseAggregate[str]):
    """A hotel, with the settings that its bills follow, and the days that are closed.

    `settings_version` is the version at which it was configured last: closing a day leaves the settings as they are.
    """

    TOPIC = "accommodation"
    Event = LedgerEvent

    accommodation_id: str
    settings: Settings
    settings_version: int
    in_use: bool

    def __init__(self) -> None:
        """The part that a new accommodation does not have yet; the rest comes with its first event."""
        self.last_closed: ClosedDay | None = None

    @property
    def closed_through(self) -> date | None:
        """The newest closed day, None before the first closing."""
        return None if self.last_closed is None else self.last_closed.business_date

    @classmethod
    def configured(cls, stamp: Stamp, accommodation_id: str, settings: Settings, *, in_use: bool) -> "Accommodation":
        """An accommodation heard of for the first time."""
        return cls._create(
            AccommodationConfigured,
            id=accommodation_stream(accommodation_id),
            accommodation_id=accommodation_id,
            settings=check_settings(settings),
            in_use=in_use,
            **stamp,
        )

    def configure(self, stamp: Stamp, changes: dict[str, str]) -> None:
        """Replace the settings that are given and keep the others.

        Raises InvalidState when the currency would change though a bill exists.
        """
        settings = check_settings(replace(self.settings, **changes))
        if self.in_use and settings.currency != self.settings.currency:
            raise InvalidState(
                f"Bills exist in {self.settings.currency}; the currency of {self.accommodation_id} can no longer"
                f" change to {settings.currency}.",
                "/currency",
            )
        self._record(stamp, settings, self.in_use)

    def mark_in_use(self, stamp: Stamp) -> None:
        """A first bill is about to exist: from here on the currency is fixed."""
        if not self.in_use:
            self._record(stamp, self.settings, in_use=True)

    def close_day(self, stamp: Stamp, day: date, today: date) -> None:
        """Close a business day, in the order of the days; the first may be any up to `today`, the calendar's day now.

        Raises InvalidState when it is closed already, is not the next one, or has not begun.
        """
        last = self.last_closed
        if last is not None and day < last.next:
            raise InvalidState(
                f"{day} is closed already: {self.accommodation_id} is closed through {self.closed_through}."
                f" The next day to close is {last.next}.",
                "/date",
            )
        if last is not None and day > last.next:
            raise InvalidState(f"Days are closed in their order; close {last.next} before {day}.", "/date")
        if day > today:
            raise InvalidState(
                f"{day} has not begun yet: by its zone and cut-off hour, it is {today} at {self.accommodation_id}.",
                "/date",
            )
        self.trigger_event(DayClosed, accommodation_id=self.accommodation_id, business_date=day, **stamp)

    def _record(self, stamp: Stamp, settings: Settings, in_use: bool) -> None:
        self.trigger_event(
            AccommodationConfigured,
            originator_topic=self.TOPIC,
            accommodation_id=self.accommodation_id,
            settings=settings,
            in_use=in_use,
            **stamp,
        )


def check_settings(settings: Settings) -> Settings:
    """The settings themselves, or InvalidParameter when the zone or the start of the day is none."""
    if settings.time_zone not in _time_zones():
        raise InvalidParameter(
            f"{settings.time_zone!r} is no time zone of the IANA database, such as Asia/Seoul.", "/timeZone"
        )
    if not re.fullmatch(BUSINESS_DAY_START_PATTERN, settings.business_day_starts_at):
        raise InvalidParameter("The business day starts at a time HH:MM.", "/businessDayStartsAt")
    return settings


@cache
def _time_zones() -> set[str]:
    return available_timezones()
