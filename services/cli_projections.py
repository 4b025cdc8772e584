"""`folio projections`: how the read models stand, rebuilding and verifying them, and what of them is parked."""

import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg.errors import UndefinedTable
from rich.console import Console
from rich.table import Column, Table

from projections.following import TooManyFailed
from projections.parking import Parked, list_parked, retry
from projections.place import Connection, OtherDefinition
from projections.read_model import ReadModel
from projections.rebuild import RebuildUnderWay, rebuild
from projections.status import Status, read_status
from projections.verification import Difference, Verified, verify
from services.bootstrap import CODEC, READ_MODELS
from services.cli_progress import BuildingProgress
from services.store.connection import connect_patiently
from services.telemetry import configure_logging
from services.terminal import DEFAULT_DATA, INTERRUPTED, Data, end_on_sigterm, fail, prepared_database, run, tell

MODELS = {model.name: model for model in READ_MODELS}
CONNECTION_NAME = "folio projections command"
WIDTH = 240
"""Of a table that goes to a file or a program."""

projections = typer.Typer(help="Read models: status, rebuild, what is parked.", no_args_is_help=True)
parking = typer.Typer(help="Events that a read model could not take: list (by itself), retry.")
projections.add_typer(parking, name="park")


@projections.command("status")
def status_command(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False, data: Data = DEFAULT_DATA
) -> None:
    """Show where each read model stands, who keeps it up, and whether it is being rebuilt."""

    async def read(conninfo: str) -> Sequence[Status]:
        async with connected(conninfo) as connection:
            return await read_status(connection, list(MODELS))

    with prepared_database(data) as conninfo:
        found = run(read(conninfo))
    if as_json:
        typer.echo(json.dumps({each.name: _shown(each) for each in found}, indent=2))
        return
    named = ("read model", "position", "lag", "seconds", "rows", "parked", "kept up by", "rebuild")
    table = Table(*(Column(name, no_wrap=True) for name in named), box=None)
    for each in found:
        numbers = (f"{each.position:,}", f"{each.events:,}", f"{each.seconds:.1f}", f"{each.rows:,}")
        holder = "nobody" if each.holder is None else f"{each.holder} (pid {each.holder_pid})"
        table.add_row(each.name, *numbers, f"{each.parked_events:,}", holder, _rebuild_of(each))
    _print(table)


def _print(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)


def _rebuild_of(status: Status) -> str:
    if status.rebuilt_events is None:
        return ""
    return f"{'runs' if status.rebuild_runs else 'stopped'} at {status.rebuilt_events:,} events"


def _shown(status: Status) -> dict[str, Any]:
    holder = None if status.holder is None else {"name": status.holder, "pid": status.holder_pid}
    begun = status.rebuilt_events is not None
    return {
        "position": status.position,
        "lagEvents": status.events,
        "lagSeconds": status.seconds,
        "rows": status.rows,
        "parkedEvents": status.parked_events,
        "holder": holder,
        "rebuild": {"position": status.rebuilt_events, "running": status.rebuild_runs} if begun else None,
    }


@projections.command("rebuild")
def rebuild_command(
    name: Annotated[str | None, typer.Argument(help="The read model.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All read models, in one pass over the log.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew instead of continuing.")] = False,
    compare: Annotated[
        bool, typer.Option("--verify", help="Change nothing: compare every row with what the log says.")
    ] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Build a read model from event 0 beside the one that serves, then let it serve. The service may go on.

    Once stopped, the same command continues. With --verify it ends with status 1 when a row differs.
    """
    if every == (name is not None):
        fail(f"Name one read model, or --all. There are: {', '.join(MODELS)}.")
    models = list(READ_MODELS) if name is None else [_model(name)]
    configure_logging("WARNING", "console")
    end_on_sigterm()
    progress = BuildingProgress("Building anew" if compare else "Rebuilding")
    with prepared_database(data) as conninfo:
        try:
            with progress:
                work = _verify(conninfo, models, progress) if compare else _rebuild(conninfo, models, progress, restart)
                differences = run(work)
        except (RebuildUnderWay, OtherDefinition, TooManyFailed) as error:
            fail(str(error))
        except UndefinedTable as error:
            fail(f"A table is missing: {error.diag.message_primary}. 'folio projections rebuild NAME' makes it anew.")
        except KeyboardInterrupt:
            stopped = "" if compare else f" after {progress.events:,} events; the same command continues from there"
            tell(f"Stopped{stopped}.")
            raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(1 if differences else 0)


async def _rebuild(conninfo: str, models: Sequence[ReadModel], progress: BuildingProgress, anew: bool) -> int:
    positions = await rebuild(conninfo, models, CODEC, progress, anew=anew)
    for name, position in positions.items():
        progress.says(f"{name} is rebuilt and serves from position {position:,}.")
    async with connected(conninfo) as connection:
        parked = await list_parked(connection, list(positions))
    if parked:
        progress.says(f"{len(parked):,} events could not be taken: 'folio projections park' lists them.")
    return 0


async def _verify(conninfo: str, models: Sequence[ReadModel], progress: BuildingProgress) -> int:
    differences = 0
    async for found in verify(conninfo, models, CODEC, progress):
        match found:
            case Difference():
                differences += 1
                progress.says(_told(found))
            case Verified(name, position, rows):
                progress.says(f"{name}: {rows:,} rows compared at position {position:,}.")
    progress.says(f"Differences: {differences:,}." if differences else "No difference.")
    return differences


def _told(found: Difference) -> str:
    where = f"{found.read_model} {found.key}"
    if found.serving is None and found.column is None:
        return f"{where}: the row is missing; rebuilt it is {_json(found.rebuilt)}"
    if found.rebuilt is None and found.column is None:
        return f"{where}: the row is surplus; it is {_json(found.serving)}"
    return f"{where}: {found.column} is {_json(found.serving)}, rebuilt it is {_json(found.rebuilt)}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@parking.callback(invoke_without_command=True)
def park_alone(context: typer.Context, data: Data = DEFAULT_DATA) -> None:
    """Events that a read model could not take: list (by itself), retry."""
    if context.invoked_subcommand is None:
        _list(data)
    elif data != DEFAULT_DATA:
        fail(f"Put --data after the command: folio projections park {context.invoked_subcommand} NAME --data {data}")


def _list(data: Path) -> None:
    async def read(conninfo: str) -> Sequence[Parked]:
        async with connected(conninfo) as connection:
            return await list_parked(connection, list(MODELS))

    with prepared_database(data) as conninfo:
        found = run(read(conninfo))
    named = ("read model", "position", "event", "folio", "since", "waiting")
    table = Table(*(Column(name, no_wrap=True) for name in named), "why", box=None)
    for each in found:
        since = f"{each.since:%Y-%m-%d %H:%M}"
        table.add_row(
            each.read_model, str(each.position), each.topic, each.folio, since, str(each.waiting), each.reason
        )
    _print(table)
    tell(f"{len(found):,} events are parked.")


@parking.command("retry")
def retry_command(
    name: Annotated[str, typer.Argument(help="The read model.")],
    position: Annotated[int | None, typer.Option(min=1, help="Only the event at this position.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Apply parked events again, after what they failed on is put right, and those that wait behind each, in order.

    Ends with status 1 when one fails again.
    """
    model = _model(name)

    async def try_again(conninfo: str) -> list[str]:
        async with connected(conninfo) as connection:
            found = [
                each for each in await list_parked(connection, [name]) if position is None or each.position == position
            ]
            if not found and position is not None:
                fail(f"No event at position {position} is parked for {name}; 'folio projections park' lists them.")
            failures = []
            for each in found:
                failed = await retry(connection, model, CODEC, each)
                if failed is None:
                    tell(f"{name} has taken the event at position {each.position} and {each.waiting} behind it.")
                else:
                    failures.append(str(failed))
            tell(f"{len(found) - len(failures):,} of {len(found):,} parked events are applied.")
            return failures

    with prepared_database(data) as conninfo:
        try:
            failures = run(try_again(conninfo))
        except OtherDefinition as error:
            fail(str(error))
    if failures:
        fail("\n".join(failures))


def _model(name: str) -> ReadModel:
    if name not in MODELS:
        fail(f"There is no read model {name!r}. There are: {', '.join(MODELS)}.")
    return MODELS[name]


@asynccontextmanager
async def connected(conninfo: str) -> AsyncIterator[Connection]:
    """A connection for one command."""
    async with await connect_patiently(conninfo, CONNECTION_NAME) as connection:
        yield connection
