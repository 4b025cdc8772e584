"""Talking graphql-transport-ws with the service, message by message."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from prometheus_client import REGISTRY
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.conftest import ADMIN_KEY

PROTOCOL = Subprotocol("graphql-transport-ws")
SECONDS_MAX = 20.0
CLOSE_SECONDS_MAX = 0.5
"""How long this side waits for the end of a socket on which it has stopped to read."""
FOLLOW = "subscription($folio: ID!, $after: ID) { folioEvents(folioId: $folio, after: $after) { id type data } }"

Address = tuple[str, int]


class Conversation:
    """One socket, message by message."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, message: Any) -> None:
        """Send a message."""
        await self.socket.send(message if isinstance(message, str | bytes) else msgspec.json.encode(message).decode())

    async def hear(self) -> Any:
        """The next message."""
        async with asyncio.timeout(SECONDS_MAX):
            return msgspec.json.decode(await self.socket.recv())

    async def ask(self, query: str, name: str = "1", **variables: Any) -> None:
        """Send a document."""
        payload = {"query": query, "variables": variables}
        await self.say({"type": "subscribe", "id": name, "payload": payload})

    async def events(self, count: int, name: str = "1") -> list[Any]:
        """So many events of a subscription."""
        messages = [await self.hear() for _ in range(count)]
        assert [(each["type"], each["id"]) for each in messages] == [("next", name)] * count, messages
        return [each["payload"]["data"]["folioEvents"] for each in messages]

    async def closed(self) -> int:
        """Wait until the service ends the socket; with which code."""
        async with asyncio.timeout(SECONDS_MAX):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
        assert self.socket.close_code is not None
        return self.socket.close_code


@asynccontextmanager
async def talking(address: Address, key: str | None = ADMIN_KEY, **init: Any) -> AsyncIterator[Conversation]:
    """A socket that was let in, with its key in the header unless it is in `init`."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = f"ws://{address[0]}:{address[1]}/graphql"
    async with connect(
        url,
        subprotocols=[PROTOCOL],
        additional_headers=headers,
        open_timeout=SECONDS_MAX,
        close_timeout=CLOSE_SECONDS_MAX,
    ) as socket:
        conversation = Conversation(socket)
        await conversation.say({"type": "connection_init", "payload": init})
        assert await conversation.hear() == {"type": "connection_ack"}
        yield conversation


async def following_now(count: int) -> None:
    """Wait until so many subscriptions and streams are open."""
    async with asyncio.timeout(SECONDS_MAX):
        while REGISTRY.get_sample_value("folio_event_streams") != count:
            await asyncio.sleep(0.01)
