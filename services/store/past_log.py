"""The log as the past is read from it: where it stood at a time, and the events of some streams up to a position."""

import asyncio
from collections.abc import Collection
from datetime import datetime

from eventsourcing.persistence import StoredEvent

from services.billing.feed import PlacedEvent
from services.store.codec import EventCodec
from services.store.connection import Pool
from services.store.reading import reading

AT_ONCE_EVENTS = 200
"""Events that are decoded before others in this process have their turn."""

SELECT_HEAD = "SELECT position, nullif(recorded_at, '-infinity') FROM ledger.log_head"
SELECT_POSITION_AT = """
    SELECT notification_id FROM ledger.events WHERE recorded_at <= %(at)s
     ORDER BY recorded_at DESC, notification_id DESC LIMIT 1
"""
SELECT_TIME_OF = "SELECT recorded_at FROM ledger.events WHERE notification_id = %(position)s"
SELECT_EVENTS = """
    SELECT notification_id, originator_id, originator_version, topic, state
      FROM ledger.events
     WHERE originator_id = ANY(%(streams)s) AND notification_id <= %(position)s
       AND (%(topics)s::text[] IS NULL OR topic = ANY(%(topics)s))
     ORDER BY notification_id
"""


class PastLog:
    """Reads the log, and nothing else. All raise StoreUnavailable."""

    def __init__(self, pool: Pool, codec: EventCodec) -> None:
        self._pool = pool
        self._codec = codec

    async def head(self) -> tuple[int, datetime | None]:
        """The position of the newest event and when it was recorded; 0 and None in an empty log."""
        position, recorded_at = (await reading(self._pool, SELECT_HEAD, {}))[0]
        return position, recorded_at

    async def position_at(self, at: datetime) -> int:
        """The position of the last event that was recorded up to a time, 0 before the first."""
        rows = await reading(self._pool, SELECT_POSITION_AT, {"at": at})
        return rows[0][0] if rows else 0

    async def time_of(self, position: int) -> datetime | None:
        """When the event at a position was recorded; None where there is none."""
        rows = await reading(self._pool, SELECT_TIME_OF, {"position": position})
        return rows[0][0] if rows else None

    async def events_of(
        self, streams: Collection[str], position: int, topics: Collection[str] | None = None
    ) -> list[PlacedEvent]:
        """The events of these streams up to a position, in the order of the log; only those of `topics` if given."""
        parameters = {
            "streams": list(streams),
            "position": position,
            "topics": None if topics is None else list(topics),
        }
        events = []
        for number, (at, *stored) in enumerate(await reading(self._pool, SELECT_EVENTS, parameters)):
            if number % AT_ONCE_EVENTS == 0:
                await asyncio.sleep(0)
            event = self._codec.to_domain_event(StoredEvent(*stored))
            place = (getattr(event, name, None) for name in ("accommodation_id", "folio_id"))
            events.append(PlacedEvent(at, event, *place))
        return events
