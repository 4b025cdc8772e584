"""A reader of the feed: pages by their `next`, and streams as a client of server-sent events takes them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from services.store.api_keys import create_key
from tests.conftest import ADMIN_KEY

EVENTS = "/v1/events"
STREAM = f"{EVENTS}/stream"
SECONDS_MAX = 30


@dataclass
class Message:
    """One message of a stream; `data` is None when it only says how far the stream has come."""

    id: str | None = None
    event: str | None = None
    data: Any = None
    retry: str | None = None
    comments: list[str] = field(default_factory=list)


def message_of(lines: Iterable[str]) -> Message:
    """A message from its lines, by the rules of the HTML standard."""
    message = Message()
    for line in lines:
        name, _, value = line.partition(": ")
        if line.startswith(":"):
            message.comments.append(value)
        elif name == "data":
            assert message.data is None, "data is one line"
            message.data = msgspec.json.decode(value)
        else:
            assert name in {"id", "event", "retry"}, line
            setattr(message, name, value)
    return message


async def messages_of(response: httpx.Response) -> AsyncIterator[Message]:
    """The messages of a stream, to its end."""
    lines: list[str] = []
    async for line in response.aiter_lines():
        if line:
            lines.append(line)
        else:
            yield message_of(lines)
            lines = []
    assert lines == [], "a message was cut off"


@asynccontextmanager
async def stream(
    address: tuple[str, int], key: str = ADMIN_KEY, headers: dict[str, str] | None = None, **parameters: Any
) -> AsyncIterator[AsyncIterator[Message]]:
    """A stream that is open: its messages after the first, which only says where it begins."""
    async with httpx.AsyncClient(base_url="http://{}:{}".format(*address), timeout=SECONDS_MAX) as client:
        given = {"Authorization": f"Bearer {key}", **(headers or {})}
        async with client.stream("GET", STREAM, params=parameters, headers=given) as response:
            assert response.status_code == 200, await response.aread()
            assert response.headers["Content-Type"].startswith("text/event-stream")
            async with aclosing(messages_of(response)) as messages:  # type: ignore[type-var]
                first = await anext(messages)
                assert (first.data, first.retry) == (None, "2000")
                yield messages


async def take(messages: AsyncIterator[Message], count: int) -> list[dict[str, Any]]:
    """The next events of a stream; each must be under its own id and type."""
    taken: list[dict[str, Any]] = []
    while len(taken) < count:
        message = await anext(messages)
        if message.data is not None:
            assert (message.id, message.event) == (message.data["id"], message.data["type"])
            taken.append(message.data)
    return taken


async def all_events(client: httpx.AsyncClient, limit: int = 500, **parameters: Any) -> list[dict[str, Any]]:
    """Every event that there is for this client, by pages."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        answer = await client.get(EVENTS, params={"after": after, "limit": limit, **parameters})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        assert after <= page["next"] <= page["head"]
        found += page["items"]
        after = page["next"]
        if after == page["head"]:
            return found


def positions(events: Iterable[dict[str, Any]]) -> list[int]:
    """The positions of events."""
    return [int(event["id"]) for event in events]


def key_for(conninfo: str, name: str, *accommodations: str) -> str:
    """A new key that reaches these accommodations only."""
    return create_key(conninfo, name, "pms", list(accommodations))
