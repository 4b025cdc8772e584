"""The sealer at work beside the service, in whichever process leads."""

import asyncio
import contextlib
import logging

import psycopg

from services.evidence.chain import Tampered
from services.store.sealer import Sealer, Stopped

SEAL_SECONDS = 1.0
CHECKPOINT_SECONDS = 60.0
TAMPERED_SECONDS = 60.0
"""How long to wait before saying again that something was tampered with."""
LAST_SECONDS_MAX = 3.0
"""How long the end of the service may wait for its last checkpoint."""

log = logging.getLogger(__name__)


async def keep_sealing(sealer: Sealer) -> None:
    """Follow the log for ever: links every second, and a checkpoint, though not within a minute of the last."""
    loop = asyncio.get_running_loop()
    checkpoint_at = loop.time()
    while True:
        try:
            if loop.time() < checkpoint_at:
                await asyncio.to_thread(sealer.seal)
            elif await asyncio.to_thread(sealer.checkpoint):
                checkpoint_at = loop.time() + CHECKPOINT_SECONDS
        except Tampered as error:
            log.critical("the evidence does not hold, nothing more is sealed; see 'folio audit verify': %s", error)
            await asyncio.sleep(TAMPERED_SECONDS)
        await asyncio.sleep(SEAL_SECONDS)


async def end_sealing(sealer: Sealer, *, last: bool) -> None:
    """Stop; with a `last` checkpoint before, if the database gives it in time."""
    if last:
        making = asyncio.create_task(asyncio.to_thread(sealer.checkpoint))
        await asyncio.wait([making], timeout=LAST_SECONDS_MAX)
        sealer.stop()
        with contextlib.suppress(psycopg.Error, Tampered, Stopped):
            await making
    sealer.stop()
    await asyncio.to_thread(sealer.close)
