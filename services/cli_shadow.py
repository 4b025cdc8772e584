"""`folio shadow`: whether another version of the code would make the same of the log, asked before a release."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from projections.building import Progress
from projections.shadow import CannotCompare, Comparison, Difference, Version, compare
from projections.shadow_side import reading_connection
from services.cli_progress import BuildingProgress
from services.store.log_store import SELECT_POSITION
from services.terminal import DEFAULT_DATA, INTERRUPTED, Data, end_on_sigterm, existing_database, fail, tell

DIFFERENT = 1
CANNOT_COMPARE = 2
LIMIT = 100
LIMIT_MAX = 100_000
PACKAGES = ("services", "projections")
HERE = Path(__file__).resolve().parent.parent


def shadow_command(
    against: Annotated[
        Path, typer.Option(help="Folder of the other version: a checkout, or where services/ is installed.")
    ],
    limit: Annotated[int, typer.Option(min=0, max=LIMIT_MAX, help="Differences to show; all are counted.")] = LIMIT,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Replay the log with this version's read models and another's, and list the folios that would differ.

    Changes nothing; the service may go on. Ends with status 0 without a difference, 1 with one, 2 when the two could
    not be compared. Read models of one version alone are named and not compared.
    """
    end_on_sigterm()
    with _failing_as(CANNOT_COMPARE):
        shown, comparison = _compared(_version(HERE), _version(against), limit, as_json, data)
    if as_json:
        typer.echo(json.dumps(_document(shown, comparison), ensure_ascii=False, indent=2))
    raise typer.Exit(DIFFERENT if comparison.differences else 0)


def _compared(
    here: Version, there: Version, limit: int, quiet: bool, data: Path
) -> tuple[list[Difference], Comparison]:
    shown: list[Difference] = []
    progress = BuildingProgress("Comparing")
    told = Progress() if quiet else progress
    with existing_database(data) as conninfo:
        try:
            with nullcontext() if quiet else progress:
                for found in compare(conninfo, _position(conninfo), here, there, told):
                    if isinstance(found, Comparison):
                        _summarise(found, limit, told)
                        return shown, found
                    if len(shown) < limit:
                        shown.append(found)
                        told.says(_told(found))
        except CannotCompare as error:
            fail(str(error))
        except KeyboardInterrupt:
            tell("Stopped; nothing was changed.")
            raise typer.Exit(INTERRUPTED) from None
    raise RuntimeError("a comparison ends with what was compared")


def _version(folder: Path) -> Version:
    """The version in a folder, which must look like one."""
    if not folder.is_dir():
        fail(f"There is no folder {folder}.")
    missing = [package for package in PACKAGES if not (folder / package).is_dir()]
    if missing:
        fail(f"{folder} holds no {'/ and no '.join(missing)}/; name a checkout or the folder that it is installed in.")
    return Version(folder.resolve(), "services.bootstrap", "READ_MODELS", "CODEC")


def _position(conninfo: str) -> int:
    try:
        with reading_connection(conninfo) as connection:
            row = connection.execute(SELECT_POSITION.encode()).fetchone()
    except psycopg.errors.UndefinedTable:
        fail("This database holds no log. 'folio migrate' makes an empty one.")
    except psycopg.ProgrammingError as error:
        fail(f"The log cannot be read: {str(error).strip()}")
    assert row is not None
    position: int = row[0]
    return position


@contextmanager
def _failing_as(status: int) -> Iterator[None]:
    """End with this status where a command fails; one that was interrupted ends as such."""
    try:
        yield
    except typer.Exit as ended:
        raise typer.Exit(ended.exit_code if ended.exit_code == INTERRUPTED else status) from None


def _told(found: Difference) -> str:
    if found.position is not None:
        taker = "can be read" if found.read_model is None else f"is taken by {found.read_model}"
        good, bad, reason = ("here", "there", found.there) if found.here is None else ("there", "here", found.here)
        return f"{found.folio}: the event at position {found.position} {taker} {good} and not {bad}: {reason}"
    where = f"{found.folio}: {found.read_model} {found.row}"
    if found.column is None:
        side, row = ("there", found.there) if found.here is None else ("here", found.here)
        return f"{where} is only {side}: {_json(row)}"
    return f"{where}: {found.column} is {_json(found.here)} here and {_json(found.there)} there"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _summarise(comparison: Comparison, limit: int, progress: Progress) -> None:
    for side, names in (("here", comparison.only_here), ("there", comparison.only_there)):
        for name in names:
            progress.says(f"The read model {name} is only {side} and was not compared.")
    if comparison.differences > limit:
        progress.says(f"{limit:,} of {comparison.differences:,} differences are shown; --limit shows more.")
    for place, count in sorted(comparison.places.items()):
        progress.says(f"{place}: {count:,} differences.")
    progress.says(
        f"{comparison.events:,} events of {comparison.folios:,} folios and streams without one were compared."
    )
    progress.says(
        f"{comparison.differing_folios:,} of them would differ, in {comparison.differences:,} places."
        if comparison.differences
        else "No difference."
    )


def _document(shown: Sequence[Difference], comparison: Comparison) -> dict[str, Any]:
    return {
        "position": comparison.position,
        "events": comparison.events,
        "folios": comparison.folios,
        "differingFolios": comparison.differing_folios,
        "differences": comparison.differences,
        "differencesByPlace": dict(sorted(comparison.places.items())),
        "onlyHere": comparison.only_here,
        "onlyThere": comparison.only_there,
        "shown": [_difference(found) for found in shown],
    }


def _difference(found: Difference) -> dict[str, Any]:
    fields = asdict(found)
    return {"folio": fields.pop("folio"), "readModel": fields.pop("read_model"), **fields}
