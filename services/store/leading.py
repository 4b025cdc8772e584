"""Work that one process at a time does, whichever it is: the one that holds a lock, until its connection ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from services.store.connection import LimitedConnection, connect
from services.store.locks import CLASS
from services.store.tasks import end

LOOK_SECONDS = 0.5
"""How often a process looks whether it may lead, and one that leads whether it still does."""

TAKE = "SELECT pg_try_advisory_lock(%(class)s, hashtext(%(name)s))"
STILL_THERE = "SELECT true"

log = logging.getLogger(__name__)


async def lead(conninfo: str, name: str, work: Callable[[], Awaitable[Any]]) -> None:
    """Do the work whenever no other process does it under this name; for ever, until cancelled.

    A leader that dies is followed within LOOK_SECONDS; one that loses its connection stops, for it may be followed.
    """
    while True:
        try:
            async with await connect(conninfo, f"folio {name}") as connection:
                await _wait_for(connection, TAKE, {"class": CLASS, "name": name})
                await _work_while_connected(connection, work)
        except psycopg.Error as error:
            log.warning("%s: the database does not answer, trying again: %s", name, error)
        except Exception:
            log.exception("%s broke off, trying again", name)
        await asyncio.sleep(LOOK_SECONDS)


async def _wait_for(connection: LimitedConnection, statement: str, parameters: dict[str, Any]) -> None:
    while not (await (await connection.execute(statement.encode(), parameters)).fetchone() or [False])[0]:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_SECONDS)


async def _work_while_connected(connection: LimitedConnection, work: Callable[[], Awaitable[Any]]) -> None:
    async def working() -> None:
        await work()

    task = asyncio.create_task(working(), name="leading")
    try:
        while not task.done():
            await asyncio.wait([task], timeout=LOOK_SECONDS)
            await connection.execute(STILL_THERE)
        await task
    finally:
        await end([task])
