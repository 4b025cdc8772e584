"""Load, decide, commit: the one way in which commands reach the log."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import replace
from typing import TypeVar

from services.billing.ports import Conflict, Loaded, Store, TooBusy
from services.billing.stamp import Clock
from services.billing.work import NotLoaded, Work, assert_conserved

T = TypeVar("T")

ATTEMPTS_MAX = 200
"""How often a command that loses its race is decided anew."""

LOADS_MAX = 1_200
"""How often a command may ask for more; a batch of 500 commands asks for all at once, so this is ample."""


class Turns:
    """Lets the losers of a race for the same streams try again one after the other."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    def take(self, streams: frozenset[str]) -> AbstractAsyncContextManager[None]:
        """Wait until nobody else holds a turn on any of the streams."""
        return self._take(streams) if streams else nullcontext()

    @asynccontextmanager
    async def _take(self, streams: Iterable[str]) -> AsyncIterator[None]:
        async with AsyncExitStack() as held:
            for stream in sorted(streams):
                await held.enter_async_context(self._turn(stream))
            yield

    @asynccontextmanager
    async def _turn(self, stream: str) -> AsyncIterator[None]:
        lock, waiting = self._locks.get(stream, (asyncio.Lock(), 0))
        self._locks[stream] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[stream]
            if waiting == 1:
                del self._locks[stream]
            else:
                self._locks[stream] = (lock, waiting - 1)


class Executor:
    """Runs decisions against a store until they are committed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._turns = Turns()

    async def execute(self, decide: Callable[[Work], T]) -> tuple[T, int | None]:
        """Decide and commit; returns what was decided and the position of its last event, None without events.

        `decide` works on the Work alone and may be called several times: when it needs more, and when
        another commit was first. Raises what it raises, KeyTaken, StoreUnavailable and TooBusy.
        """
        contended: frozenset[str] = frozenset()
        for attempt in range(ATTEMPTS_MAX):
            async with self._turns.take(contended):
                work, decided = await self._decide(decide, fresh=attempt > 0)
                assert_conserved(work.events)
                if not (work.events or work.outcomes or work.forgotten):
                    return decided, None
                try:
                    position = await self._store.commit(work)
                except Conflict as conflict:
                    contended = frozenset(event.originator_id for event in work.events)
                    if conflict.newest is not None:
                        self._clock.advance(conflict.newest)
                    continue
                if work.moved_to is not None:
                    self._clock.advance(work.moved_to)
                return decided, position
        raise TooBusy

    async def _decide(self, decide: Callable[[Work], T], *, fresh: bool) -> tuple[Work, T]:
        loaded = Loaded()
        for _ in range(LOADS_MAX):
            work = Work(loaded, self._clock.next())
            try:
                decided = decide(work)
            except NotLoaded as missing:
                loaded.update(await self._store.load(replace(missing.wanted, fresh=fresh)))
                self._clock.advance(loaded.newest)
                continue
            except Exception:
                if not loaded.remembered:
                    raise
            else:
                if work.events or not loaded.remembered:
                    return work, decided
            # Without events no commit compares what was remembered with the log: decide again on what is there.
            fresh, loaded = True, Loaded()
        raise RuntimeError("a command asks for more without end")
