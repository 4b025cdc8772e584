"""Subscriptions of a running service: followed over restarts, and no reason for it not to end."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.faults.server import HEADERS, Server, running_server
from tests.journeys.test_feed import SECONDS_MAX, post

FOLLOW = 'subscription($after: ID) { folioEvents(folioId: "FOLIO-1", after: $after) { id data } }'
GOING_AWAY = 1012
STALLED = 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that is ready."""
    with running_server(tmp_path / "data") as running:
        yield running


def subscribed(server: Server, after: str) -> ClientConnection:
    """A socket on which a subscription has begun."""
    address = f"ws://127.0.0.1:{server.port}/graphql"
    socket = connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], additional_headers=HEADERS)
    say(socket, type="connection_init")
    assert msgspec.json.decode(socket.recv(SECONDS_MAX)) == {"type": "connection_ack"}
    say(socket, type="subscribe", id="1", payload={"query": FOLLOW, "variables": {"after": after}})
    return socket


def say(socket: ClientConnection, **message: Any) -> None:
    """Send a message."""
    socket.send(msgspec.json.encode(message).decode())


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
            try:
                socket = subscribed(self._server, self.ids[-1] if self.ids else "0")
            except (OSError, ConnectionClosed):  # the server is not there, or still starting
                continue
            try:
                while True:
                    message = msgspec.json.decode(socket.recv())
                    self.ids.append(message["payload"]["data"]["folioEvents"]["id"])
            except ConnectionClosed:
                self.codes.append(socket.close_code)

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
    sockets = [subscribed(server, "0") for _ in range(STALLED)]
    for socket in sockets:
        socket.socket.setsockopt(1, 8, 4_096)
    position = post(server, 200)
    follower = Follower(server)
    follower.start()
    try:
        follower.wait_for(position)
        assert server.end() == 0
    finally:
        follower.leaving.set()
        follower.join(SECONDS_MAX)
        for socket in sockets:
            socket.close_socket()
    assert "timeout graceful shutdown exceeded" not in server.log.read_text()
