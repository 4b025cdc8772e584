"""Rebuilding read models from event 0 beside those that serve, and putting each in its place in one transaction."""

import asyncio
from collections.abc import Sequence

from psycopg import errors

from projections.building import Building, Progress, two_connections
from projections.folding import Batch, BatchFailed, EventFailed, move, read_batch
from projections.place import BESIDE
from projections.read_model import ReadModel
from projections.reporting.standing import lead_views, limit_lock_waits
from projections.runner import ANNOUNCE
from services.store.codec import EventCodec
from services.store.locks import CLASS, TRY_LOCK

CONNECTION_NAME = "folio rebuild"
LOCK_NAME = "rebuild of "
LOCK_SECONDS_MIN, LOCK_SECONDS_MAX = 0.05, 1.2
"""How long a swap waits for queries under way while new ones wait behind it; longer each time it was in vain."""
PAUSE_SECONDS_MAX = 30.0
"""A dump may hold the table for long: between two attempts, everybody else goes on for ever longer."""

WAIT_FOR_LOCK = "SELECT true FROM pg_advisory_lock(%(class)s, hashtext(%(name)s))"
SELECT_BEGUN = """
    SELECT coalesce(reached, notification_id), digest
      FROM read_model_beside.positions JOIN read_model_beside.definitions ON name = application_name
      LEFT JOIN read_model_beside.loads USING (name)
     WHERE name = %(name)s AND to_regclass(%(table)s) IS NOT NULL
"""
INSERT_POSITION = """
    INSERT INTO read_model.positions (application_name, notification_id) VALUES (%(name)s, 0) ON CONFLICT DO NOTHING
"""
LOCK_POSITION = "SELECT FROM read_model.positions WHERE application_name = %(name)s FOR UPDATE"
SWAP = (
    "DROP TABLE IF EXISTS read_model.{name}",
    "ALTER TABLE read_model_beside.{name} SET SCHEMA read_model",
    """
    UPDATE read_model.positions AS serving SET notification_id = built.notification_id
      FROM read_model_beside.positions AS built
     WHERE serving.application_name = %(name)s AND built.application_name = %(name)s
    """,
    """
    INSERT INTO read_model.definitions SELECT * FROM read_model_beside.definitions WHERE name = %(name)s
    ON CONFLICT (name) DO UPDATE SET digest = excluded.digest
    """,
    "DELETE FROM read_model.parked WHERE read_model = %(name)s",
    "INSERT INTO read_model.parked SELECT * FROM read_model_beside.parked WHERE read_model = %(name)s",
    "DELETE FROM read_model_beside.positions WHERE application_name = %(name)s",
    "DELETE FROM read_model_beside.definitions WHERE name = %(name)s",
    "DELETE FROM read_model_beside.parked WHERE read_model = %(name)s",
    ANNOUNCE,
)


class RebuildUnderWay(Exception):
    """Another process rebuilds this read model."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The read model {name} is being rebuilt by another process; wait until it has ended.")


async def rebuild(
    conninfo: str,
    models: Sequence[ReadModel],
    codec: EventCodec,
    progress: Progress,
    *,
    anew: bool = False,
    patient: bool = False,
) -> dict[str, int]:
    """Rebuild read models from the log; returns the position of each in the moment when it began to serve.

    What was stopped is continued, unless `anew` or the definition has changed since. Raises RebuildUnderWay unless
    `patient`, LogLacksEvents, psycopg.Error.
    """
    async with two_connections(conninfo, CONNECTION_NAME) as (connection, log):
        building = Building(connection, log, BESIDE, codec)
        for model in models:
            await _reserve(building, model, patient=patient)
        fresh = []
        for model in models:
            events = 0 if anew else await _begun(building, model)
            progress.begins(model.name, events)
            if events == 0:
                fresh.append(model)
        await building.begin_loading(fresh)
        await building.load(models, progress)
        await building.fill(models, await building.head(), progress)
        for model in models:
            progress.says(f"Making the indexes of {model.name}.")
            await building.make_indexes(model)
        return {model.name: await _swap(building, model, codec, progress) for model in models}


async def _reserve(building: Building, model: ReadModel, *, patient: bool) -> None:
    parameters = {"class": CLASS, "name": LOCK_NAME + model.name}
    statement = WAIT_FOR_LOCK if patient else TRY_LOCK
    row = await (await building.connection.execute(statement, parameters)).fetchone()
    if row is None or not row[0]:
        raise RebuildUnderWay(model.name)


async def _begun(building: Building, model: ReadModel) -> int:
    """How many events an earlier rebuild has applied that can be continued, 0 without one."""
    parameters = {"name": model.name, "table": f"{BESIDE.schema}.{model.name}"}
    row = await (await building.connection.execute(SELECT_BEGUN, parameters)).fetchone()
    return row[0] if row is not None and bytes(row[1]) == model.digest else 0


async def _swap(building: Building, model: ReadModel, codec: EventCodec, progress: Progress) -> int:
    """Let the built table serve. The position is locked first, as the runner does, then the views, then the tables.

    Who reads meanwhile waits for as long as this may wait for the tables, and then sees the one or the other whole.
    """
    seconds = pause = LOCK_SECONDS_MIN
    while True:
        await building.fill([model], await building.head(), progress)
        try:
            async with building.connection.transaction():
                return await _swap_now(building, model, codec, seconds)
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            progress.says(f"Queries on {model.name} are under way; trying again to let the new table serve.")
            await asyncio.sleep(pause)
            seconds, pause = min(seconds * 1.5, LOCK_SECONDS_MAX), min(pause * 2, PAUSE_SECONDS_MAX)
        except (EventFailed, BatchFailed):
            continue  # outside of this transaction it is tried again and parked


async def _swap_now(building: Building, model: ReadModel, codec: EventCodec, lock_seconds: float) -> int:
    connection, name = building.connection, {"name": model.name}
    await connection.execute("SET LOCAL synchronous_commit = on")
    await limit_lock_waits(connection, lock_seconds)
    await connection.execute(INSERT_POSITION, name)
    await connection.execute(LOCK_POSITION, name)
    head = await building.head()

    async def rest(after: int) -> Batch:
        return await read_batch(codec, connection, after, head)

    positions = await move(connection, BESIDE, [model], rest)
    await lead_views(connection, model, BESIDE, lock_seconds)
    for statement in SWAP:
        await connection.execute(statement.format(name=model.name).encode(), name if "%(" in statement else None)
    return positions[model.name]
