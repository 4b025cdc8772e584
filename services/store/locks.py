"""Locks by name over all processes: PostgreSQL's advisory locks, which end with the connection that holds them."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from services.billing.ports import TooBusy
from services.store.connection import Pool
from services.store.reading import translated

CLASS = 0x466F6C69  # "Foli": apart from what else may lock in this database
PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.02

TAKE = "SELECT pg_try_advisory_lock(%(class)s, hashtext(%(name)s))"
RELEASE = "SELECT pg_advisory_unlock(%(class)s, hashtext(%(name)s))"


class AdvisoryLocks:
    """Each lock that is held keeps a connection of this pool, which should be used for nothing else."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Hold the lock of this name. Raises TooBusy when it stays taken, StoreUnavailable."""
        parameters = {"class": CLASS, "name": name}
        async with contextlib.AsyncExitStack() as stack:
            async with translated():
                connection = await stack.enter_async_context(self._pool.connection())
                deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
                while not (await (await connection.execute(TAKE, parameters)).fetchone() or [False])[0]:
                    if asyncio.get_running_loop().time() > deadline:
                        raise TooBusy
                    await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 -- no secret
            try:
                yield
            finally:
                with contextlib.suppress(psycopg.OperationalError):
                    await connection.execute(RELEASE, parameters)
