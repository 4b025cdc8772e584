"""A stream of events to one reader, as server-sent events."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import anyio
import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from services.billing.feed import FeedFilter, PlacedEvent
from services.desk.cloud_events import cloud_event
from services.desk.following import SEND_SECONDS_MAX, Following

HEARTBEAT_SECONDS = 15.0
CLOSING_SECONDS_MAX = 2.0
RECONNECT_MILLISECONDS = 2_000

log = logging.getLogger(__name__)


def messages_of(events: list[PlacedEvent]) -> bytes:
    """Events as server-sent events."""
    return b"".join(_message(cloud_event(event)) for event in events)


def _message(event: dict[str, object]) -> bytes:
    data = msgspec.json.encode(event).decode()
    return ServerSentEvent(data, id=str(event["id"]), event=str(event["type"]), sep="\n").encode()


class EventStream(EventSourceResponse):
    """The answer to one reader, until it goes, its key ends, or the service does."""

    def __init__(
        self, following: Following[bytes], after: int, wanted: FeedFilter, admitted: Callable[[], Awaitable[bool]]
    ) -> None:
        self._following = following
        self._pages = following.pages(after, wanted, admitted)
        self._after = after
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
        said = time.monotonic()
        async with aclosing(self._pages) as pages:
            async for page in pages:
                if self._ending.is_set():
                    return
                self._after = page.reached
                messages = page.events
                if not messages and time.monotonic() - said >= HEARTBEAT_SECONDS:
                    messages = self._progress()
                if messages:
                    yield messages
                    said = time.monotonic()

    def _progress(self, retry: int | None = None) -> bytes:
        """A message without data: nothing happens at the reader, but its last event id is this one from then on."""
        return ServerSentEvent(comment="alive", id=str(self._after), retry=retry, sep="\n").encode()
