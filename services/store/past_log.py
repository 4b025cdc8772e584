"""The log as the past is read from it: where it stood at a time, and the events of some streams up to a position."""

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Any

from eventsourcing.persistence import StoredEvent

from services.billing.feed import EventUnreadable, PlacedEvent
from services.store.codec import EventCodec
from services.store.connection import Pool
from services.store.reading import reading, reading_each

log = logging.getLogger(__name__)

SELECT_HEAD = "SELECT position, nullif(recorded_at, '-infinity') FROM ledger.log_head"
SELECT_POSITION_AT = """
    SELECT notification_id FROM ledger.events WHERE recorded_at <= %(at)s
     ORDER BY recorded_at DESC, notification_id DESC LIMIT 1
"""
SELECT_EVENTS = """
    SELECT notification_id, originator_id, originator_version, topic, state
      FROM ledger.events
     WHERE originator_id = ANY(%(streams)s) AND notification_id <= %(position)s
       AND (%(topics)s::text[] IS NULL OR topic = ANY(%(topics)s))
     ORDER BY notification_id
"""
SELECT_EVENTS_OF_STREAM = """
    SELECT notification_id, originator_id, originator_version, topic, state
      FROM ledger.events
     WHERE originator_id = %(stream)s AND notification_id <= %(position)s
       AND (topic <> %(topic)s OR notification_id >= coalesce((
               SELECT max(notification_id) FROM ledger.events
                WHERE originator_id = %(stream)s AND topic = %(topic)s AND notification_id < %(since)s), 0))
     ORDER BY notification_id
"""
COUNT_EVENTS = """
    SELECT count(*) FROM (
        SELECT FROM ledger.events
         WHERE originator_id = ANY(%(streams)s) AND notification_id > %(after)s AND notification_id <= %(until)s
           AND (NOT %(with_effect)s OR (convert_from(state, 'UTF8')::jsonb ->> 'balance_effect')::bigint <> 0)
         LIMIT %(most)s) AS found
"""


class PastLog:
    """Reads the log, and nothing else. All raise StoreUnavailable, and those for events EventUnreadable."""

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

    async def events_of(
        self, streams: Collection[str], position: int, topics: Collection[str] | None = None
    ) -> list[PlacedEvent]:
        """The events of these streams up to a position, in the order of the log; only those of `topics` if given."""
        parameters = {
            "streams": list(streams),
            "position": position,
            "topics": None if topics is None else list(topics),
        }
        return await reading_each(self._pool, SELECT_EVENTS, parameters, self._placed)

    async def events_of_stream(self, stream: str, position: int, topic: str, since: int) -> list[PlacedEvent]:
        """The events of a stream up to a position, in the order of the log; those of a topic only from its last one
        before `since` on.
        """
        parameters = {"stream": stream, "position": position, "topic": topic, "since": since}
        return await reading_each(self._pool, SELECT_EVENTS_OF_STREAM, parameters, self._placed)

    async def count_of(
        self, streams: Collection[str], after: int, until: int, most: int, *, with_effect: bool = False
    ) -> int:
        """How many events of these streams, with an effect on a balance if so asked, are after a position up to
        another; counted up to `most`.
        """
        parameters = {
            "streams": list(streams),
            "after": after,
            "until": until,
            "with_effect": with_effect,
            "most": most,
        }
        count: int = (await reading(self._pool, COUNT_EVENTS, parameters))[0][0]
        return count

    def _placed(self, row: tuple[Any, ...]) -> PlacedEvent:
        position, *stored = row
        try:
            event = self._codec.to_domain_event(StoredEvent(*stored))
        except Exception as error:
            log.exception("the event at position %d cannot be read", position)
            raise EventUnreadable(position) from error
        place = (getattr(event, name, None) for name in ("accommodation_id", "folio_id"))
        return PlacedEvent(position, event, *place)
