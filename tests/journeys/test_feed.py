"""The feed of a running service: followed by a program of its own, over restarts and to the end."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.server import ADMIN_KEY, HEADERS, Server, running_server

SECONDS_MAX = 60.0
BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 1_000}
STALLED = 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that is ready."""
    with running_server(tmp_path / "data") as running:
        yield running


class Follower(threading.Thread):
    """Follows the stream as any client does: connects again with the last id when it ends."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self.ids: list[int] = []
        self.connections = 0
        self.broken: list[str] = []
        self.leaving = threading.Event()

    def run(self) -> None:
        """Connect until it is told to leave."""
        while not self.leaving.is_set():
            try:
                self._follow()
            except httpx.ConnectError:
                self.leaving.wait(0.05)
            except httpx.TransportError as error:
                self.broken.append(repr(error))

    def wait_for(self, position: int) -> None:
        """Wait until an event has come."""
        deadline = time.monotonic() + SECONDS_MAX
        while self.ids[-1:] != [position]:
            assert self.is_alive()
            assert time.monotonic() < deadline, self.ids[-1:]
            time.sleep(0.01)

    def _follow(self) -> None:
        headers: dict[str, Any] = {**HEADERS, **({"Last-Event-ID": str(self.ids[-1])} if self.ids else {})}
        address = f"{self._server.address}/v1/events/stream?after=0"
        with httpx.stream("GET", address, headers=headers, timeout=SECONDS_MAX) as answer:
            if answer.status_code != 200:  # the server is still starting
                self.leaving.wait(0.05)
                return
            self.connections += 1
            last = ""
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    last = line.removeprefix("id: ")
                elif line.startswith("data: "):
                    self.ids.append(int(last))
                if self.leaving.is_set():
                    return


def post(server: Server, count: int) -> int:
    """Post bills; returns the position of the last."""
    with httpx.Client(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
        for _ in range(count):
            answer = client.post("/v1/folios/FOLIO-1/bills", json=BILL)
            assert answer.status_code == 201, answer.text
    return int(answer.headers["Folio-Position"])


def stalled(server: Server) -> socket.socket:
    """A connection with a stream that is never read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect(("127.0.0.1", server.port))
    lines = ("GET /v1/events/stream?after=0 HTTP/1.1", "Host: folio", f"Authorization: Bearer {ADMIN_KEY}", "", "")
    connection.sendall("\r\n".join(lines).encode())
    return connection


def test_a_follower_misses_nothing_over_restarts_which_its_stream_does_not_hold_up(server: Server) -> None:
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
    assert follower.ids == list(range(1, position + 1))
    assert (follower.connections, follower.broken) == (3, []), "each stream came to an end of its own"
    log = server.log.read_text()
    assert "timeout graceful shutdown exceeded" not in log
    assert '"level": "error"' not in log
    assert "Traceback" not in log


def test_readers_that_take_nothing_hold_up_neither_commands_nor_the_end(server: Server) -> None:
    name = "R" * 200
    commands = [{"method": "POST", "path": "/v1/folios/FOLIO-1/bills", "body": {**BILL, "name": name}}] * 500
    with httpx.Client(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
        for _ in range(20):
            assert client.post("/v1/commands", json={"atomic": True, "commands": commands}).status_code == 200
    connections = [stalled(server) for _ in range(STALLED)]
    position = post(server, 5)
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
    assert follower.ids == list(range(1, position + 1))
    assert "timeout graceful shutdown exceeded" not in server.log.read_text()
