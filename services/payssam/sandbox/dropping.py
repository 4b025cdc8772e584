"""Closing a connection instead of answering: what a partner sees when the provider or the network fails."""

import asyncio
import logging
import socket
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

DROP = "drop_connection"

log = logging.getLogger(__name__)


class DroppableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which lets an application close its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Answer without delay: asyncio asks for it only on sockets that were made with the protocol's number."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def on_message_begin(self) -> None:
        """Put the means to close the connection beside the request."""
        super().on_message_begin()
        state: dict[str, Any] = self.scope["state"]
        state[DROP] = self.transport.abort


class Dropped(Response):
    """No answer: the connection is closed. Needs `DroppableProtocol`; ConnectionResetError without it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection and see it closed; the server logs no fault then."""
        drop = scope.get("state", {}).get(DROP)
        if drop is None:
            raise ConnectionResetError("the sandbox dropped this connection")
        drop()
        while (await receive())["type"] != "http.disconnect":
            log.debug("the rest of a dropped request is not read")
