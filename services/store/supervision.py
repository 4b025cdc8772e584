"""What must go on for as long as the service lives: whatever ends it, it is begun again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import psycopg

RETRY_SECONDS = 0.5

log = logging.getLogger(__name__)


async def again_and_again(what: str, attempt: Callable[[], Awaitable[None]]) -> None:
    """Make one attempt after the other until one ends by itself; each failure is logged and stops nothing else."""
    while True:
        try:
            await attempt()
            return
        except psycopg.Error as error:
            log.warning("%s: trying again after: %s", what, error)
        except Exception:
            log.exception("%s: trying again", what)
        await asyncio.sleep(RETRY_SECONDS)
