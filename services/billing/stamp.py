"""What a command puts on each of its events, and the clock that never goes back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypedDict

TICK = timedelta(microseconds=1)


class Stamp(TypedDict):
    """The fields that all events of one command share."""

    timestamp: datetime
    key: str
    user: str | None
    request_id: str
    reason: str | None


class Clock:
    """Moments in UTC, each later than the one before it, whatever the system's clock does.

    The log refuses an event that is older than its newest one; `advance` takes that moment over.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._last = datetime.min.replace(tzinfo=UTC)

    def next(self) -> datetime:
        """A moment later than every one given or taken over before."""
        self._last = max(self._now(), self._last + TICK)
        return self._last

    def advance(self, moment: datetime) -> None:
        """Give only moments after this one from now on."""
        self._last = max(self._last, moment)
