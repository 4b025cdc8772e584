"""Events into rows: a batch of the log is read and decoded once, and folded into every read model that it touches."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.rows import dict_row

from projections.calendar import Calendar, accommodation_of, calendar_of
from projections.place import Connection, Place
from projections.read_model import ReadModel, Row
from services.store.codec import EventCodec

SELECT_EVENTS = """
    SELECT notification_id, originator_id, originator_version, topic, state FROM ledger.events
     WHERE notification_id > %(after)s AND notification_id <= %(until)s ORDER BY notification_id
"""
INSERT_WAITING = """
    INSERT INTO read_model.parked (read_model, position, folio)
    SELECT %(read_model)s, each.position, each.folio
      FROM unnest(%(positions)s::bigint[], %(folios)s::text[]) AS each (position, folio)
    ON CONFLICT (read_model, position) DO NOTHING
"""
BLAMED_ON_EVENTS = ("22", "23", "44", "54", "P0")
"""Classes of SQLSTATE that tell of values: out of range, against a constraint, too long, refused by a trigger.
Whatever else goes wrong with a statement, such as a lost connection or a missing table, no event is to blame for."""


class EventFailed(Exception):
    """A read model cannot take an event."""

    def __init__(self, read_model: str, position: int, folio: str, reason: BaseException | str) -> None:
        self.reason = reason if isinstance(reason, str) else _told(reason)
        super().__init__(f"the read model {read_model} cannot take the event at position {position}: {self.reason}")
        self.read_model = read_model
        self.position = position
        self.folio = folio

    @property
    def parameters(self) -> dict[str, Any]:
        """What is kept of it."""
        names = ("read_model", "position", "folio", "reason")
        return {name: getattr(self, name) for name in names}


class BatchFailed(Exception):
    """The rows of several events were refused together; which event it is shows when they come alone."""

    def __init__(self, read_model: str, batch: "Batch", reason: BaseException) -> None:
        super().__init__(f"the read model {read_model} cannot take the batch up to {batch.last}: {_told(reason)}")
        self.read_model = read_model
        self.positions = batch.last - batch.after


@dataclass(frozen=True)
class Unreadable:
    """Stands for an event that cannot be decoded."""

    originator_id: str
    folio_id: str | None
    reason: str


@dataclass(frozen=True)
class Batch:
    """Events of the log with their positions. Who stands at `after` stands at `last` when he has taken them."""

    after: int
    last: int
    events: Sequence[tuple[int, Any]]
    unreadable: Mapping[int, Unreadable]


Source = Callable[[int], Awaitable[Batch]]
"""Gives the batch after a position."""


def folio_of(event: Any) -> str:
    """What an event shares its rows with: its folio, or its stream where it has none."""
    folio: str = getattr(event, "folio_id", None) or event.originator_id
    return folio


async def read_batch(codec: EventCodec, connection: Connection, after: int, until: int) -> Batch:
    """The events after a position, up to another. Raises psycopg.Error."""
    bounds = {"after": after, "until": until}
    cursor = await connection.execute(SELECT_EVENTS.encode(), bounds, binary=True)
    rows = await cursor.fetchall()
    return decode(codec, after, rows[-1][0] if rows else after, rows)


def decode(codec: EventCodec, after: int, last: int, rows: Sequence[tuple[Any, ...]]) -> Batch:
    """Rows of the log as a batch."""
    events, unreadable = [], {}
    for position, stream, version, topic, state in rows:
        try:
            event = codec.to_domain_event(StoredEvent(stream, version, topic, state))
        except Exception as error:
            event = unreadable[position] = Unreadable(stream, _folio_in(state), _told(error))
        events.append((position, event))
    return Batch(after, last, events, unreadable)


def _folio_in(state: bytes) -> str | None:
    try:
        return str(msgspec.json.decode(state)["folio_id"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None


async def move(
    connection: Connection, place: Place, models: Sequence[ReadModel], source: Source, announcement: str | None = None
) -> dict[str, int]:
    """Apply the next events to read models, rows and positions in one transaction; returns the new positions.

    They need not stand at one position: each takes only what it has not yet. The `announcement`, a statement, is
    made also when there was no event.
    Raises EventFailed, BatchFailed, OtherDefinition, psycopg.Error; nothing has changed then.
    """
    async with connection.transaction():
        standings = await place.lock(connection, models)
        batch = await source(min(standing.position for standing in standings.values()))
        if batch.events:
            for model in models:
                standing = standings[model.name]
                await project(connection, place, model, standing.applied, batch, standing.blocked)
            await place.stand_at(connection, models, batch.last)
        if announcement is not None:
            await connection.execute(announcement.encode())
    return {name: max(standing.position, batch.last) for name, standing in standings.items()}


async def project(
    connection: Connection, place: Place, model: ReadModel, after: int, batch: Batch, blocked: Mapping[str, int]
) -> None:
    """Fold the events after the read model's own position into its rows: read once, write once.

    Events of a blocked folio are parked behind the one that blocks it. Raises EventFailed, BatchFailed, psycopg.Error.
    """
    events = batch.events
    if blocked or batch.unreadable:
        events = await _unblocked(connection, place, model, after, batch, blocked)
    key_of = model.key_of
    touching = [
        (key, position, event) for position, event in events if position > after and (key := key_of(event)) is not None
    ]
    if not touching:
        return
    rows = await _rows(connection, place, model, list({key for key, _, _ in touching}))
    calendar = await _calendar(connection, model, rows, touching)
    primary, changed = model.columns[0], {}
    for key, position, event in touching:
        row = rows.get(key)
        try:
            day = None if calendar is None else calendar.day_of(event, row, position)
            taken = model.take(row, event, position, day)
        except Exception as error:
            raise EventFailed(model.name, position, folio_of(event), error) from error
        rows[key] = taken[-1]
        changed.update({row[primary]: row for row in taken})
    try:
        await _write(connection, place, model, list(changed.values()))
    except Exception as error:
        if isinstance(error, psycopg.Error) and (error.sqlstate or "")[:2] not in BLAMED_ON_EVENTS:
            raise
        if len(touching) == 1:
            _, position, event = touching[0]
            raise EventFailed(model.name, position, folio_of(event), error) from error
        raise BatchFailed(model.name, batch, error) from error


async def _unblocked(
    connection: Connection, place: Place, model: ReadModel, after: int, batch: Batch, blocked: Mapping[str, int]
) -> Sequence[tuple[int, Any]]:
    """The events that nothing holds up; the others are parked."""
    free, waiting = [], {}
    for position, event in batch.events:
        folio = folio_of(event)
        if position <= after:
            continue
        if position >= blocked.get(folio, position + 1):
            if position in batch.unreadable or model.key_of(event) is not None:
                waiting[position] = folio
        elif position in batch.unreadable:
            raise EventFailed(model.name, position, folio, batch.unreadable[position].reason)
        else:
            free.append((position, event))
    if waiting:
        parameters = {"read_model": model.name, "positions": list(waiting), "folios": list(waiting.values())}
        await connection.execute(place.sql(INSERT_WAITING), parameters)
    return free


async def _rows(connection: Connection, place: Place, model: ReadModel, keys: Sequence[str]) -> dict[str, Any]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(place.sql(model.select), {"keys": keys})
        return {row[model.key]: row for row in await cursor.fetchall()}


async def _calendar(
    connection: Connection, model: ReadModel, rows: Mapping[str, Row], touching: Sequence[tuple[str, int, Any]]
) -> Calendar | None:
    """The business days of all accommodations that these events are of, None for a read model without days."""
    if not model.needs_days:
        return None
    calendar = calendar_of(connection)
    accommodations = set()
    for key, _, event in touching:
        with contextlib.suppress(KeyError):  # of what began in this batch, another of these events names it
            accommodations.add(accommodation_of(event, rows.get(key)))
    await calendar.reach(connection, accommodations, max(position for _, position, _ in touching))
    return calendar


async def _write(connection: Connection, place: Place, model: ReadModel, rows: Sequence[Any]) -> None:
    encoded = msgspec.json.encode(rows).decode()
    await connection.execute(place.sql(model.upsert), {"rows": encoded})


def _told(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
