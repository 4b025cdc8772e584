"""Every event and its link, read once in the order of the log, in constant memory."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from services.audit.findings import Finding, Kind
from services.store.linking import SELECT_FIRST_STATES, Connection, Sealed, moment_text, placed

BATCH_EVENTS = 2_000
CURSOR = "audited_events"

SELECT_EVENTS = f"""
    SELECT event.notification_id, event.originator_id, event.originator_version, event.topic,
           {moment_text("event.recorded_at")}, event.state, link.chain, link.previous, link.hash
      FROM ledger.events AS event LEFT JOIN ledger.links AS link ON link.position = event.notification_id
     WHERE event.notification_id > %(after)s ORDER BY event.notification_id
"""  # noqa: S608 -- the name of a column

Reached = Callable[[int], None]
Row = tuple[Any, ...]


class EventCheck:
    """Checks events after a position; `sealed` is the position up to which there must be links."""

    def __init__(self, connection: Connection, after: int, sealed: int) -> None:
        self.events = 0
        self._connection = connection
        self._sealed = sealed
        self._position = after
        self._recorded_at = ""

    def findings(self, reached: Reached) -> Iterator[Finding]:
        """What is wrong with them; `reached` is told the position now and then. Raises psycopg.Error."""
        with self._connection.cursor(CURSOR, binary=True) as cursor:
            cursor.itersize = BATCH_EVENTS
            cursor.execute(SELECT_EVENTS.encode(), {"after": self._position})
            while rows := cursor.fetchmany(BATCH_EVENTS):
                yield from self._batch(rows)
                reached(self._position)

    def _batch(self, rows: Sequence[Row]) -> Iterator[Finding]:
        whole = [row for row in rows if None not in row[:6]]
        events = iter(placed([row[:6] for row in whole], self._first_states))
        self.events += len(rows)
        for row in rows:
            if None in row[:6]:
                yield from self._place(row[0])
                yield Finding(Kind.EVENT_DIFFERS, f"The event at position {row[0]} lacks a part.", row[0])
                continue
            each, (chain, previous, hash_) = next(events), row[6:]
            link = each.link
            if not (
                link.position == self._position + 1
                and link.recorded_at >= self._recorded_at
                and link.recorded_at == each.said_at
                and chain == each.chain
                and previous is not None
                and _hash(each, previous) == hash_
            ):
                yield from self._order(each)
                yield from self._link(each, chain, previous, hash_)
            self._position, self._recorded_at = link.position, link.recorded_at

    def _first_states(self, streams: list[str]) -> Sequence[Row]:
        return self._connection.execute(SELECT_FIRST_STATES, {"streams": streams}, binary=True).fetchall()

    def _place(self, position: int) -> Iterator[Finding]:
        expected = self._position + 1
        if position > expected:
            gone = f"position {expected}" if position == expected + 1 else f"positions {expected} to {position - 1}"
            yield Finding(Kind.EVENT_MISSING, f"There is no event at {gone}.", expected)
        elif position < expected:
            yield Finding(Kind.EVENT_SURPLUS, f"Position {position} has more than one event or link.", position)
        self._position = position

    def _order(self, each: Sealed) -> Iterator[Finding]:
        link = each.link
        yield from self._place(link.position)
        if link.recorded_at < self._recorded_at:
            yield Finding(Kind.TIME_GOES_BACK, f"{_named(each)} was recorded before the one before it.", link.position)
        if not _same_moment(each.said_at, link.recorded_at):
            yield Finding(
                Kind.TIME_GOES_BACK, f"{_named(each)} was recorded at another moment than it says.", link.position
            )

    def _link(self, each: Sealed, chain: str | None, previous: bytes | None, hash_: bytes | None) -> Iterator[Finding]:
        position = each.link.position
        if chain is None or previous is None or hash_ is None:
            if position <= self._sealed:
                yield Finding(Kind.LINK_MISSING, f"{_named(each)} has no link.", position)
            return
        if chain != each.chain:
            yield Finding(
                Kind.LINK_MISPLACED, f"{_named(each)} belongs to {each.chain}, its link is in {chain}.", position
            )
        if _hash(each, previous) != hash_:
            yield Finding(Kind.EVENT_DIFFERS, f"{_named(each)} is not what was sealed.", position)


def _hash(each: Sealed, previous: bytes) -> bytes | None:
    """The hash of an event's link; None for a name that holds half a character, which was never sealed."""
    try:
        return each.link.hash(previous)
    except UnicodeEncodeError:
        return None


def _named(each: Sealed) -> str:
    link = each.link
    return f"The event at position {link.position} ({link.topic}, version {link.version} of {link.stream})"


def _same_moment(said: Any, recorded_at: str) -> bool:
    if said == recorded_at:
        return True
    try:
        return datetime.fromisoformat(str(said)) == datetime.fromisoformat(recorded_at)
    except ValueError:
        return False
