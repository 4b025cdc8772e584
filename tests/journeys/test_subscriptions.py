"""Subscriptions of a running service: followed over restarts, and no reason for it not to end."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.faults.server import HEADERS, Server, running_server
from tests.journeys.test_feed import SECONDS_MAX, post

FOLLOW = 'subscription($after: ID) { folioEvents(folioId: "FOLIO-1", after: $after) { id data } }'
PROTOCOL = Subprotocol("graphql-transport-ws")
GOING_AWAY = 1012
STALLED = 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that is ready."""
    with running_server(tmp_path / "data") as running:
        yield running


@contextmanager
def subscribed(server: Server, after: str) -> Iterator[ClientConnection]:
    """A socket on which a subscription has begun."""
    address = f"ws://127.0.0.1:{server.port}/graphql"
    with connect(address, subprotocols=[PROTOCOL], additional_headers=HEADERS) as opened:
        say(opened, type="connection_init")
        assert msgspec.json.decode(opened.recv(SECONDS_MAX)) == {"type": "connection_ack"}
        say(opened, type="subscribe", id="1", payload={"query": FOLLOW, "variables": {"after": after}})
        yield opened


def say(opened: ClientConnection, **message: Any) -> None:
    """Send a message."""
    opened.send(msgspec.json.encode(message).decode())


def stalled(server: Server) -> socket.socket:
    """A connection with subscriptions to a long folio that is never read."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    lines = (
        "GET /graphql HTTP/1.1", "Host: folio", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Sec-WebSocket-Protocol: {PROTOCOL}", f"Authorization: {HEADERS['Authorization']}", "", "",
    )  # fmt: skip
    connection.sendall("\r\n".join(lines).encode())
    connection.sendall(framed({"type": "connection_init"}))
    for name in range(40):
        payload = {"query": FOLLOW, "variables": {"after": 0}}
        connection.sendall(framed({"type": "subscribe", "id": str(name), "payload": payload}))
    return connection


def framed(message: Any) -> bytes:
    """A message as a client puts it on the wire."""
    return Frame(Opcode.TEXT, msgspec.json.encode(message)).serialize(mask=True)


class Follower(threading.Thread):
    """Follows a folio as any client does: connects again with the last id when it ends."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self.ids: list[str] = []
        self.codes: list[int | None] = []
        self.leaving = threading.Event()

    def run(self) -> None:
        """Connect until it is told to leave."""
        while not self.leaving.wait(0.05):
            with suppress(OSError, ConnectionClosed):  # the server is not there, or still starting
                self._follow()

    def _follow(self) -> None:
        with subscribed(self._server, self.ids[-1] if self.ids else "0") as opened:
            try:
                while True:
                    message = msgspec.json.decode(opened.recv())
                    self.ids.append(message["payload"]["data"]["folioEvents"]["id"])
            except ConnectionClosed:
                self.codes.append(opened.close_code)

    def wait_for(self, position: int) -> None:
        """Wait until an event has come."""
        deadline = time.monotonic() + SECONDS_MAX
        while self.ids[-1:] != [str(position)]:
            assert self.is_alive()
            assert time.monotonic() < deadline, self.ids[-1:]
            time.sleep(0.01)


def test_a_subscriber_misses_nothing_over_restarts_which_its_socket_does_not_hold_up(server: Server) -> None:
    follower = Follower(server)
    follower.start()
    try:
        for with_signal in (signal.SIGTERM, signal.SIGINT):
            position = post(server, 20)
            follower.wait_for(position)
            assert server.end(with_signal) == 0
            server.start()
            server.wait_for(200)
        position = post(server, 20)
        follower.wait_for(position)
    finally:
        follower.leaving.set()
        server.end()
        follower.join(SECONDS_MAX)
    assert sorted(set(follower.ids), key=int) == follower.ids
    assert len(follower.ids) == 61
    assert follower.codes == [GOING_AWAY] * 3
    log = server.log.read_text()
    assert "timeout graceful shutdown exceeded" not in log
    assert '"level": "error"' not in log
    assert "Traceback" not in log


def test_subscribers_that_take_nothing_hold_up_neither_commands_nor_the_end(server: Server) -> None:
    post(server, 500)
    connections = [stalled(server) for _ in range(STALLED)]
    position = post(server, 200)
    follower = Follower(server)
    follower.start()
    try:
        follower.wait_for(position)
        assert server.end() == 0
    finally:
        follower.leaving.set()
        follower.join(SECONDS_MAX)
        for connection in connections:
            connection.close()
    assert "timeout graceful shutdown exceeded" not in server.log.read_text()
