"""Bringing the tables of the read models, and the views of them, to this version before anything is served."""

import asyncio
from collections.abc import Sequence

from projections.building import Building, Progress
from projections.leadership import SELECT_DIGESTS
from projections.place import SERVING
from projections.read_model import ReadModel
from projections.rebuild import rebuild
from projections.reporting.standing import make_views
from services.store.codec import EventCodec
from services.store.connection import connect_patiently

LOCK = 0x50726F6A  # "Proj": only one process prepares the tables at a time
CONNECTION_NAME = "folio prepare"
LOOK_SECONDS = 0.2
TRY_LOCK = "SELECT pg_try_advisory_lock(%s)"


def prepare(
    conninfo: str, models: Sequence[ReadModel], codec: EventCodec, progress: Progress | None = None
) -> list[str]:
    """Fill the tables that are missing or defined otherwise from the log; returns the names of those.

    The old tables serve processes of the older version until then. Raises LogLacksEvents, psycopg.Error, and what the
    progress does to stop it; what was begun is continued the next time.
    """
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(_prepare(conninfo, models, codec, progress or Progress()))


async def _prepare(conninfo: str, models: Sequence[ReadModel], codec: EventCodec, progress: Progress) -> list[str]:
    async with await connect_patiently(conninfo, CONNECTION_NAME) as connection:
        while (await (await connection.execute(TRY_LOCK, [LOCK])).fetchone()) != (True,):
            progress.says("Another process prepares the read models.")
            await asyncio.sleep(LOOK_SECONDS)
        cursor = await connection.execute(SELECT_DIGESTS, {"names": [model.name for model in models]})
        digests = {name: bytes(digest) for name, digest in await cursor.fetchall()}
        changed = [model for model in models if digests.get(model.name) != model.digest]
        serving = Building(connection, connection, SERVING, codec)
        if not digests and await serving.head() == 0:
            for model in changed:
                await serving.begin(model, *model.indexes)
        elif changed:
            await rebuild(conninfo, changed, codec, progress, patient=True)
        await make_views(connection, models)
    return [model.name for model in changed]
