"""The feed of a running service: followed by a program of its own, over restarts and to the end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.server import HEADERS, Server, running_server
from tests.journeys.following import BILL, SECONDS_MAX, Follower, end_beside_stalled, follow_over_restarts, unread

STALLED = 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that is ready."""
    with running_server(tmp_path / "data") as running:
        yield running


class StreamFollower(Follower):
    """Follows the stream of server-sent events."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.connections = 0
        self.broken: list[str] = []

    def follow(self) -> None:
        """Connect once."""
        try:
            self._read()
        except httpx.ConnectError:
            pass  # the server is not there
        except httpx.TransportError as error:
            self.broken.append(repr(error))

    def _read(self) -> None:
        headers: dict[str, Any] = {**HEADERS, **({"Last-Event-ID": str(self.ids[-1])} if self.ids else {})}
        address = f"{self.server.address}/v1/events/stream?after=0"
        with httpx.stream("GET", address, headers=headers, timeout=SECONDS_MAX) as answer:
            if answer.status_code != 200:  # the server is still starting
                return
            self.connections += 1
            last = ""
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    last = line.removeprefix("id: ")
                elif line.startswith("data: "):
                    self.ids.append(int(last))


def test_a_follower_misses_nothing_over_restarts_which_its_stream_does_not_hold_up(server: Server) -> None:
    follower = StreamFollower(server)
    position = follow_over_restarts(follower)
    assert follower.ids == list(range(1, position + 1))
    assert (follower.connections, follower.broken) == (3, []), "each stream came to an end of its own"


def test_readers_that_take_nothing_hold_up_neither_commands_nor_the_end(server: Server) -> None:
    commands = [{"method": "POST", "path": "/v1/folios/FOLIO-1/bills", "body": {**BILL, "name": "R" * 200}}] * 500
    with httpx.Client(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
        for _ in range(20):
            assert client.post("/v1/commands", json={"atomic": True, "commands": commands}).status_code == 200
    request = ("GET /v1/events/stream?after=0 HTTP/1.1", "Host: folio", f"Authorization: {HEADERS['Authorization']}")
    follower = StreamFollower(server)
    position = end_beside_stalled(follower, [unread(server, request) for _ in range(STALLED)])
    assert follower.ids == list(range(1, position + 1))
