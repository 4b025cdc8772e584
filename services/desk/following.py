"""Following the log: what all readers of one kind share in this process, and how one of them goes on.

A reader is given the log page by page, each after it took the one before, and holds nothing while it waits or sends:
a reader that stops reading stops only itself.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.billing.feed import EventLog, FeedFilter, PlacedEvent
from services.billing.ports import StoreUnavailable
from services.desk.problems import Problem, invalid
from services.desk.requests import POSITION
from services.telemetry import EVENT_STREAMS

STREAMS_MAX = 200
PAGE_EVENTS = 100
WAIT_SECONDS = 0.5
"""How long a reader waits before it looks whether it is to end, or to say that it lives."""
SEND_SECONDS_MAX = 60.0
"""How long a reader may take nothing of what it is sent."""
ADMISSION_SECONDS = 1.0
"""How often the reader's key is looked at again."""

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """All events that were asked for up to the position `reached`, ready to be sent; None while nothing came."""

    events: T | None
    reached: int


def position_after(pointer: str, text: str) -> int:
    """A position to go on after. Raises Problem when it is none."""
    if not POSITION.fullmatch(text):
        raise invalid(pointer, f"{pointer[1:]} is a position of the log: the id of an event, or next of a page.")
    return int(text)


def check_reached(pointer: str, after: int, head: int) -> None:
    """Raise Problem for a position that the log has not come to."""
    if after > head:
        raise invalid(pointer, f"The log has not come to this position yet; its newest event is {head}.")


class Following(Generic[T]):
    """The log, read once for all readers that are at the same place, and a limit on how many there are."""

    def __init__(self, events: EventLog, render: Callable[[list[PlacedEvent]], T]) -> None:
        self.events = events
        self._render = render
        self._open = 0
        self._reading: dict[tuple[int, FeedFilter], asyncio.Task[Page[T]]] = {}

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one reader. Raises Problem when all are taken."""
        if self._open >= STREAMS_MAX:
            raise Problem("TOO_MANY_REQUESTS", f"{STREAMS_MAX} streams are open already; try again, or read pages.")
        self._open += 1
        EVENT_STREAMS.inc()
        try:
            yield
        finally:
            self._open -= 1
            EVENT_STREAMS.dec()

    async def pages(
        self, after: int, wanted: FeedFilter, admitted: Callable[[], Awaitable[bool]]
    ) -> AsyncGenerator[Page[T], None]:
        """What comes after a position, page by page, until the reader is no longer admitted.

        While nothing comes, and while the database is away, a page without events comes now and then.
        """
        looked = time.monotonic()
        while True:
            page: Page[T] = Page(None, after)
            try:
                if time.monotonic() - looked >= ADMISSION_SECONDS:
                    if not await admitted():
                        return
                    looked = time.monotonic()
                if await self.events.wait_beyond(after, WAIT_SECONDS):
                    page = await self.page(after, wanted)
                    after = page.reached
            except StoreUnavailable:  # a reader keeps its stream over an outage
                await asyncio.sleep(WAIT_SECONDS)
            yield page

    async def page(self, after: int, wanted: FeedFilter) -> Page[T]:
        """The next events after a position. Raises StoreUnavailable."""
        task = self._reading.get((after, wanted))
        if task is None:
            task = self._reading[after, wanted] = asyncio.create_task(self._read(after, wanted))
            task.add_done_callback(lambda done: self._forget(after, wanted, done))
        return await asyncio.shield(task)

    async def _read(self, after: int, wanted: FeedFilter) -> Page[T]:
        stretch = await self.events.read(after, PAGE_EVENTS, wanted)
        return Page(self._render(list(stretch.events)), stretch.reached)

    def _forget(self, after: int, wanted: FeedFilter, done: "asyncio.Task[Page[T]]") -> None:
        del self._reading[after, wanted]
        if not done.cancelled():
            done.exception()  # heard of by whoever waits; all of them may have gone meanwhile
