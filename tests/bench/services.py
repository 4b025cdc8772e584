"""Services under load: each a process of its own on a free port, from its start to its end."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.failing import CannotMeasure

ROOT = Path(__file__).parents[2]
PEERS = Path(__file__).parent / "peers"
FOLIO = (sys.executable, "-m", "services.cli")
START_SECONDS_MAX = 60.0
END_SECONDS_MAX = 30.0
LAST_WORDS_CHARACTERS = 2_000


@dataclass(frozen=True)
class Running:
    """A service that answers on a port of this machine."""

    name: str
    pid: int
    port: int

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def inherited() -> dict[str, str]:
    """The environment of what is started: this one's, without settings that somebody has made for a real service."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOLIO_")}
    return kept | {"PYTHONPATH": str(ROOT)}


def uvicorn(app: str, port: int) -> list[str]:
    """The command that serves a peer in one process, without logging."""
    quiet = ["--log-level", "error", "--no-access-log"]
    return [sys.executable, "-m", "uvicorn", *quiet, "--port", str(port), app]


@contextmanager
def running(name: str, command: Sequence[str], environment: Mapping[str, str], port: int) -> Iterator[Running]:
    """A service from its first answer until the end of this context. Raises CannotMeasure when it gives none."""
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            command,
            env={**inherited(), **environment},
            cwd=PEERS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
        )
        try:
            deadline = time.monotonic() + START_SECONDS_MAX
            while not answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    words.seek(0)
                    said = words.read().decode(errors="replace").strip()[-LAST_WORDS_CHARACTERS:]
                    raise CannotMeasure(f"{name} did not start ({' '.join(command)}). It said:\n{said}")
                time.sleep(0.05)
            yield Running(name, process.pid, port)
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process in order, or at once when it does not end."""
    process.terminate()
    try:
        process.wait(END_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    """Whether something answers HTTP there, and is ready if it knows the word."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1)
    except urllib.error.HTTPError as error:
        return error.code == 404
    except OSError:
        return False
    return True
