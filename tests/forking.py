"""`folio` in processes of their own, forked from one that has imported it: the second that this takes is spent once.

What is started so has the code, arguments, environment and signals of the command; killed, it is as dead. Tests of the
start itself and of what starts processes take the command as it is (`FreshServer` of `tests.faults.server`).
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

IMPORTED = [
    "services.cli",
    "services.bootstrap",
    "services.intake.run",
    "uvloop",
    "uvicorn.protocols.http.httptools_impl",
]
FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(IMPORTED)
Streams = tuple[str, str, str]
"""Files for standard input, output and errors; what is written is added to them."""


class Folio:
    """A running `folio` command, to be used as a `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], streams: Streams) -> None:
        """Start the command in this folder."""
        self._arguments = arguments
        told = (list(arguments), dict(environment), streams, str(Path.cwd()))
        self._process = FORKING.Process(target=_become_folio, args=told)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """The exit status, negative for a signal, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status once it has ended. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self._arguments, timeout or 0)
        return status

    def send_signal(self, with_signal: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, with_signal)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def run_folio(
    arguments: Sequence[str], environment: Mapping[str, str], seconds_max: float, enter: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a `folio` command to its end; `enter` is what it reads. Raises subprocess.TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        given, said, besides = (Path(folder, name) for name in ("given", "said", "besides"))
        given.write_text(enter)
        process = Folio(arguments, environment, (str(given), str(said), str(besides)))
        try:
            status = process.wait(seconds_max)
        finally:
            process.kill()
        return subprocess.CompletedProcess(arguments, status, said.read_text(), besides.read_text())


def _become_folio(arguments: Sequence[str], environment: Mapping[str, str], streams: Streams, folder: str) -> None:
    """In the new process: carry out the command."""
    from services.cli import app

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for standard, file in enumerate(streams):
        access = os.O_WRONLY | os.O_APPEND | os.O_CREAT if standard else os.O_RDONLY
        os.dup2(os.open(file, access, 0o600), standard)
    sys.stdin = os.fdopen(0)  # multiprocessing has closed it
    sys.argv = ["folio", *arguments]
    app()
