"""Comparing read models with what the log says: the same tables are built anew, temporarily, and every row compared."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import IsolationLevel

from projections.building import Building, Progress, two_connections
from projections.folding import Batch, BatchFailed, EventFailed, move, read_batch
from projections.place import Connection, OtherDefinition, Place
from projections.read_model import ReadModel
from services.store.codec import EventCodec

CONNECTION_NAME = "folio verify"
PARKED_MAX = 20
"""Events that cannot be taken until a comparison is given up: each of them costs another look at those before it."""
TEMPORARY = Place("pg_temp")
"""Seen by this connection alone and gone with it, however it ends."""

MAKE_BOOKS = tuple(
    f"CREATE TABLE pg_temp.{table} (LIKE read_model.{table} INCLUDING ALL)"
    for table in ("positions", "definitions", "parked")
)
SELECT_SERVING = """
    SELECT notification_id, digest FROM read_model.positions JOIN read_model.definitions ON name = application_name
     WHERE name = %(name)s
"""
COUNT = "SELECT count(*) FROM read_model.{name}"
COMPARE = """
    SELECT coalesce(serving.{key}, built.{key})::text, to_jsonb(serving), to_jsonb(built)
      FROM read_model.{name} AS serving FULL JOIN pg_temp.{name} AS built ON built.{key} = serving.{key}
     WHERE serving IS DISTINCT FROM built
     ORDER BY 1
"""


@dataclass(frozen=True)
class Difference:
    """A value that is not what the log says. Without a column, the row is on one side only, None on the other."""

    read_model: str
    key: str
    column: str | None
    serving: Any
    rebuilt: Any


@dataclass(frozen=True)
class Verified:
    """A read model was compared at a position."""

    read_model: str
    position: int
    rows: int


async def verify(
    conninfo: str, models: Sequence[ReadModel], codec: EventCodec, progress: Progress
) -> AsyncIterator[Difference | Verified]:
    """Compare read models with the log; gives each difference, and at the end of each model what was compared.

    Nothing is changed and nobody waits. Raises OtherDefinition, LogLacksEvents, TooManyFailed, psycopg.Error.
    """
    async with two_connections(conninfo, CONNECTION_NAME) as (connection, log):
        building = Building(connection, log, TEMPORARY, codec, PARKED_MAX)
        for statement in MAKE_BOOKS:
            await connection.execute(statement.encode())
        for model in models:
            progress.begins(model.name, 0)
            await building.begin(model)
        await building.fill(models, min([await _position(connection, model) for model in models]), progress)
        for model in models:
            progress.says(f"Comparing {model.name}.")
            async for found in _verify(building, model, codec, progress):
                yield found


async def _verify(
    building: Building, model: ReadModel, codec: EventCodec, progress: Progress
) -> AsyncIterator[Difference | Verified]:
    """Compare one read model in one snapshot, in which the built table is brought to the very same position."""
    connection = building.connection
    while True:
        await building.fill([model], await _position(connection, model), progress)
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        try:
            async with connection.transaction():
                position = await _position(connection, model)

                async def rest(after: int, until: int = position) -> Batch:
                    return await read_batch(codec, connection, after, until)

                await move(connection, TEMPORARY, [model], rest)
                async for difference in _differences(connection, model):
                    yield difference
                row = await (await connection.execute(COUNT.format(name=model.name).encode())).fetchone()
                yield Verified(model.name, position, row[0] if row else 0)
                return
        except (EventFailed, BatchFailed):
            continue  # outside of this transaction it is tried again and parked
        finally:
            await connection.set_isolation_level(None)


async def _position(connection: Connection, model: ReadModel) -> int:
    cursor = await connection.execute(SELECT_SERVING, {"name": model.name})
    row = await cursor.fetchone()
    if row is None or bytes(row[1]) != model.digest:
        raise OtherDefinition(model.name)
    position: int = row[0]
    return position


async def _differences(connection: Connection, model: ReadModel) -> AsyncIterator[Difference]:
    statement = COMPARE.format(name=model.name, key=model.columns[0]).encode()
    async with connection.cursor(name="differences") as cursor:
        await cursor.execute(statement)
        async for key, serving, rebuilt in cursor:
            for difference in _by_column(model, key, serving, rebuilt):
                yield difference


def _by_column(
    model: ReadModel, key: str, serving: dict[str, Any] | None, rebuilt: dict[str, Any] | None
) -> Iterator[Difference]:
    if serving is None or rebuilt is None:
        yield Difference(model.name, key, None, serving, rebuilt)
        return
    for column in model.columns:
        if serving[column] != rebuilt[column]:
            yield Difference(model.name, key, column, serving[column], rebuilt[column])
