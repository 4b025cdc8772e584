"""`folio payssam …`, what an operator does about the payment provider, and `folio payssam-sandbox`."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from services.bootstrap import Service, make_service
from services.collection.payment_request import ID_LENGTH
from services.collection.ports import KeptCallback
from services.collection.reconciliation import Report, reconcile
from services.payssam.sandbox import SandboxSettings, serve_sandbox
from services.provision import collecting_by
from services.serving import listen
from services.store.inbox import list_callbacks, replay_callbacks
from services.telemetry import configure_logging
from services.terminal import (
    DEFAULT_DATA,
    Data,
    Host,
    Port,
    console,
    fail,
    prepared_database,
    read_settings,
    run,
    tell,
    until_interrupted,
    until_ready,
)

NUMBER_MAX = 2**63 - 1
PRIVATE = re.compile(r'("(?:api_?key|phone|member_?(?:nm|name))"\s*:\s*")[^"]*', re.IGNORECASE)
"""What an operator need not see: the provider's key, and whom a bill was sent to."""

payssam = typer.Typer(help="The payment provider: reconcile, and its callbacks.", no_args_is_help=True)
inbox = typer.Typer(help="Callbacks as they came: list (also by itself), show, replay.")
payssam.add_typer(inbox, name="inbox")


def sandbox_command(
    port: Port = 8090,
    host: Host = "127.0.0.1",
    data: Annotated[Path | None, typer.Option(help="File that keeps its bills; none by default.")] = None,
    api_key: Annotated[str, typer.Option(help="The key that partners must send.")] = "sandbox-key",
    points: Annotated[int, typer.Option(min=0, help="Points to begin with; a message costs 55.")] = 100_000,
    hour_seconds: Annotated[float, typer.Option(min=0.01, help="How long its hour between two callbacks lasts.")] = 60,
) -> None:
    """Run a local stand-in for PaySsam, the payment provider: bills are paid on its pages, for nothing."""
    configure_logging("WARNING", "console")
    with until_interrupted(), listen(host, port) as listening:
        address = listening.getsockname()
        tell(f"The PaySsam sandbox serves http://{address[0]}:{address[1]} (described there). Ctrl-C ends it.")
        run(serve_sandbox(SandboxSettings(api_key, data, hour_seconds, points), listening))


@payssam.command("reconcile")
def reconcile_command(data: Data = DEFAULT_DATA) -> None:
    """Ask the provider about every request that may have changed; print and keep what was other than the books.

    Ends with status 1 when the provider gave no word on some.
    """
    settings = read_settings()
    configure_logging("ERROR", "console")
    with until_interrupted(), prepared_database(data) as conninfo:

        async def reconciled() -> Report:
            collecting = collecting_by(settings)
            if collecting is None:
                fail("No provider is set up: FOLIO_PAYSSAM_BASE_URL and FOLIO_PAYSSAM_API_KEY are missing.")
            async with make_service(conninfo, None, collecting, attended=False) as service:
                return await _reconcile(service)

        report = run(reconciled())
        _tell(report)
        raise typer.Exit(1 if report.unanswered else 0)


async def _reconcile(service: Service) -> Report:
    await until_ready(service)
    assert service.office is not None
    request_ids = await service.office.agenda.all_watched()
    columns = (TextColumn("Asking the provider"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(request_ids))
        return await reconcile(
            service.office.collector, service.office.agenda, request_ids, lambda: progress.advance(task)
        )


def _tell(report: Report) -> None:
    if report.differences:
        table = Table(Column("request", no_wrap=True), "books", "provider", "won", "flags", box=None)
        for each in report.differences:
            table.add_row(each.request_id, each.before, each.after, f"{each.amount:,}", ", ".join(each.flags))
        Console().print(table)
    for request_id, reason in report.unanswered.items():
        tell(f"{request_id}: no word from the provider: {reason}")
    tell(f"Asked about {report.asked:,}: {len(report.differences):,} differed and are put right.")


@inbox.callback(invoke_without_command=True)
def inbox_alone(context: typer.Context, data: Data = DEFAULT_DATA) -> None:
    """Callbacks as they came: list (also by itself), show, replay."""
    if context.invoked_subcommand is None:
        inbox_list(data=data)
    elif data != DEFAULT_DATA:
        fail(f"Put --data after the command: folio payssam inbox {context.invoked_subcommand} --data {data}")


@inbox.command("list")
def inbox_list(
    every: Annotated[bool, typer.Option("--all", help="Those that were dealt with, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most, the newest first.")] = 100,
    data: Data = DEFAULT_DATA,
) -> None:
    """List the callbacks that wait, and why."""
    with prepared_database(data) as conninfo:
        kept = list_callbacks(conninfo, None, all_states=every, limit=limit)
    named = ("number", "received", "request", "state", "attempts")
    table = Table(*(Column(name, no_wrap=True) for name in named), "why it waits", box=None)
    for each in kept:
        received, request = f"{each.received_at:%Y-%m-%d %H:%M}", each.request_id[:ID_LENGTH]
        table.add_row(str(each.number), received, request, each.state, str(each.attempts), each.reason or "")
    Console().print(table)
    tell(f"{len(kept)} callbacks{'' if every else ' wait'}.")


@inbox.command("show")
def inbox_show(
    number: Annotated[int, typer.Argument(min=1, max=NUMBER_MAX, help="Its number in the list.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Show a callback as it came, without the provider's key and the guest's name and phone in it."""
    api_key = read_settings().payssam_api_key
    with prepared_database(data) as conninfo:
        found = list_callbacks(conninfo, number, all_states=True, limit=1)
    if not found:
        fail(f"There is no callback {number}; 'folio payssam inbox list --all' shows them.")
    typer.echo(_shown(found[0], None if api_key is None else api_key.get_secret_value()))


def _shown(kept: KeptCallback, api_key: str | None) -> str:
    facts = {
        "number": kept.number,
        "received": kept.received_at.isoformat(),
        "from": kept.source,
        "request": kept.request_id,
        "state": kept.state,
        "attempts": kept.attempts,
        "waits because": kept.reason,
        "sha256": kept.digest,
        "headers": kept.headers,
    }
    body = PRIVATE.sub(r"\1***", kept.body.decode(errors="replace")) or "(erased: its guest was forgotten)"
    body = body if api_key is None else body.replace(api_key, "***")
    return (
        "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items()) + f"\n\n{body}"
    )


@inbox.command("replay")
def inbox_replay(
    number: Annotated[
        int | None, typer.Argument(min=1, max=NUMBER_MAX, help="Its number; all that wait by default.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Let a running service deal with a callback now, or with all that wait."""
    with prepared_database(data) as conninfo:
        count = replay_callbacks(conninfo, number)
    if number is not None and not count:
        fail(f"There is no callback {number}; 'folio payssam inbox list --all' shows them.")
    tell(f"{count} callbacks are due now; a running service deals with them within a second.")
