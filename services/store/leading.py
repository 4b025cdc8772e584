"""Work that one process at a time does, whichever it is: the one that holds a lock, until its connection ends."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from services.store.connection import LimitedConnection, connect
from services.store.locks import CLASS, TRY_LOCK
from services.store.supervision import again_and_again
from services.store.tasks import end

LOOK_SECONDS = 0.5
"""How often a process looks whether it may lead, and one that leads whether it still does."""

STILL_THERE = "SELECT true"


async def lead(conninfo: str, name: str, work: Callable[[], Awaitable[Any]]) -> None:
    """Do the work whenever no other process does it under this name; for ever, until cancelled.

    A leader that dies is followed within LOOK_SECONDS; one that loses its connection stops, for it may be followed.
    """
    await again_and_again(name, partial(_lead, conninfo, name, work))


async def _lead(conninfo: str, name: str, work: Callable[[], Awaitable[Any]]) -> None:
    async with await connect(conninfo, f"folio {name}") as connection:
        await _wait_for(connection, TRY_LOCK, {"class": CLASS, "name": name})
        while True:
            await _work_while_connected(connection, work)
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
