"""The engine: follows the log and writes the read models, exactly once, in batches.

A batch's rows and positions are written in one transaction, with the positions locked, so that an event
changes a row once even when two processes run; a batch that fails leaves no trace and is tried again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.rows import dict_row

from projections.read_model import ReadModel
from services.store.codec import EventCodec
from services.store.connection import connect
from services.store.recorder import CHANNEL
from services.store.tasks import end

BATCH_EVENTS_MAX = 500
BATCH_SECONDS_MAX = 0.05
"""How long events may wait for company; a query that waits for them ends this at once."""
LISTEN_SECONDS = 30.0
"""How long to listen before asking whether the connection is still one: silence says nothing."""
POLL_SECONDS = 0.5
"""How often the log is looked at without a notification: one can be lost with its connection."""
RETRY_SECONDS = 0.5
LOCK = 0x50726F6A  # "Proj": only one process prepares the tables at a time

SELECT_POSITIONS = """
    SELECT application_name, notification_id FROM read_model.positions
     WHERE application_name = ANY(%(names)s) ORDER BY application_name FOR UPDATE
"""
SELECT_EVENTS = """
    SELECT notification_id, originator_id, originator_version, topic, state FROM ledger.events
     WHERE notification_id > %(after)s ORDER BY notification_id LIMIT %(limit)s
"""
UPDATE_POSITIONS = """
    UPDATE read_model.positions SET notification_id = %(position)s
     WHERE application_name = ANY(%(names)s) AND notification_id < %(position)s
"""
SELECT_DEFINITION = "SELECT digest FROM read_model.definitions WHERE name = %(name)s"
RECORD_DEFINITION = """
    INSERT INTO read_model.definitions (name, digest) VALUES (%(name)s, %(digest)s)
    ON CONFLICT (name) DO UPDATE SET digest = excluded.digest
"""
RESET_POSITION = """
    INSERT INTO read_model.positions (application_name, notification_id) VALUES (%(name)s, 0)
    ON CONFLICT (application_name) DO UPDATE SET notification_id = 0
"""

log = logging.getLogger(__name__)


def prepare(conninfo: str, models: Sequence[ReadModel]) -> list[str]:
    """Make the tables that are missing or defined otherwise; returns the names of those, now empty.

    Raises psycopg.Error when the database is away.
    """
    made = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        for model in models:
            with connection.transaction():
                row = connection.execute(SELECT_DEFINITION, {"name": model.name}).fetchone()
                if row is not None and bytes(row[0]) == model.digest:
                    continue
                connection.execute(model.drop.encode())
                connection.execute(model.definition.encode())
                connection.execute(RESET_POSITION, {"name": model.name})
                connection.execute(RECORD_DEFINITION, {"name": model.name, "digest": model.digest})
                made.append(model.name)
    return made


class Runner:
    """Keeps a group of read models up with the log, all at one position once they have caught up."""

    def __init__(self, conninfo: str, models: Sequence[ReadModel], codec: EventCodec) -> None:
        self._conninfo = conninfo
        self._models = models
        self._codec = codec
        self.names = [model.name for model in models]
        self._arrived = asyncio.Event()
        self._hurried = asyncio.Event()
        self._advanced = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self.position = 0

    async def start(self) -> None:
        """Begin to follow the log."""
        self._tasks = [
            asyncio.create_task(self._listen(), name="projections: listen"),
            asyncio.create_task(self._follow(), name="projections: follow"),
        ]

    async def close(self) -> None:
        """Stop between two batches, or in the middle of one, which then leaves no trace."""
        await end(self._tasks)

    async def wait_for(self, position: int, timeout_seconds: float) -> bool:
        """Hurry, and wait until the read models have reached a position; False when they have not in time."""
        self._hurried.set()
        self._arrived.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds), self._advanced:
                await self._advanced.wait_for(lambda: self.position >= position)
        return self.position >= position

    async def _listen(self) -> None:
        while True:
            try:
                async with await connect(self._conninfo, "folio listener") as connection:
                    while True:
                        await connection.execute(f"LISTEN {CHANNEL}".encode())
                        self._arrived.set()
                        async for _ in connection.notifies(timeout=LISTEN_SECONDS):
                            self._arrived.set()
            except psycopg.Error as error:
                log.warning("listening for events broke off, trying again: %s", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        while True:
            try:
                async with await connect(self._conninfo, "folio projections") as connection:
                    await connection.execute("SET synchronous_commit = off")
                    while True:
                        if not await self.run_batch(connection):
                            await self._wait_for_events()
            except psycopg.Error as error:
                log.warning("read models stand still at position %d, trying again: %s", self.position, error)
            except Exception:
                log.exception("read models stand still at position %d, trying again", self.position)
            await asyncio.sleep(RETRY_SECONDS)

    async def _wait_for_events(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), POLL_SECONDS)
        with contextlib.suppress(TimeoutError):
            if self._arrived.is_set():
                await asyncio.wait_for(self._hurried.wait(), BATCH_SECONDS_MAX)
        self._arrived.clear()
        self._hurried.clear()

    async def run_batch(self, connection: psycopg.AsyncConnection[Any]) -> bool:
        """Apply the next events to the read models; False when there were none. Raises psycopg.Error."""
        async with connection.transaction():
            cursor = await connection.execute(SELECT_POSITIONS, {"names": self.names})
            positions: dict[str, int] = dict(await cursor.fetchall())
            after = min(positions.values())
            cursor = await connection.execute(SELECT_EVENTS, {"after": after, "limit": BATCH_EVENTS_MAX})
            rows = await cursor.fetchall()
            if rows:
                events = [(row[0], self._codec.to_domain_event(StoredEvent(*row[1:]))) for row in rows]
                for model in self._models:
                    await _project(connection, model, positions[model.name], events)
                await connection.execute(UPDATE_POSITIONS, {"names": self.names, "position": rows[-1][0]})
        await self._advance(rows[-1][0] if rows else after)
        return bool(rows)

    async def _advance(self, position: int) -> None:
        if position > self.position:
            async with self._advanced:
                self.position = position
                self._advanced.notify_all()


async def _project(
    connection: psycopg.AsyncConnection[Any], model: ReadModel, after: int, events: Sequence[tuple[int, Any]]
) -> None:
    """Fold the events after the model's own position into its rows: read once, write once."""
    touching = [
        (key, position, event)
        for position, event in events
        if position > after and (key := model.key_of(event)) is not None
    ]
    if not touching:
        return
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(model.select.encode(), {"keys": list({key for key, _, _ in touching})})
        rows = {row[model.columns[0]]: row for row in await cursor.fetchall()}
        for key, position, event in touching:
            rows[key] = model.apply(rows.get(key), event, position)
        encoded = msgspec.json.encode(list(rows.values())).decode()
        await cursor.execute(model.upsert.encode(), {"rows": encoded})
