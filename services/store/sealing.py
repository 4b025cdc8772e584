"""The sealer at work beside the service: in a thread of its own, where nothing else waits behind it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg

from services.billing.ports import StoreUnavailable
from services.evidence.chain import Tampered
from services.store.reading import translated
from services.store.sealer import Sealer, Stopped
from services.telemetry import CHECKPOINT_POSITION, EVIDENCE_BROKEN

SEAL_SECONDS = 1.0
CHECKPOINT_SECONDS = 60.0
TAMPERED_SECONDS = 60.0
"""How long to wait before saying again that something was tampered with."""
LAST_SECONDS_MAX = 3.0
"""How long the end of the service may wait for its last checkpoint."""

PATIENCE_SECONDS = 5.0
"""How long a proof waits until what it needs is sealed."""

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Sealing:
    """Does what the sealer is asked for, one thing after the other."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sealer")

    async def cover(self, chain: str, position: int) -> None:
        """See to it that the newest checkpoint holds all of a chain now, and the log's up to a position.

        Raises Tampered; StoreUnavailable when that takes long, and goes on all the same.
        """
        try:
            async with translated(), asyncio.timeout(PATIENCE_SECONDS):
                await self._in_thread(lambda: self._sealer.cover(chain, position))
        except (Stopped, TimeoutError) as error:
            raise StoreUnavailable("the log is still being sealed") from error

    async def follow(self) -> None:
        """Follow the log for ever: links every second, and a checkpoint, though not within a minute of the last."""
        loop = asyncio.get_running_loop()
        checkpoint_at = loop.time()
        while True:
            try:
                if loop.time() < checkpoint_at:
                    await self._in_thread(self._sealer.seal)
                elif checkpoint := await self._in_thread(self._sealer.checkpoint):
                    checkpoint_at = loop.time() + CHECKPOINT_SECONDS
                    CHECKPOINT_POSITION.set(checkpoint.position)
                EVIDENCE_BROKEN.set(0)
            except Tampered as error:
                EVIDENCE_BROKEN.set(1)
                log.critical("the evidence does not hold, nothing more is sealed; see 'folio audit verify': %s", error)
                await asyncio.sleep(TAMPERED_SECONDS)
            await asyncio.sleep(SEAL_SECONDS)

    async def end(self, *, last: bool) -> None:
        """Stop; with a `last` checkpoint before, if the database gives it in time."""
        if last:
            making = asyncio.ensure_future(self._in_thread(self._sealer.checkpoint))
            await asyncio.wait([making], timeout=LAST_SECONDS_MAX)
        self._sealer.stop()
        if last:
            with contextlib.suppress(psycopg.Error, Tampered, Stopped):
                await making
        await self._in_thread(self._sealer.close)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
