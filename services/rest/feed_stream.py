"""A stream of events to one reader, and what all streams of this process share.

A stream reads the log page by page, each after the reader took the one before, and holds nothing while it waits or
sends: a reader that stops reading stops only itself.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from services.billing.feed import EventLog, FeedFilter
from services.billing.ports import StoreUnavailable
from services.desk.cloud_events import cloud_event
from services.desk.problems import Problem
from services.telemetry import EVENT_STREAMS

STREAMS_MAX = 200
PAGE_EVENTS = 100
HEARTBEAT_SECONDS = 15.0
WAIT_SECONDS = 0.5
"""How long a stream waits before it looks whether it is to end, or to say that it lives."""
ADMISSION_SECONDS = 1.0
"""How often the reader's key is looked at again."""
SEND_SECONDS_MAX = 60.0
"""How long a reader may take nothing of what it is sent."""
CLOSING_SECONDS_MAX = 2.0
RECONNECT_MILLISECONDS = 2_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """Messages ready to be sent: all that were asked for up to the position `reached`."""

    messages: bytes
    reached: int


class Following:
    """What the streams of this process share: the log, read once for all that are at the same place, and a limit."""

    def __init__(self, events: EventLog) -> None:
        self.events = events
        self._open = 0
        self._reading: dict[tuple[int, FeedFilter], asyncio.Task[Page]] = {}

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one stream. Raises Problem when all are taken."""
        if self._open >= STREAMS_MAX:
            raise Problem("TOO_MANY_REQUESTS", f"{STREAMS_MAX} streams are open already; try again, or read pages.")
        self._open += 1
        EVENT_STREAMS.set(self._open)
        try:
            yield
        finally:
            self._open -= 1
            EVENT_STREAMS.set(self._open)

    async def page(self, after: int, wanted: FeedFilter) -> Page:
        """The next messages after a position. Raises StoreUnavailable."""
        task = self._reading.get((after, wanted))
        if task is None:
            task = self._reading[after, wanted] = asyncio.create_task(self._read(after, wanted))
            task.add_done_callback(lambda done: self._forget(after, wanted, done))
        return await asyncio.shield(task)

    async def _read(self, after: int, wanted: FeedFilter) -> Page:
        stretch = await self.events.read(after, PAGE_EVENTS, wanted)
        messages = b"".join(_message(cloud_event(event)) for event in stretch.events)
        return Page(messages, stretch.reached)

    def _forget(self, after: int, wanted: FeedFilter, done: "asyncio.Task[Page]") -> None:
        del self._reading[after, wanted]
        if not done.cancelled():
            done.exception()  # heard of by whoever waits; all of them may have gone meanwhile


def _message(event: dict[str, object]) -> bytes:
    data = msgspec.json.encode(event).decode()
    return ServerSentEvent(data, id=str(event["id"]), event=str(event["type"]), sep="\n").encode()


class EventStream(EventSourceResponse):
    """The answer to one reader, until it goes, its key ends, or the service does."""

    def __init__(
        self, following: Following, after: int, wanted: FeedFilter, admitted: Callable[[], Awaitable[bool]]
    ) -> None:
        self._following = following
        self._after = after
        self._wanted = wanted
        self._admitted = admitted
        self._ending = anyio.Event()
        super().__init__(
            self._messages(),
            ping=0,  # a heartbeat here also says how far the reader has come
            sep="\n",
            send_timeout=SEND_SECONDS_MAX,
            shutdown_event=self._ending,
            shutdown_grace_period=CLOSING_SECONDS_MAX,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end. Raises Problem when too many streams are open."""
        with self._following.place():
            try:
                await super().__call__(scope, receive, send)
            except SendTimeoutError:
                log.info("a stream ends: its reader took nothing for %g seconds", SEND_SECONDS_MAX)

    async def _messages(self) -> AsyncIterator[bytes]:
        yield self._progress(retry=RECONNECT_MILLISECONDS)
        said = admitted = time.monotonic()
        while not self._ending.is_set():
            try:
                if time.monotonic() - admitted >= ADMISSION_SECONDS:
                    if not await self._admitted():
                        return
                    admitted = time.monotonic()
                messages = await self._next()
            except StoreUnavailable:  # a reader keeps its stream over an outage
                messages = b""
                await asyncio.sleep(WAIT_SECONDS)
            if not messages and time.monotonic() - said >= HEARTBEAT_SECONDS:
                messages = self._progress()
            if messages:
                yield messages
                said = time.monotonic()

    async def _next(self) -> bytes:
        """What comes next, nothing when nothing came in time or all that came was others'."""
        if not await self._following.events.wait_beyond(self._after, WAIT_SECONDS):
            return b""
        page = await self._following.page(self._after, self._wanted)
        self._after = page.reached
        return page.messages

    def _progress(self, retry: int | None = None) -> bytes:
        """A message without data: nothing happens at the reader, but its last event id is this one from then on."""
        return ServerSentEvent(comment="alive", id=str(self._after), retry=retry, sep="\n").encode()
