"""Following the log from outside: which events are asked for, what is found of them, and who finds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.billing.event import LedgerEvent
from services.billing.ports import StoreUnavailable


@dataclass(frozen=True)
class FeedFilter:
    """Which events, None for any: of these accommodations, of this folio, with this topic."""

    accommodations: frozenset[str] | None = None
    folio_id: str | None = None
    topic: str | None = None


@dataclass(frozen=True)
class PlacedEvent:
    """An event with its position in the log, and the accommodation and folio that it belongs to."""

    position: int
    event: LedgerEvent
    accommodation_id: str | None
    folio_id: str | None


@dataclass(frozen=True)
class Stretch:
    """All events that were asked for up to the position `reached`, of a log that ended at `head` then."""

    events: Sequence[PlacedEvent]
    reached: int
    head: int


class EventUnreadable(StoreUnavailable):
    """The next event cannot be read by this version of the service; who follows the log waits before it."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"The event at position {position} cannot be read by this version of the service; its log says why. Read"
            " on from there with a newer one: no event is left out."
        )


class EventLog(Protocol):
    """The log, as the feed reads it."""

    async def read(self, after: int, limit: int, wanted: FeedFilter) -> Stretch:
        """The next events after a position, `limit` at most.

        Looks through a bounded part of the log: what it reached may lie before the end though it found fewer, or
        nothing. Raises StoreUnavailable, EventUnreadable.
        """
        ...

    async def head(self) -> int:
        """The position of the newest event, 0 in an empty log. Raises StoreUnavailable."""
        ...

    async def wait_beyond(self, position: int, timeout_seconds: float) -> bool:
        """Wait until the log goes on after a position; False when it has not in time."""
        ...
