"""Bringing the tables of the read models to this version, before anything is served from them."""

import asyncio
from collections.abc import Sequence

import psycopg

from projections.building import Building, Progress
from projections.place import SERVING
from projections.read_model import ReadModel
from projections.rebuild import rebuild
from services.store.codec import EventCodec

LOCK = 0x50726F6A  # "Proj": only one process prepares the tables at a time
CONNECTION_NAME = "folio prepare"
SELECT_DIGESTS = "SELECT name, digest FROM read_model.definitions"


def prepare(
    conninfo: str, models: Sequence[ReadModel], codec: EventCodec, progress: Progress | None = None
) -> list[str]:
    """Fill the tables that are missing or defined otherwise from the log; returns the names of those.

    The old tables serve until the new ones do. Raises psycopg.Error; what was begun is then continued next time.
    """
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(_prepare(conninfo, models, codec, progress or Progress()))


async def _prepare(conninfo: str, models: Sequence[ReadModel], codec: EventCodec, progress: Progress) -> list[str]:
    async with await psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, application_name=CONNECTION_NAME
    ) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        cursor = await connection.execute(SELECT_DIGESTS)
        digests = {name: bytes(digest) for name, digest in await cursor.fetchall()}
        changed = [model for model in models if digests.get(model.name) != model.digest]
        serving = Building(connection, connection, SERVING, codec)
        if changed and await serving.head() == 0:
            for model in changed:
                await serving.begin(model, *model.indexes)
        elif changed:
            await rebuild(conninfo, changed, codec, progress, patient=True)
    return [model.name for model in changed]
