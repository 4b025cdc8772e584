"""What the commands of the terminal share: their options, how they speak, how they run and end."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import psycopg
import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console

from projections.building import LogLacksEvents
from services.billing.ports import StoreUnavailable
from services.bootstrap import Service
from services.desk.problems import Problem
from services.evidence.keys import BadKey
from services.serving import BadAddress, PortTaken, database
from services.settings import Settings
from services.store.api_keys import NameTaken
from services.store.embedded import EmbeddedPostgresError, holds_records
from services.store.migrate import MigrationError, migrate

Result = TypeVar("Result")

Data = Annotated[Path, typer.Option(help="Folder of the own PostgreSQL; unused with FOLIO_DATABASE_URL.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
DEFAULT_DATA = Path(".folio")
READY_SECONDS_MAX = 30
INTERRUPTED = 130
"""The status of a command that Ctrl-C ended, as a shell reports it."""
NO_LEDGER = "There is no ledger in this database; 'folio migrate' makes one."

console = Console(stderr=True)


def tell(message: str) -> None:
    """Say something to the person at the terminal, in one piece."""
    console.print(message, markup=False, highlight=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Say what went wrong and end with status 1."""
    console.print("[bold red]folio:[/]", end=" ")
    tell(message)
    raise typer.Exit(1)


def read_settings() -> Settings:
    """The settings, or a message that names the wrong ones without showing their values."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [
            (f"FOLIO_{str(each['loc'][0]).upper()}: " if each["loc"] else "")
            + each["msg"].removeprefix("Value error, ")
            for each in error.errors(include_input=False)
        ]
        fail("Settings are wrong.\n" + "\n".join(wrong))


@contextmanager
def clear_messages() -> Iterator[None]:
    """Turn what an operator can put right into a message instead of a traceback."""
    try:
        yield
    except (EmbeddedPostgresError, MigrationError, LogLacksEvents, PortTaken, BadAddress, BadKey, NameTaken) as error:
        fail(str(error))
    except (psycopg.OperationalError, StoreUnavailable) as error:
        fail(f"The database does not answer: {str(error).strip()}\nCheck FOLIO_DATABASE_URL and that it runs.")


def end_on_sigterm() -> None:
    """Let SIGTERM end a command as cleanly as Ctrl-C does."""

    def end(*_: object) -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a script
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGTERM, end)


@contextmanager
def interruptible() -> Iterator[None]:
    """Run what comes to an end by itself: Ctrl-C and SIGTERM end it before."""
    otherwise = signal.getsignal(signal.SIGTERM)
    end_on_sigterm()
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, otherwise)


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Run what lasts: Ctrl-C and SIGTERM are the usual ways to end it and no error."""
    end_on_sigterm()
    with clear_messages(), contextlib.suppress(KeyboardInterrupt):
        yield


@contextmanager
def prepared_database(data: Path) -> Iterator[str]:
    """The database, migrated, of a running service or started for this command alone."""
    with clear_messages(), database(read_settings(), data, shared=True) as conninfo:
        migrate(conninfo)
        yield conninfo


@contextmanager
def existing_database(data: Path) -> Iterator[str]:
    """The database as it is, for looking back: none is made where there is none."""
    settings = read_settings()
    if settings.database_url is None and not holds_records(data):
        fail(f"There is no ledger in {data}. Name its folder with --data, or its database with FOLIO_DATABASE_URL.")
    with clear_messages(), database(settings, data, shared=True) as conninfo:
        yield conninfo


@contextmanager
def naming(options: Mapping[str, str]) -> Iterator[None]:
    """Tell of a wrong value as the command line does: by the option's name, with status 2.

    `options` are those for values that are called otherwise elsewhere.
    """
    try:
        yield
    except Problem as problem:
        name = problem.faults[0].pointer.removeprefix("/") if problem.faults else ""
        raise typer.BadParameter(problem.detail, param_hint=options.get(name, f"--{name}")) from None


async def until_ready(service: Service) -> None:
    """Wait until a service of this command's own can answer, or say what keeps it from that."""
    try:
        async with asyncio.timeout(READY_SECONDS_MAX):
            while service.trouble is not None:  # noqa: ASYNC110  # a service gives nothing to wait on
                await asyncio.sleep(0.05)
    except TimeoutError:
        fail(f"Nothing was done: {service.trouble}. Run it again when the database answers.")


def run(doing: Coroutine[Any, Any, Result]) -> Result:
    """Run until done or interrupted."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(doing)
