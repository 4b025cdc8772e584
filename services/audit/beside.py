"""Protections and read models, looked at by a process of its own beside the check of the log."""

import asyncio
import logging
import multiprocessing
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Self

from projections.building import Progress
from projections.read_model import ReadModel
from services.audit.findings import Finding, Kind, stumbled
from services.audit.read_models import NAME, read_model_findings
from services.billing import ledger as _events_of_billing  # noqa: F401 -- a new process knows no event by itself
from services.billing import open_request as _events_of_requests  # noqa: F401
from services.collection import payment_request as _events_of_collection  # noqa: F401
from services.store.codec import EventCodec
from services.store.connection import connect_patiently
from services.store.protections import missing_protections

SPAWN = multiprocessing.get_context("spawn")
REPORT_SECONDS = 0.5
END_SECONDS_MAX = 5.0


@dataclass(frozen=True)
class Reached:
    """So many events are compared of so many."""

    events: int
    until: int


Message = Finding | Reached | str | None
"""What the process says: what it found, how far it is, what it does; None at the end."""


class Beside:
    """The process, as a context: it ends with it. The address is handed over by a pipe, as it holds the password."""

    def __init__(self, conninfo: str, models: Sequence[ReadModel], codec: EventCodec) -> None:
        self._receiving, sending = SPAWN.Pipe(duplex=False)
        self._sending = sending
        self._process = SPAWN.Process(
            target=_look, args=(conninfo, list(models), codec, sending), name=NAME, daemon=True
        )
        self._ended = False

    def __enter__(self) -> Self:
        self._process.start()
        self._sending.close()  # only the process has it open, so that its end is noticed
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.join(END_SECONDS_MAX)
        self._process.kill()
        self._receiving.close()

    def arrived(self, progress: Progress) -> Iterator[Finding]:
        """What it has found by now; nobody waits."""
        while not self._ended and self._receiving.poll():
            yield from self._next(progress, moving=False)

    def rest(self, progress: Progress) -> Iterator[Finding]:
        """What it finds until its end."""
        while not self._ended:
            yield from self._next(progress, moving=True)

    def _next(self, progress: Progress, *, moving: bool) -> Iterator[Finding]:
        """One message; only one part of the check at a time is `moving` the bar."""
        match self._receive():
            case None:
                self._ended = True
            case Reached(events, until):
                if moving:
                    progress.reached(events, until)
            case str(message):
                progress.says(message)
            case Finding() as finding:
                yield finding

    def _receive(self) -> Message:
        try:
            message: Message = self._receiving.recv()
        except EOFError:
            self._process.join(END_SECONDS_MAX)
            self._ended = True
            status = self._process.exitcode
            return Finding(
                Kind.NOT_CHECKED, f"The process that looks at protections and read models ended with status {status}."
            )
        return message


class _Telling(Progress):
    """Sends on what a comparison does."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._told_at = 0.0

    def begins(self, name: str, events: int) -> None:
        """All are begun together, which needs no line each."""

    def reached(self, events: int, until: int) -> None:
        """Now and then, and when it is done."""
        if events == until or time.monotonic() - self._told_at >= REPORT_SECONDS:
            self._told_at = time.monotonic()
            self._pipe.send(Reached(events, until))

    def says(self, message: str) -> None:
        """At once."""
        self._pipe.send(message)


def _look(conninfo: str, models: Sequence[ReadModel], codec: EventCodec, pipe: Pipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    logging.basicConfig(level=logging.ERROR)
    with suppress(BrokenPipeError), asyncio.Runner() as runner:  # when nobody listens any more, nothing is left to do
        runner.run(_send_all(conninfo, models, codec, pipe))


async def _send_all(conninfo: str, models: Sequence[ReadModel], codec: EventCodec, pipe: Pipe) -> None:
    telling = _Telling(pipe)
    parts = {
        "Protections": protection_findings(conninfo),
        "Read models": read_model_findings(conninfo, models, codec, telling),
    }
    for name, findings in parts.items():
        telling.says(name)
        try:
            async for finding in findings:
                pipe.send(finding)
        except BrokenPipeError:
            raise
        except Exception as error:
            pipe.send(stumbled(name, error))
    pipe.send(None)


async def protection_findings(conninfo: str) -> AsyncIterator[Finding]:
    """Protections that were taken away. Raises psycopg.Error."""
    async with await connect_patiently(conninfo, NAME) as connection:
        for sentence in await missing_protections(connection):
            yield Finding(Kind.PROTECTION_MISSING, sentence)
