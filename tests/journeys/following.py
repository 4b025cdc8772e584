"""Followers of a running service: programs of their own that go on where they were, over restarts and to the end."""

import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from tests.faults.server import HEADERS, Server

SECONDS_MAX = 60.0
BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 1_000}


class Follower(threading.Thread):
    """Follows events as any client does: connects again with the last id when its connection ends."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.ids: list[int] = []
        self.leaving = threading.Event()

    def run(self) -> None:
        """Connect until it is told to leave."""
        while not self.leaving.wait(0.05):
            self.follow()

    def follow(self) -> None:
        """Connect once, and take what comes until the connection ends."""
        raise NotImplementedError

    def wait_for(self, position: int) -> None:
        """Wait until an event has come."""
        deadline = time.monotonic() + SECONDS_MAX
        while self.ids[-1:] != [position]:
            assert self.is_alive()
            assert time.monotonic() < deadline, self.ids[-1:]
            time.sleep(0.01)


@contextmanager
def followed(follower: Follower) -> Iterator[Follower]:
    """The follower at work."""
    follower.start()
    try:
        yield follower
    finally:
        follower.leaving.set()
        follower.server.kill()
        follower.join(SECONDS_MAX)


def post(server: Server, count: int) -> int:
    """Post bills; returns the position of the last."""
    with httpx.Client(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
        for _ in range(count):
            answer = client.post("/v1/folios/FOLIO-1/bills", json=BILL)
            assert answer.status_code == 201, answer.text
    return int(answer.headers["Folio-Position"])


def follow_over_restarts(follower: Follower) -> int:
    """Let events happen between orderly ends of the service; returns the position of the last event."""
    server = follower.server
    with followed(follower):
        for with_signal in (signal.SIGTERM, signal.SIGINT):
            follower.wait_for(post(server, 20))
            assert server.end(with_signal) == 0
            server.start()
            server.wait_for(200)
        position = post(server, 20)
        follower.wait_for(position)
        follower.leaving.set()
        server.end()
    log = server.log.read_text()
    assert "timeout graceful shutdown exceeded" not in log
    assert '"level": "error"' not in log
    assert "Traceback" not in log
    return position


def end_beside_stalled(follower: Follower, stalled: Sequence[socket.socket]) -> int:
    """End the service while some readers take nothing; returns the position of the last event before."""
    server = follower.server
    position = post(server, 200)
    with followed(follower):
        follower.wait_for(position)
        follower.leaving.set()
        assert server.end() == 0
    for connection in stalled:
        connection.close()
    assert "timeout graceful shutdown exceeded" not in server.log.read_text()
    return position


def unread(server: Server, lines: Sequence[str]) -> socket.socket:
    """A connection on which a request was sent, and whose answer is never read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection
