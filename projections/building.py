"""Building read models from the log at a place beside those that serve, as fast as one processor allows.

While PostgreSQL writes one batch, the next one is read and decoded.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from itertools import groupby
from operator import attrgetter
from secrets import token_hex
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import set_json_loads

from projections.folding import Batch, read_batch
from projections.following import Follower, Read
from projections.loading import LOADED_EVENTS_MIN, Loading, read_loads
from projections.place import Connection, Place, set_up_writing
from projections.read_model import ReadModel
from services.store.codec import EventCodec
from services.store.connection import connect_patiently
from services.store.log_store import SELECT_POSITION
from services.store.tasks import end

BATCH_EVENTS_MAX = 5_000
ATTEMPTS = 1
"""At an event that cannot be taken: nobody waits for these rows, and what was wrong with it stays so."""
COLLECTED_OBJECTS = 200_000

BEGIN_POSITION = """
    INSERT INTO read_model.positions (application_name, notification_id) VALUES (%(name)s, 0)
    ON CONFLICT (application_name) DO UPDATE SET notification_id = 0
"""
RECORD_DEFINITION = """
    INSERT INTO read_model.definitions (name, digest) VALUES (%(name)s, %(digest)s)
    ON CONFLICT (name) DO UPDATE SET digest = excluded.digest
"""
FORGET_PARKED = "DELETE FROM read_model.parked WHERE read_model = %(name)s"


class LogLacksEvents(Exception):
    """The log has a hole: positions have none of their own, so somebody has taken events away."""

    def __init__(self, after: int, until: int) -> None:
        super().__init__(
            f"The log lacks events between {after + 1} and {until}, so nothing can be made of it."
            " 'folio audit verify' tells more; a backup has them."
        )


class Progress:
    """Is told how a building goes; this one keeps it to itself."""

    def begins(self, name: str, events: int) -> None:
        """A read model is built on after so many events, 0 when it is begun."""

    def reached(self, events: int, until: int) -> None:
        """So many events are applied of so many."""

    def says(self, message: str) -> None:
        """Something else that takes its time."""


@asynccontextmanager
async def two_connections(conninfo: str, name: str) -> AsyncIterator[tuple[Connection, Connection]]:
    """One connection that builds, and one that reads the log meanwhile. Raises psycopg.Error."""
    async with AsyncExitStack() as stack:
        stack.enter_context(_rare_collections())
        building = await stack.enter_async_context(await connect_patiently(conninfo, name))
        log = await stack.enter_async_context(await connect_patiently(conninfo, f"{name}: log"))
        await set_up_writing(building)
        await log.execute("SET max_parallel_workers_per_gather = 0")  # the processors are busy with the rest
        set_json_loads(msgspec.json.decode, building)
        yield building, log


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let Python look for garbage less often: events and rows hold no cycles, and there are very many of them."""
    threshold = gc.get_threshold()
    gc.set_threshold(COLLECTED_OBJECTS, *threshold[1:])
    try:
        yield
    finally:
        gc.set_threshold(*threshold)


class ReadAhead:
    """Reads the log batch by batch, always one further than it is asked for."""

    def __init__(self, log: Connection, read: Read) -> None:
        self._log = log
        self._read = read
        self._ahead: dict[tuple[int, int], asyncio.Task[Batch]] = {}

    async def read(self, _: Connection, after: int, until: int) -> Batch:
        """The events after a position, up to another. Raises psycopg.Error."""
        task = self._ahead.pop((after, until), None)
        await self.close()
        batch = await (task or self._read(self._log, after, until))
        if batch.last == until:
            follows = (until, until + until - after)
            self._ahead[follows] = asyncio.create_task(self._begin(*follows))
        return batch

    async def _begin(self, after: int, until: int) -> Batch:
        return await self._read(self._log, after, until)

    async def close(self) -> None:
        """Forget what was read and not asked for."""
        await end(list(self._ahead.values()))
        self._ahead.clear()


class Building:
    """Read models that are being built at a place. Every method raises psycopg.Error; filling, LogLacksEvents, and
    TooManyFailed when more than `parked_max` events cannot be taken.
    """

    def __init__(
        self, connection: Connection, log: Connection, place: Place, codec: EventCodec, parked_max: int | None = None
    ) -> None:
        self.connection = connection
        self.place = place
        self._log = log
        self._codec = codec
        self._parked_max = parked_max

    async def begin(self, model: ReadModel, *indexes: str) -> None:
        """Make an empty table, with these of its indexes."""
        async with self.connection.transaction():
            await self._execute(model.drop)
            for statement in (model.table, *model.filling_indexes, *indexes):
                await self._execute(statement)
            await self._execute(FORGET_PARKED, name=model.name)
            await self._execute(BEGIN_POSITION, name=model.name)
            await self._execute(RECORD_DEFINITION, name=model.name, digest=model.digest)

    async def begin_loading(self, models: Sequence[ReadModel]) -> None:
        """Make empty tables, to be filled folio by folio when there is much to fill them with."""
        for load in await read_loads(self.connection, self.place, models):
            await Loading(self.place.schema, load.order, load.until, self._codec).forget(self.connection, models)
        for model in models:
            await self.begin(model)
        head = await self.head()
        if models and head >= LOADED_EVENTS_MIN:
            loading = Loading(self.place.schema, f"order_{token_hex(4)}", head, self._codec)
            await loading.begin(self.connection, models)

    async def load(self, models: Sequence[ReadModel], progress: Progress) -> None:
        """Fill empty tables folio by folio, or go on with that."""
        loads = await read_loads(self.connection, self.place, models)
        for (order, until, _), together in groupby(loads, key=attrgetter("order", "until", "reached")):
            names = {load.name for load in together}
            loaded = [model for model in models if model.name in names]
            loading = Loading(self.place.schema, order, until, self._codec)
            await self._follow(loading, loaded, loading.read, until, progress)
            await loading.end(self.connection, loaded)

    async def fill(self, models: Sequence[ReadModel], until: int, progress: Progress) -> None:
        """Apply the log up to a position."""
        await self._follow(self.place, models, partial(read_batch, self._codec), until, progress)

    async def _follow(
        self, place: Place, models: Sequence[ReadModel], read: Read, until: int, progress: Progress
    ) -> None:
        ahead = ReadAhead(self._log, read)

        async def complete(connection: Connection, after: int, until: int) -> Batch:
            batch = await ahead.read(connection, after, until)
            if len(batch.events) < until - after:
                raise LogLacksEvents(after, until)
            return batch

        follower = Follower(place, models, complete, BATCH_EVENTS_MAX, ATTEMPTS, self._parked_max)
        reached = -1
        try:
            while reached < until:
                positions = await follower.step(self.connection, until)
                if positions is not None:
                    reached = min(positions.values())
                    progress.reached(reached, until)
        finally:
            await ahead.close()

    async def make_indexes(self, model: ReadModel) -> None:
        """Make the indexes that are missing, and let PostgreSQL look at what the table holds.

        Until a table has been vacuumed, no index answers anything alone; and vacuuming passes by what is not on disk.
        """
        async with self.connection.transaction():
            await self._execute("SET LOCAL synchronous_commit = on")
            for statement in model.indexes:
                await self._execute(statement)
        await self._execute(f"VACUUM (ANALYZE) read_model.{model.name}")

    async def head(self) -> int:
        """The position of the newest event."""
        row = await (await self._execute(SELECT_POSITION)).fetchone()
        return row[0] if row else 0

    async def _execute(self, statement: str, **parameters: Any) -> psycopg.AsyncCursor[Any]:
        return await self.connection.execute(self.place.sql(statement), parameters)
