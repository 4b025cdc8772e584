"""A real `folio serve` in a process of its own, that tests may kill."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx

from services.store.embedded import discard
from tests.forking import Folio

ADMIN_KEY = "admin-key-of-the-faults"
HEADERS = {"Authorization": f"Bearer {ADMIN_KEY}"}
SECONDS_MAX = 60.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """`folio serve`, on its own data folder or on a given database."""

    def __init__(
        self,
        data: Path,
        database_url: str | None = None,
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"{data.name}.log"
        self._data = data
        self._options = options
        self._environment = {**os.environ, "FOLIO_ADMIN_KEY": ADMIN_KEY, **(environment or {})}
        self._environment.pop("FOLIO_DATABASE_URL", None)
        if database_url is not None:
            self._environment["FOLIO_DATABASE_URL"] = database_url
        self.process: Folio | subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; what it logs is added to `log`."""
        command = ["serve", "--port", str(self.port), "--data", str(self._data), *self._options]
        self.process = self._begin(command)

    def _begin(self, command: Sequence[str]) -> Folio | subprocess.Popen[bytes]:
        return Folio(command, self._environment, (os.devnull, str(self.log), str(self.log)))

    def status(self, path: str = "/health/ready") -> int:
        """The status of an answer, 0 without an answer."""
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(self.address + path, headers=HEADERS, timeout=15).status_code
        return 0

    def wait_for(self, status: int, path: str = "/health/ready") -> None:
        """Wait until a path answers with a status."""
        deadline = time.monotonic() + SECONDS_MAX
        while self.status(path) != status:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """End the process by a signal; returns its exit status."""
        assert self.process is not None
        self.process.send_signal(with_signal)
        return self.process.wait(SECONDS_MAX)

    def kill(self) -> None:
        """Leave no process behind, however the test ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class FreshServer(Server):
    """`folio serve` as an operator starts it, imports and all: for tests of the start and of its processes."""

    def _begin(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "services.cli", *command], env=self._environment, stdout=log, stderr=log
            )


@contextlib.contextmanager
def running_server(
    data: Path, environment: Mapping[str, str] | None = None, database_url: str | None = None
) -> Iterator[Server]:
    """A server that is ready; a PostgreSQL of its own is removed afterwards."""
    server = Server(data, database_url, environment)
    try:
        server.start()
        server.wait_for(200)
        yield server
        if server.process is not None and server.process.poll() is None:
            server.end()
    finally:
        server.kill()
        discard(data)
