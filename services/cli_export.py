"""`folio export`: the books of an accommodation for other programs."""

from datetime import date
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.progress import FileSizeColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.cli_ledger import existing_ledger
from services.cli_output import written_to
from services.desk.hledger import journal
from services.desk.period import period_of
from services.desk.requests import check_id
from services.telemetry import configure_logging
from services.terminal import DEFAULT_DATA, Data, console, existing_database, interruptible, naming, run


def export_command(
    accommodation: Annotated[str, typer.Option(help="The accommodation's id.")],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first business day, as 2026-11-01.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last business day, included.")],
    hledger: Annotated[
        bool, typer.Option("--hledger", help="A journal for hledger, in double entry; the one format there is.")
    ] = False,
    position: Annotated[
        int | None, typer.Option(min=0, help="Nothing after this position of the log counts; the newest by default.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The file to write, replaced when all is there; standard output by default.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Write the books of an accommodation for plain-text accounting: every event that moved a balance or money.

    A transaction for each, on its business day, with its position in the log as code; what was owed before stands on
    the day before the first. The same period as of the same position gives the same bytes. Try:

    folio export --hledger --accommodation HOTEL-1 --from 2026-11-01 --to 2026-11-30 | hledger -f - balance
    """
    if not hledger:
        raise typer.BadParameter("Name the format: --hledger.", param_hint="--hledger")
    configure_logging("ERROR", "console")
    with interruptible(), naming({}):
        check_id("accommodationId", accommodation, "accommodation")
        period = period_of(first, last)
        with existing_database(data) as conninfo, written_to(output) as file:
            run(_export(conninfo, accommodation, period, position, file))


async def _export(
    conninfo: str, accommodation_id: str, period: tuple[date, date], position: int | None, file: IO[bytes]
) -> None:
    columns = (SpinnerColumn(), TextColumn("Exporting"), FileSizeColumn(), TimeElapsedColumn())
    async with (
        existing_ledger(conninfo, accommodation_id) as service,
        service.reports.books(accommodation_id, *period, position) as books,
    ):
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("", total=None)
            async for text in journal(books, accommodation_id, *period):
                written = text.encode()
                file.write(written)
                progress.advance(task, len(written))
