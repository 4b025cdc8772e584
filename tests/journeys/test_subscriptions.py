"""Subscriptions of a running service: followed over restarts, and no reason for it not to end."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.faults.server import HEADERS, Server, running_server
from tests.journeys.following import Follower, end_beside_stalled, follow_over_restarts, post, unread

PROTOCOL = Subprotocol("graphql-transport-ws")
FOLLOW = 'subscription($after: ID) { folioEvents(folioId: "FOLIO-1", after: $after) { id data } }'
GOING_AWAY = 1012
STALLED = 2
SUBSCRIPTIONS = 40
"""On one socket; together they are more than the system takes for a reader that takes nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that is ready."""
    with running_server(tmp_path / "data") as running:
        yield running


def messages(after: int, subscriptions: int = 1) -> Iterator[bytes]:
    """What a client says to subscribe."""
    payload = {"query": FOLLOW, "variables": {"after": after}}
    yield msgspec.json.encode({"type": "connection_init"})
    for name in range(subscriptions):
        yield msgspec.json.encode({"type": "subscribe", "id": str(name), "payload": payload})


class Subscriber(Follower):
    """Follows a folio by a subscription."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.codes: list[int | None] = []

    def follow(self) -> None:
        """Connect once."""
        address = f"ws://127.0.0.1:{self.server.port}/graphql"
        begin, subscribe = messages(self.ids[-1] if self.ids else 0)
        with (
            suppress(OSError, ConnectionClosed),  # the server is not there, or still starting
            connect(address, subprotocols=[PROTOCOL], additional_headers=HEADERS) as opened,
        ):
            opened.send(begin, text=True)
            assert msgspec.json.decode(opened.recv()) == {"type": "connection_ack"}
            opened.send(subscribe, text=True)
            try:
                while True:
                    message: Any = msgspec.json.decode(opened.recv())
                    self.ids.append(int(message["payload"]["data"]["folioEvents"]["id"]))
            except ConnectionClosed:
                self.codes.append(opened.close_code)


def stalled(server: Server) -> socket.socket:
    """A socket with subscriptions to a long folio that is never read."""
    request = (
        "GET /graphql HTTP/1.1", "Host: folio", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Sec-WebSocket-Protocol: {PROTOCOL}", f"Authorization: {HEADERS['Authorization']}",
    )  # fmt: skip
    connection = unread(server, request)
    for message in messages(0, SUBSCRIPTIONS):
        connection.sendall(Frame(Opcode.TEXT, message).serialize(mask=True))
    return connection


def test_a_subscriber_misses_nothing_over_restarts_which_its_socket_does_not_hold_up(server: Server) -> None:
    post(server, 1)  # a folio that does not exist cannot be followed
    subscriber = Subscriber(server)
    position = follow_over_restarts(subscriber)
    assert subscriber.ids == list(range(2, position + 1)), "the first event is the accommodation's"
    assert subscriber.codes == [GOING_AWAY] * 3


def test_subscribers_that_take_nothing_hold_up_neither_commands_nor_the_end(server: Server) -> None:
    post(server, 500)
    subscriber = Subscriber(server)
    position = end_beside_stalled(subscriber, [stalled(server) for _ in range(STALLED)])
    assert subscriber.ids == list(range(2, position + 1))
