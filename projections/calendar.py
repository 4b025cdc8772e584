"""The business days of accommodations, for whoever folds events on a connection: read from the log, and remembered."""

from collections.abc import Collection
from typing import Any
from weakref import WeakKeyDictionary

from eventsourcing.persistence import MapperDeserialisationError, StoredEvent

from projections.place import Connection
from projections.read_model import Row
from services.billing.accommodation import AccommodationConfigured, DayClosed
from services.billing.business_day import BusinessDays, Day
from services.billing.event import LedgerEvent
from services.billing.ids import accommodation_stream
from services.store.codec import EventCodec

CODEC = EventCodec(transcoder=None)  # type: ignore[arg-type]
SELECT_NEWER = """
    SELECT notification_id, originator_id, originator_version, topic, state
      FROM unnest(%(streams)s::text[], %(versions)s::bigint[]) AS known (stream, version)
      JOIN ledger.events ON originator_id = known.stream AND originator_version > known.version
     ORDER BY notification_id
"""


class CalendarUnreadable(Exception):
    """An event of the accommodation cannot be read, so nobody knows which day what came after it belongs to."""


class Calendar:
    """What a connection has read of accommodations' settings and closed days. The log never changes, so all of it stays
    true whatever becomes of a transaction.
    """

    def __init__(self) -> None:
        self._days: dict[str, BusinessDays] = {}
        self._versions: dict[str, int] = {}
        self._reached: dict[str, int] = {}
        self._unreadable: dict[str, tuple[int, str]] = {}

    async def reach(self, connection: Connection, accommodations: Collection[str], position: int) -> None:
        """Know everything about these accommodations up to a position. Raises psycopg.Error."""
        streams = [accommodation_stream(each) for each in accommodations]
        behind = [stream for stream in streams if self._reached.get(stream, -1) < position]
        if not behind:
            return
        parameters = {"streams": behind, "versions": [self._versions.get(stream, 0) for stream in behind]}
        cursor = await connection.execute(SELECT_NEWER.encode(), parameters, binary=True)
        for at, *stored in await cursor.fetchall():
            self.learn(at, StoredEvent(*stored))
        self._reached.update(dict.fromkeys(behind, position))

    def learn(self, position: int, stored: StoredEvent) -> None:
        """Know the next event of an accommodation."""
        stream = str(stored.originator_id)
        self._versions[stream] = stored.originator_version
        try:
            event = CODEC.to_domain_event(stored)
        except Exception as error:
            reason = str(error) if isinstance(error, MapperDeserialisationError) else repr(error)
            self._unreadable.setdefault(stream, (position, reason))
            return
        if isinstance(event, AccommodationConfigured | DayClosed):
            self._days.setdefault(stream, BusinessDays()).take(event, position)

    def day_of(self, event: LedgerEvent, before: Row | None, position: int) -> Day:
        """The day of an event, given the row of what it is about. Raises CalendarUnreadable."""
        stream = accommodation_stream(accommodation_of(event, before))
        since, reason = self._unreadable.get(stream, (position, ""))
        if since < position:
            raise CalendarUnreadable(f"the event of {stream} at position {since} cannot be read: {reason}")
        return Day(self._days.get(stream) or BusinessDays(), position, event.timestamp)


def accommodation_of(event: Any, before: Row | None) -> str:
    """The accommodation of an event: it names it, or what was asked for does, or the row of what it is about."""
    named = getattr(event, "asked", event)
    return str(getattr(named, "accommodation_id", None) or (before or {})["accommodation_id"])


_calendars: WeakKeyDictionary[Connection, Calendar] = WeakKeyDictionary()


def calendar_of(connection: Connection) -> Calendar:
    """What a connection knows of business days."""
    return _calendars.setdefault(connection, Calendar())
