"""Locks by name over all processes: PostgreSQL's advisory locks, which end with the connection that holds them."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

import psycopg

from services.billing.ports import TooBusy
from services.store.connection import Pool
from services.store.reading import translated

CLASS = 0x466F6C69  # "Foli": apart from what else may lock in this database
PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.02

TRY_LOCK = "SELECT pg_try_advisory_lock(%(class)s, hashtext(%(name)s))"
RELEASE = "SELECT pg_advisory_unlock(%(class)s, hashtext(%(name)s))"


class AdvisoryLocks:
    """Each lock that is held keeps a connection of this pool, which should be used for nothing else.

    Who waits for a lock of this process, or for a connection, keeps none.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(pool.max_size)
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Hold the lock of this name. Raises TooBusy when it stays taken, StoreUnavailable."""
        here = self._here.setdefault(name, asyncio.Lock())
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await stack.enter_async_context(here)
                    await stack.enter_async_context(self._free)
                    await stack.enter_async_context(self._everywhere(name))
            except TimeoutError:
                raise TooBusy from None
            yield

    @asynccontextmanager
    async def _everywhere(self, name: str) -> AsyncIterator[None]:
        parameters = {"class": CLASS, "name": name}
        async with AsyncExitStack() as stack:
            async with translated():
                connection = await stack.enter_async_context(self._pool.connection())
                while not (await (await connection.execute(TRY_LOCK, parameters)).fetchone() or [False])[0]:  # noqa: ASYNC110
                    await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 -- no secret
            try:
                yield
            finally:
                with contextlib.suppress(psycopg.OperationalError):
                    await connection.execute(RELEASE, parameters)
