"""`folio report`: a report as a table on the terminal, as a file in any format, or as a picture."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic.alias_generators import to_camel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from projections.reading import Freshness
from projections.report import Column
from projections.report_reading import Rows
from projections.reports import REPORTS
from services.access import Caller
from services.billing.money import in_main_unit
from services.bootstrap import Service
from services.cli_ledger import existing_ledger
from services.cli_output import written_to
from services.desk.past import shown
from services.desk.period import day_named
from services.desk.report_desk import Question, all_formats, question_of, report_named
from services.desk.requests import check_id
from services.telemetry import configure_logging
from services.terminal import DEFAULT_DATA, Data, existing_database, interruptible, naming, run, tell

TABLE = "table"
OPERATOR = Caller("operator", "operator", "admin")
SHOWN_ROWS_MAX = 1_000
WIDTH = 250
"""Of a table that goes to a file or a program."""
SOME_DAY = "2000-01-01"
OPTIONS = {"accommodationId": "--accommodation", "name": "NAME", "folioId": "--folio", "groupBy": "--group-by"}
NAMES = ", ".join(REPORTS)

Accommodation = Annotated[str | None, typer.Option("--accommodation", help="The accommodation's id.")]
From = Annotated[str | None, typer.Option("--from", help="First business day; by default the last one.")]
To = Annotated[str | None, typer.Option("--to", help="Last business day; by default the open one.")]
Position = Annotated[str | None, typer.Option(help="As of this position of the log: the same bytes every time.")]


def report_command(
    name: Annotated[str | None, typer.Argument(help=f"One of: {NAMES}. Without it, all are described.")] = None,
    *,
    accommodation: Accommodation = None,
    first: From = None,
    last: To = None,
    group_by: Annotated[str | None, typer.Option(help="How to group the rows.")] = None,
    folio: Annotated[str | None, typer.Option(help="Only of this folio.")] = None,
    position: Position = None,
    explain: Annotated[bool, typer.Option("--explain", help="The events that the figures are made of.")] = False,
    as_format: Annotated[
        str | None,
        typer.Option("--format", help="table, json, csv, parquet, svg or png; by default what --output ends with."),
    ] = None,
    bom: Annotated[bool, typer.Option("--bom", help="CSV for Excel: with a byte order mark.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    chart: Annotated[Path | None, typer.Option(help="Draw it into this .png or .svg file.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Make a report for the business days of a period, as of one position of the log."""
    if name is None:
        _describe()
        return
    with naming(OPTIONS):
        report_named(name)
    if accommodation is None:
        raise typer.BadParameter("Name the accommodation.", param_hint="--accommodation")
    target = chart or output
    given = {
        "to": last,
        "from": first,
        "groupBy": group_by,
        "folioId": folio,
        "position": position,
        "explain": "true" if explain else None,
        "bom": "true" if bom else None,
        "format": _format(as_format, output, chart),
    }
    asked = {name: value for name, value in given.items() if value is not None}
    configure_logging("ERROR", "console")
    with interruptible(), naming(OPTIONS if chart is None else {**OPTIONS, "format": "--chart"}):
        check_id("accommodationId", accommodation)
        for parameter in {"from", "to"} & asked.keys():
            day_named(parameter, asked[parameter])
        day = last or first or SOME_DAY
        question_of(name, accommodation, {"to": day, "from": day, **asked})  # before a database is looked for
        with existing_database(data) as conninfo:
            run(_report(conninfo, name, accommodation, asked, target))


def _format(asked: str | None, output: Path | None, chart: Path | None) -> str | None:
    """The format: asked for, or what the file's name ends with."""
    if chart is not None:
        if output is not None or asked is not None:
            raise typer.BadParameter("A chart goes alone: leave --output and --format out.", param_hint="--chart")
        if chart.suffix.lower() not in {".png", ".svg"}:
            raise typer.BadParameter("The file's name must end with .png or .svg.", param_hint="--chart")
        return chart.suffix[1:].lower()
    if output is None:
        return None if asked == TABLE else asked
    ending = output.suffix[1:].lower()
    if asked == TABLE or (asked is None and ending not in all_formats()):
        message = f"Let the file's name end with one of {', '.join(all_formats())}, or name one with --format."
        raise typer.BadParameter(message, param_hint="--output")
    return asked or ending


async def _report(conninfo: str, name: str, accommodation: str, given: dict[str, str], target: Path | None) -> None:
    async with existing_ledger(conninfo, accommodation) as service:
        if "to" not in given:
            days = await service.lookups.days(accommodation, 1, OPERATOR)
            given["to"] = str(days.view["businessDate"])
        question = question_of(name, accommodation, {"from": given["to"], **given})
        if "format" not in given:
            await _show(service, question)
            return
        produced = await service.reports.produce(question, OPERATOR, Freshness())
        async with contextlib.aclosing(produced):
            with written_to(target) as file:
                async for chunk in produced.chunks:
                    file.write(chunk)
        tell(f"{question.report.title} as of position {produced.position}" + (f": {target}" if target else ""))


async def _show(service: Service, question: Question) -> None:
    output = Console(width=None if sys.stdout.isatty() else WIDTH)
    async with service.reports.open(question, OPERATOR, Freshness()) as opened:
        asked, currency = opened.asked, opened.currency
        days = f"{asked.last}" if asked.report.as_of else f"{asked.first} to {asked.last}"
        title = f"{asked.report.title}, {asked.accommodation_id}, {days}, position {opened.position}"
        for table in filter(None, (opened.rows, opened.events)):
            output.print(Text(title, style="bold"))
            output.print(await _table(table, currency))
            title = "Its events"


async def _table(rows: Rows, currency: str) -> Table:
    table = Table(box=None)
    for column in rows.columns:
        is_figure = column.kind not in {"text", "date", "time", "flag"}
        table.add_column(to_camel(column.name), justify="right" if is_figure else "left", no_wrap=is_figure)
    async for batch in rows.batches:
        for row in batch:
            if table.row_count == SHOWN_ROWS_MAX:
                tell(f"Only the first {SHOWN_ROWS_MAX:,} rows are shown; --output FILE.csv has all.")
                return table
            table.add_row(*(_cell(column, value, currency) for column, value in zip(rows.columns, row, strict=True)))
    return table


def _cell(column: Column, value: Any, currency: str) -> Text:
    if value is None:
        return Text("")
    match column.kind:
        case "amount":
            return Text(in_main_unit(int(value), currency))
        case "count" | "seconds":
            return Text(f"{int(value):,}")
        case "percent":
            return Text(f"{value} %")
        case "time":
            return Text(shown(value))
        case _:
            return Text(str(value))


def _describe() -> None:
    output = Console(width=None if sys.stdout.isatty() else WIDTH)
    table = Table("report", "groupings", "what it tells", box=None)
    for report in REPORTS.values():
        table.add_row(report.name, "; ".join(report.groupings), Text(report.description))
    output.print(table)
