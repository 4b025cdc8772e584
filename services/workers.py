"""Several server processes on one port: started together, replaced when one dies, ended together."""

import asyncio
import logging
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from prometheus_client import multiprocess

from services.provision import seal_by
from services.serving import bind, serve_as_set
from services.settings import Settings
from services.telemetry import METRICS_FOLDER, configure_logging
from services.terminal import run

RESTART_PAUSE_SECONDS = 1.0
END_SECONDS_MAX = 15
SPAWN = multiprocessing.get_context("spawn")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Worker:
    """What a process needs to serve; handed over by a pipe, so that the database's password shows nowhere."""

    host: str
    port: int
    conninfo: str
    data: Path

    def start(self) -> BaseProcess:
        """Start a process that serves."""
        process = SPAWN.Process(target=_serve, args=(self,), name="folio worker", daemon=True)
        process.start()
        return process


def serve_in_workers(worker: Worker, count: int) -> None:
    """Keep so many processes serving until interrupted; all have ended when this returns."""
    with _metrics_in_common():
        workers: list[BaseProcess] = []
        try:
            workers.extend(worker.start() for _ in range(count))
            while True:
                connection.wait([process.sentinel for process in workers])
                workers = [process if process.is_alive() else _replace(worker, process) for process in workers]
        finally:
            _end(workers)


def _replace(worker: Worker, dead: BaseProcess) -> BaseProcess:
    multiprocess.mark_process_dead(dead.pid)  # type: ignore[no-untyped-call]
    log.error("the worker process %s ended with status %s and is replaced", dead.pid, dead.exitcode)
    time.sleep(RESTART_PAUSE_SECONDS)
    return worker.start()


def _end(workers: list[BaseProcess]) -> None:
    """Let requests under way finish; a second Ctrl-C does not wait for them."""
    for process in workers:
        process.terminate()
    deadline = time.monotonic() + END_SECONDS_MAX
    try:
        for process in workers:
            process.join(max(0.0, deadline - time.monotonic()))
    finally:
        for process in workers:
            process.kill()


@contextmanager
def _metrics_in_common() -> Iterator[None]:
    """A folder in which the processes add up what they count, so that any of them can answer /metrics for all."""
    with tempfile.TemporaryDirectory(prefix="folio-metrics-") as folder:
        os.environ[METRICS_FOLDER] = folder
        yield


def _serve(worker: Worker) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until the server listens to it
    settings = Settings()
    configure_logging(settings.log_level, settings.log_format)
    with bind(worker.host, worker.port, shared=True) as listening:  # listens once it is served
        run(serve_as_set(worker.conninfo, listening, settings, seal_by(settings, worker.data), _parent_gone))


async def _parent_gone() -> None:
    """Return when the process that started this one has died: nobody would replace or end this one."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(parent.sentinel, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(parent.sentinel)
    log.error("the process that supervises this one has died; this one ends")
    signal.raise_signal(signal.SIGTERM)
