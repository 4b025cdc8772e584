"""Building read models from the log at a place beside those that serve, as fast as one processor allows.

While PostgreSQL writes one batch, the next one is read and decoded.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import set_json_loads

from projections.folding import Batch, read_batch
from projections.following import Follower
from projections.place import Connection, Place
from projections.read_model import ReadModel
from services.store.codec import EventCodec
from services.store.tasks import end

BATCH_EVENTS_MAX = 5_000

SELECT_HEAD = "SELECT position FROM ledger.log_head"
BEGIN_POSITION = """
    INSERT INTO read_model.positions (application_name, notification_id) VALUES (%(name)s, 0)
    ON CONFLICT (application_name) DO UPDATE SET notification_id = 0
"""
RECORD_DEFINITION = """
    INSERT INTO read_model.definitions (name, digest) VALUES (%(name)s, %(digest)s)
    ON CONFLICT (name) DO UPDATE SET digest = excluded.digest
"""
FORGET_PARKED = "DELETE FROM read_model.parked WHERE read_model = %(name)s"


class Progress:
    """Is told how a building goes; this one keeps it to itself."""

    def begins(self, name: str, position: int) -> None:
        """A read model is built on from a position, from 0 when it is begun."""

    def reached(self, position: int, until: int) -> None:
        """Everything up to a position is applied, of what is to be applied up to another."""

    def says(self, message: str) -> None:
        """Something else that takes its time."""


@asynccontextmanager
async def two_connections(conninfo: str, name: str) -> AsyncIterator[tuple[Connection, Connection]]:
    """One connection that builds, and one that reads the log meanwhile. Raises psycopg.Error."""
    async with AsyncExitStack() as stack:
        opened = []
        for role in (name, f"{name}: log"):
            connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True, application_name=role)
            opened.append(await stack.enter_async_context(connection))
        building, log = opened
        await building.execute("SET synchronous_commit = off")
        set_json_loads(msgspec.json.decode, building)
        yield building, log


class ReadAhead:
    """Reads the log batch by batch, always one further than it is asked for."""

    def __init__(self, log: Connection, codec: EventCodec) -> None:
        self._log = log
        self._codec = codec
        self._ahead: dict[tuple[int, int], asyncio.Task[Batch]] = {}

    async def read(self, _: Connection, after: int, until: int) -> Batch:
        """The events after a position, up to another. Raises psycopg.Error."""
        task = self._ahead.pop((after, until), None)
        await self.close()
        batch = await (task or read_batch(self._log, self._codec, after, until))
        if batch.last == until:
            follows = (until, until + until - after)
            self._ahead[follows] = asyncio.create_task(read_batch(self._log, self._codec, *follows))
        return batch

    async def close(self) -> None:
        """Forget what was read and not asked for."""
        await end(list(self._ahead.values()))
        self._ahead.clear()


class Building:
    """Read models that are being built at a place. Every method raises psycopg.Error."""

    def __init__(self, connection: Connection, log: Connection, place: Place, codec: EventCodec) -> None:
        self.connection = connection
        self.place = place
        self._ahead = ReadAhead(log, codec)

    async def begin(self, model: ReadModel, *indexes: str) -> None:
        """Make an empty table, with these of its indexes."""
        async with self.connection.transaction():
            await self._execute(model.drop)
            for statement in (model.table, *indexes):
                await self._execute(statement)
            await self._execute(FORGET_PARKED, name=model.name)
            await self._execute(BEGIN_POSITION, name=model.name)
            await self._execute(RECORD_DEFINITION, name=model.name, digest=model.digest)

    async def fill(self, models: Sequence[ReadModel], until: int, progress: Progress) -> None:
        """Apply the log up to a position."""
        follower = Follower(self.place, models, self._ahead.read, BATCH_EVENTS_MAX)
        reached = -1
        try:
            while reached < until:
                positions = await follower.step(self.connection, until)
                if positions is not None:
                    reached = min(positions.values())
                    progress.reached(reached, until)
        finally:
            await self._ahead.close()

    async def make_indexes(self, model: ReadModel) -> None:
        """Make the indexes that are missing, and let PostgreSQL look at what the table holds."""
        for statement in model.indexes:
            await self._execute(statement)
        await self._execute(f"ANALYZE read_model.{model.name}")

    async def head(self) -> int:
        """The position of the newest event."""
        row = await (await self._execute(SELECT_HEAD)).fetchone()
        return row[0] if row else 0

    async def _execute(self, statement: str, **parameters: Any) -> psycopg.AsyncCursor[Any]:
        return await self.connection.execute(self.place.sql(statement), parameters)
