"""Links for events, in the order of the log: what is sealed next, and what it is linked to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from services.evidence.chain import Link, Tampered, actor_in, chain_of, facts_in, folio_in, origin_of

BATCH_EVENTS_MAX = 2_000


def moment_text(column: str) -> str:
    """SQL for a time as links and checkpoints hold it; a year without four digits of our era is told as it is.

    Without that, a time before Christ would read like the one in the same year after.
    """
    within = f"{column} >= '0001-01-01 00:00:00Z' AND {column} < '10000-01-01 00:00:00Z'"
    text = f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    return f"CASE WHEN {within} THEN {text} ELSE {column}::text END"


SELECT_SEALED = "SELECT coalesce(max(position), 0) FROM ledger.links"
SELECT_SIGNED = "SELECT coalesce(max(position), 0) FROM ledger.checkpoints"
SELECT_EVENTS = f"""
    SELECT notification_id, originator_id, originator_version, topic, {moment_text("recorded_at")}, state
      FROM ledger.events WHERE notification_id > %(after)s ORDER BY notification_id LIMIT %(limit)s
"""  # noqa: S608 -- the name of a column
SELECT_FIRST_STATES = """
    SELECT originator_id, state FROM ledger.events
     WHERE originator_id = ANY(%(streams)s) AND originator_version = 1
"""
SELECT_HEADS = """
    SELECT wanted.chain, head.number, head.hash
      FROM unnest(%(chains)s::text[]) AS wanted (chain)
     CROSS JOIN LATERAL (
        SELECT number, hash FROM ledger.links WHERE links.chain = wanted.chain ORDER BY number DESC LIMIT 1) AS head
"""
COPY_LINKS = "COPY ledger.links (position, chain, number, previous, hash) FROM STDIN (FORMAT binary)"
LINK_TYPES = ("int8", "text", "int8", "bytea", "bytea")

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Sealed:
    """An event with its place: which link of which chain; `said_at` is the moment that its payload says."""

    link: Link
    chain: str
    said_at: Any


def link_next(connection: Connection) -> int:
    """Link the next events of the log to their chains, in the caller's transaction; returns how many.

    Raises Tampered when an event is missing or cannot be read, or links are that were signed; psycopg.Error.
    """
    after, signed = sealed_position(connection), signed_position(connection)
    if after < signed:
        raise Tampered(f"The links end at position {after}; those up to {signed} were signed.")
    events = _read(connection, after)
    heads = {chain: (number, hash_) for chain, number, hash_ in _heads(connection, {each.chain for each in events})}
    with connection.cursor() as cursor, cursor.copy(COPY_LINKS) as copy:
        copy.set_types(LINK_TYPES)
        for expected, each in enumerate(events, after + 1):
            if each.link.position != expected:
                raise Tampered(f"The event at position {expected} is missing.")
            number, previous = heads.get(each.chain) or (0, origin_of(each.chain))
            hash_ = each.link.hash(previous)
            copy.write_row((each.link.position, each.chain, number + 1, previous, hash_))
            heads[each.chain] = number + 1, hash_
    return len(events)


def _read(connection: Connection, after: int) -> list[Sealed]:
    parameters = {"after": after, "limit": BATCH_EVENTS_MAX}
    rows = connection.execute(SELECT_EVENTS.encode(), parameters, binary=True).fetchall()
    if any(None in row for row in rows):
        raise Tampered(f"One of the events after position {after} lacks a part.")
    events = placed(rows, lambda streams: connection.execute(SELECT_FIRST_STATES, {"streams": streams}).fetchall())
    for each in events:
        _check(each)
    return events


def _check(each: Sealed) -> None:
    """Names that PostgreSQL could never have taken, with NUL or half of a character, were put there by hand."""
    try:
        names = each.chain.encode() + each.link.actor.encode()
    except UnicodeEncodeError:
        names = b"\0"
    if b"\0" in names:
        raise Tampered(f"The event at position {each.link.position} holds a name that cannot be.")


def placed(rows: Sequence[tuple[Any, ...]], first_states: Any) -> list[Sealed]:
    """Rows of the log (position, stream, version, topic, recordedAt, state), each with its chain.

    `first_states` gives stream and state of the first events of some streams: those that name their folio there.
    """
    facts = [facts_in(row[5]) for row in rows]
    elsewhere = {row[1] for row, named in zip(rows, facts, strict=True) if folio_in(named) is None}
    first = {stream: facts_in(state or b"") for stream, state in first_states(list(elsewhere))} if elsewhere else {}
    return [
        Sealed(
            Link(position, stream, version, topic, recorded_at, actor_in(named), bytes(state)),
            chain_of(stream, named, first.get(stream, {})),
            named.get("timestamp"),
        )
        for (position, stream, version, topic, recorded_at, state), named in zip(rows, facts, strict=True)
    ]


def _heads(connection: Connection, chains: Iterable[str]) -> list[tuple[Any, ...]]:
    return connection.execute(SELECT_HEADS, {"chains": list(chains)}).fetchall()


def sealed_position(connection: Connection) -> int:
    """The position of the last link, 0 without one."""
    return only_number(connection, SELECT_SEALED)


def signed_position(connection: Connection) -> int:
    """The position of the last checkpoint, 0 without one."""
    return only_number(connection, SELECT_SIGNED)


def only_number(connection: Connection, query: str) -> int:
    """The number that is all that a query gives."""
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
