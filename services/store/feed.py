"""The log as the feed reads it: in order, by accommodation, in steps that are bounded however rare an event is.

Whose an event is stands in the event or, for the later events of a payment request, in the first one of its
stream. PostgreSQL looks, so that events of others never leave it.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import StoredEvent

from services.billing.feed import EventUnreadable, FeedFilter, PlacedEvent, Stretch
from services.billing.ports import StoreUnavailable
from services.store.codec import EventCodec
from services.store.connection import Pool
from services.store.listening import Signal
from services.store.log_store import SELECT_POSITION
from services.store.reading import reading
from services.store.tasks import end

STEP_EVENTS = 10_000
"""How much of the log one statement looks through for events of some accommodations."""
READS_MAX = 3
"""Connections that the feed takes at once, of those that commands and queries share with it."""
POLL_SECONDS = 0.5
"""How often the log is looked at without an announcement: one can be lost with its connection."""
REST_SECONDS = 0.01
"""How long commits may gather before those who follow look again."""

SELECT_STRETCH = """
    SELECT log_head.position, found.*
      FROM ledger.log_head LEFT JOIN LATERAL (
        SELECT event.notification_id, event.originator_id, event.originator_version, event.topic, event.state,
               place.fields ->> 'accommodation_id', place.fields ->> 'folio_id'
          FROM ledger.events AS event
         CROSS JOIN LATERAL (SELECT convert_from(event.state, 'UTF8')::jsonb AS fields OFFSET 0) AS own
         CROSS JOIN LATERAL (
            SELECT coalesce(
                CASE WHEN own.fields ? 'accommodation_id' THEN own.fields ELSE own.fields -> 'asked' END,
                (SELECT convert_from(first.state, 'UTF8')::jsonb -> 'asked' FROM ledger.events AS first
                  WHERE first.originator_id = event.originator_id AND first.originator_version = 1)
            ) AS fields OFFSET 0) AS place
         WHERE event.notification_id > %(after)s::bigint
           AND event.notification_id <= least(%(after)s::bigint + %(step)s::bigint, log_head.position)
           AND (%(topic)s::text IS NULL OR event.topic = %(topic)s)
           AND (%(accommodations)s::text[] IS NULL OR place.fields ->> 'accommodation_id' = ANY(%(accommodations)s))
           AND (%(folio_id)s::text IS NULL OR place.fields ->> 'folio_id' = %(folio_id)s)
         ORDER BY event.notification_id LIMIT %(limit)s
      ) AS found ON true
"""

log = logging.getLogger(__name__)


class StoredFeed:
    """Reads the log for everybody who follows it, and knows when it goes on."""

    def __init__(self, pool: Pool, codec: EventCodec, announced: Signal) -> None:
        self._pool = pool
        self._codec = codec
        self._announced = announced
        self._reads = asyncio.Semaphore(READS_MAX)
        self._head = 0
        self._advanced = Signal()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to watch where the log ends."""
        self._tasks = [asyncio.create_task(self._watch(), name="feed")]

    async def close(self) -> None:
        """Stop."""
        await end(self._tasks)

    async def read(self, after: int, limit: int, wanted: FeedFilter) -> Stretch:
        """The next events after a position, of a bounded part of the log. Raises StoreUnavailable, EventUnreadable."""
        step = limit if wanted == FeedFilter() else STEP_EVENTS
        parameters = {
            "after": after,
            "limit": limit,
            "step": step,
            "topic": wanted.topic,
            "folio_id": wanted.folio_id,
            "accommodations": None if wanted.accommodations is None else list(wanted.accommodations),
        }
        async with self._reads:
            rows = await reading(self._pool, SELECT_STRETCH, parameters)
        head: int = rows[0][0]
        found = [row[1:] for row in rows if row[1] is not None]
        events = self._readable(found)
        if len(events) < len(found) and not events:
            raise EventUnreadable(found[0][0])
        cut = len(events) == limit or len(events) < len(found)
        reached = events[-1].position if cut else min(after + step, max(head, after))
        return Stretch(events, reached, head)

    def _readable(self, rows: Sequence[tuple[Any, ...]]) -> list[PlacedEvent]:
        """The events before the first that this version cannot read."""
        events: list[PlacedEvent] = []
        for position, *stored, accommodation_id, folio_id in rows:
            try:
                event = self._codec.to_domain_event(StoredEvent(*stored))
            except Exception:
                log.exception("the event at position %d cannot be read", position)
                break
            events.append(PlacedEvent(position, event, accommodation_id, folio_id))
        return events

    async def head(self) -> int:
        """The position of the newest event, 0 in an empty log. Raises StoreUnavailable."""
        position: int = (await reading(self._pool, SELECT_POSITION, {}))[0][0]
        return position

    async def wait_beyond(self, position: int, timeout_seconds: float) -> bool:
        """Wait until the log goes on after a position; False when it has not in time."""
        if self._head <= position:
            await self._advanced.wait(self._advanced.count, timeout_seconds)
        return self._head > position

    async def _watch(self) -> None:
        """Look where the log ends, once for everybody, after each announcement and now and then without one."""
        while True:
            seen = self._announced.count
            try:
                self._note(await self.head())
            except StoreUnavailable:
                pass  # looked at again soon; whoever waits is told nothing meanwhile
            except Exception:
                log.exception("where the log ends is not known, trying again")
            await asyncio.sleep(REST_SECONDS)
            await self._announced.wait(seen, POLL_SECONDS)

    def _note(self, head: int) -> None:
        if head != self._head:
            self._head = head
            self._advanced.send()
