"""Hearing what other connections of the database announce: one LISTEN for everybody in this process.

An announcement can be lost with its connection, so it only ever says "look": whoever waits also looks by himself
after a while.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from services.store.connection import connect
from services.store.supervision import again_and_again
from services.store.tasks import end

LISTEN_SECONDS = 30.0
"""How long to listen before asking whether the connection is still one: silence says nothing."""


class Signal:
    """Something that happens again and again; any number of tasks may wait for the next time."""

    def __init__(self) -> None:
        self.count = 0
        self._next = asyncio.Event()

    def send(self) -> None:
        """Wake everybody who waits."""
        self.count += 1
        happened, self._next = self._next, asyncio.Event()
        happened.set()

    async def wait(self, seen: int, timeout_seconds: float) -> int:
        """Wait until it has happened more often than `seen`, or in vain; returns how often it has by now."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while self.count == seen:
                    await self._next.wait()
        return self.count


class Listener:
    """Listens to channels; `signals[channel]` is sent for each announcement, and after every (re)connection."""

    def __init__(self, conninfo: str, channels: Sequence[str]) -> None:
        self.signals = {channel: Signal() for channel in channels}
        self._conninfo = conninfo
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen; while the database is away, it is tried again and again."""
        listening = again_and_again("listening to the database", self._listen)
        self._tasks = [asyncio.create_task(listening, name="listener")]

    async def close(self) -> None:
        """Stop."""
        await end(self._tasks)

    async def _listen(self) -> None:
        async with await connect(self._conninfo, "folio listener") as connection:
            while True:
                for channel in self.signals:
                    await connection.execute(f"LISTEN {channel}".encode())
                for signal in self.signals.values():  # what was announced before nobody heard
                    signal.send()
                async for announcement in connection.notifies(timeout=LISTEN_SECONDS):
                    self.signals[announcement.channel].send()
