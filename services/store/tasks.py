"""Ending tasks for certain."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

AGAIN_SECONDS = 0.5


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended.

    A cancellation can be lost: a driver turns it into an error of its own, or it meets a result that has just
    arrived. So it is sent again until it was heard.
    """
    waiting = [task for task in tasks if not task.done()]
    while waiting:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=AGAIN_SECONDS)
        waiting = [task for task in waiting if not task.done()]
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            task.result()
