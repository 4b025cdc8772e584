"""The command line: `folio`."""

import asyncio
import contextlib
import re
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import psycopg
import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console
from rich.table import Column, Table

from services.access import Role
from services.billing.ids import PMS_ID_PATTERN
from services.bootstrap import collecting_by, prepare_database
from services.cli_payssam import HourSeconds, Points, SandboxData, serve_sandbox_on
from services.payssam.sandbox import SandboxSettings
from services.serving import BadAddress, PortTaken, database, listen, serve
from services.settings import Settings
from services.store import api_keys
from services.store.embedded import EmbeddedPostgresError
from services.store.migrate import MigrationError
from services.telemetry import configure_logging

app = typer.Typer(
    help="Folio Ledger: bills on guest folios, every change an event.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
keys = typer.Typer(help="API keys: make, list, revoke.", no_args_is_help=True)
app.add_typer(keys, name="keys")

Data = Annotated[Path, typer.Option(help="Folder of the own PostgreSQL; unused with FOLIO_DATABASE_URL.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
KEY_NAME_LENGTH_MAX = 100
DEFAULT_DATA = Path(".folio")

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
    except (EmbeddedPostgresError, MigrationError, PortTaken, BadAddress, api_keys.NameTaken) as error:
        fail(str(error))
    except psycopg.OperationalError as error:
        fail(f"The database does not answer: {str(error).strip()}\nCheck FOLIO_DATABASE_URL and that it runs.")


def end_on_sigterm() -> None:
    """Let SIGTERM end a command as cleanly as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Run what lasts: Ctrl-C and SIGTERM are the usual ways to end it and no error."""
    end_on_sigterm()
    with clear_messages(), contextlib.suppress(KeyboardInterrupt):
        yield


@contextmanager
def prepared_database(data: Path) -> Iterator[str]:
    """The database, up to date, of a running service or started for this command alone."""
    with clear_messages(), database(read_settings(), data, shared=True) as conninfo:
        prepare_database(conninfo)
        yield conninfo


@app.command("serve")
def serve_command(port: Port = 8080, data: Data = DEFAULT_DATA, host: Host = "127.0.0.1") -> None:
    """Run the service in the foreground: API and projections, until Ctrl-C."""
    settings = read_settings()
    configure_logging(settings.log_level, settings.log_format)
    admin_key = settings.admin_key.get_secret_value() if settings.admin_key else None
    with until_interrupted(), listen(host, port) as listening, database(settings, data) as conninfo:
        address = listening.getsockname()
        tell(f"Folio Ledger serves http://{address[0]}:{address[1]} (described at /docs). Ctrl-C ends it.")
        run(_serve(conninfo, listening, admin_key, settings))


async def _serve(conninfo: str, listening: socket.socket, admin_key: str | None, settings: Settings) -> None:
    await serve(conninfo, listening, admin_key, collecting_by(settings))


@app.command("demo")
def demo_command(port: Port = 8080, data: Data = DEFAULT_DATA) -> None:
    """Run the service on an own PostgreSQL with sample hotels, loaded at the first start."""
    from services.demo.run import DemoFailed, run_demo

    configure_logging("WARNING", "console")
    # Samples never go to a database that somebody has named for real work: the log would keep them for good.
    settings = read_settings().model_copy(update={"database_url": None})
    with until_interrupted(), listen("127.0.0.1", port) as listening, database(settings, data) as conninfo:
        try:
            run(run_demo(conninfo, listening, data))
        except DemoFailed as error:
            fail(str(error))
    tell(f"Stopped. The data stay in {data}.")


@app.command("payssam-sandbox")
def sandbox_command(
    port: Port = 8090,
    host: Host = "127.0.0.1",
    data: SandboxData = None,
    api_key: Annotated[str, typer.Option(help="The key that partners must send.")] = "sandbox-key",
    points: Points = 100_000,
    hour_seconds: HourSeconds = 60.0,
) -> None:
    """Run a local stand-in for PaySsam, the payment provider: bills are paid on its pages, for nothing."""
    configure_logging("WARNING", "console")
    with until_interrupted():
        run(serve_sandbox_on(port, host, SandboxSettings(api_key, data, hour_seconds, points)))


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="FILE.csv or FILE.jsonl, as described in services/intake/FORMAT.md.")],
    data: Data = DEFAULT_DATA,
    rejects: Annotated[
        Path | None, typer.Option(help="Where refused lines go; by default FILE.rejects.jsonl beside the file.")
    ] = None,
) -> None:
    """Import bills with their payments from a PMS export. A second run adds nothing twice."""
    from services.bootstrap import make_service
    from services.intake.run import ImportFailed, Summary, check_files, import_file

    refused = rejects or file.parent / f"{file.stem}.rejects.jsonl"

    async def import_into(conninfo: str) -> Summary:
        async with make_service(conninfo) as service:
            return await import_file(service, file, refused, console)

    configure_logging("ERROR", "console")  # an outage is told once, when the import gives up
    end_on_sigterm()
    try:
        check_files(file, refused)
        with prepared_database(data) as conninfo, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            summary = runner.run(import_into(conninfo))
    except ImportFailed as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None  # as a shell reports a command that Ctrl-C ended
    tell(summary.text())
    raise typer.Exit(1 if summary.rejected else 0)


@app.command()
def migrate(data: Data = DEFAULT_DATA) -> None:
    """Bring the database up to date. `serve` does this by itself."""
    with prepared_database(data):
        tell("The database is up to date.")


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="Who uses it; kept in every event.")],
    role: Annotated[str, typer.Option(help="pms, auditor or admin.")] = "pms",
    accommodation: Annotated[
        list[str] | None, typer.Option(help="Limit the key to this accommodation; may be given several times.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Make a key and print it, the only time that it is to be seen."""
    roles: dict[str, Role] = {"pms": "pms", "auditor": "auditor", "admin": "admin"}
    if role not in roles:
        fail(f"There is no role {role!r}; choose pms, auditor or admin.")
    if not 1 <= len(name) <= KEY_NAME_LENGTH_MAX or not name.isprintable():
        fail(f"A name is 1 to {KEY_NAME_LENGTH_MAX} printable characters.")
    for each in accommodation or []:
        if not re.fullmatch(PMS_ID_PATTERN, each):
            fail(f"{each!r} is no accommodation id: up to 64 of A-Z a-z 0-9 . _ : -")
    with prepared_database(data) as conninfo:
        key = api_keys.create_key(conninfo, name, roles[role], accommodation or None)
    sys.stdout.write(key + "\n")


@keys.command("list")
def keys_list(data: Data = DEFAULT_DATA) -> None:
    """List the keys; the keys themselves are stored hashed and cannot be shown."""
    with prepared_database(data) as conninfo:
        stored = api_keys.list_keys(conninfo)
    table = Table(Column("id", no_wrap=True), "name", "role", "accommodations", "created", "revoked", box=None)
    for key in stored:
        reach = "all" if key.accommodations is None else ", ".join(key.accommodations)
        revoked = f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else ""
        table.add_row(key.id, key.name, key.role, reach, f"{key.created_at:%Y-%m-%d}", revoked)
    Console().print(table)


@keys.command("revoke")
def keys_revoke(key: Annotated[str, typer.Argument(help="The key's name or id.")], data: Data = DEFAULT_DATA) -> None:
    """End a key; a running service refuses it within two seconds."""
    with prepared_database(data) as conninfo:
        if not api_keys.revoke_key(conninfo, key):
            fail(f"There is no key {key!r} to revoke; 'folio keys list' shows them.")
    tell(f"Revoked {key}.")


def run(serving: Coroutine[Any, Any, None]) -> None:
    """Run until done or interrupted."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


if __name__ == "__main__":
    app()
