"""Which process keeps up a read model: the one that holds its advisory lock, until its connection ends."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from projections.place import Connection
from projections.read_model import ReadModel
from services.store.connection import connect
from services.store.locks import CLASS

LOOK_SECONDS = 0.5
"""How often a process looks whether it can take a read model up, and so the longest that one stands unattended."""
LOCK_NAME = "read model "

SELECT_DIGESTS = "SELECT name, digest FROM read_model.definitions WHERE name = ANY(%(names)s)"
TAKE = """
    SELECT name FROM unnest(%(names)s::text[]) AS name
     WHERE pg_try_advisory_lock(%(class)s, hashtext(%(lock)s || name))
"""
RELEASE = "SELECT pg_advisory_unlock(%(class)s, hashtext(%(lock)s || %(name)s))"
SELECT_POSITIONS = """
    SELECT application_name, notification_id FROM read_model.positions WHERE application_name = ANY(%(names)s)
"""

log = logging.getLogger(__name__)


class Leadership:
    """Takes up the read models that nobody else keeps up, if their tables are of this version.

    `held` are the names of those that this process keeps up now; `taken` is told of each with its position.
    """

    def __init__(self, conninfo: str, models: Sequence[ReadModel], taken: Callable[[dict[str, int]], None]) -> None:
        self.held: set[str] = set()
        self._conninfo = conninfo
        self._models = models
        self._taken = taken
        self._foreign: set[str] = set()

    async def lead(self) -> None:
        """Take up what is to be had, again and again, until the locks are lost: raises psycopg.Error."""
        locked: set[str] = set()
        try:
            async with await connect(self._conninfo, "folio projections") as connection:
                while True:
                    await self._look(connection, locked)
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            self.held.clear()

    def let_go(self, name: str) -> None:
        """Stop keeping a read model up; another process may take it up soon."""
        self.held.discard(name)

    async def _look(self, connection: Connection, locked: set[str]) -> None:
        cursor = await connection.execute(SELECT_DIGESTS, {"names": [model.name for model in self._models]})
        digests = {name: bytes(digest) for name, digest in await cursor.fetchall()}
        ours = {model.name for model in self._models if digests.get(model.name) == model.digest}
        self._tell(digests.keys() - ours)
        for name in locked - ours:
            await connection.execute(RELEASE, {"class": CLASS, "lock": LOCK_NAME, "name": name})
            locked.discard(name)
            self.held.discard(name)
        wanted = {"class": CLASS, "lock": LOCK_NAME, "names": sorted(ours - locked)}
        if wanted["names"]:
            cursor = await connection.execute(TAKE, wanted)
            locked |= {name for (name,) in await cursor.fetchall()}
        new = (locked & ours) - self.held
        if new:
            cursor = await connection.execute(SELECT_POSITIONS, {"names": sorted(new)})
            self._taken(dict(await cursor.fetchall()))
            self.held |= new

    def _tell(self, foreign: set[str]) -> None:
        for name in foreign - self._foreign:
            log.warning("the read model %s is left alone: its table belongs to another version of the service", name)
        self._foreign = foreign
