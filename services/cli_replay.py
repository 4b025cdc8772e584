"""`folio replay`: the events of a folio one by one, with what its bills and the folio owed after each.

It reads the log over connections on which the database refuses every change. It asks no read model and calls nobody.
"""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
import psycopg
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from services.billing.business_day import BusinessDays
from services.billing.feed import EventUnreadable, FeedFilter, PlacedEvent
from services.billing.ids import folio_stream
from services.billing.money import readable
from services.billing.views import View
from services.bootstrap import CODEC
from services.desk.changes import masked_view
from services.desk.history import entry
from services.desk.journal import Step, steps
from services.desk.past import Past, PointInLog, folio_then, shown, time_or_position
from services.desk.requests import check_id
from services.desk.sentences import sentence_of
from services.store.connection import make_pool
from services.store.feed import StoredFeed
from services.store.listening import Signal
from services.store.past_log import PastLog
from services.telemetry import configure_logging
from services.terminal import DEFAULT_DATA, INTERRUPTED, NO_LEDGER, Data, console, existing_database, fail, naming, run

CONNECTION_NAME = "folio replay command"
PAGE_EVENTS = 500
WIDTH = 1_000
"""Of a table that goes to a file or a program: one line for each event."""
WIDE = 130
"""From how many characters on a terminal has room for what happened beside the figures."""
NARROW_COLUMNS = (("position", 9), ("recorded at", 20), ("effect", 13), ("bill balance", 13), ("folio balance", 13))
COLUMNS = (("position", 9), ("recorded at", 27), ("effect", 18), ("bill balance", 18), ("folio balance", 18))
"""With fixed widths, so that rows that are shown one at a time stand below each other."""


@dataclass(frozen=True)
class Replayed:
    """The events of a folio up to a position, the business days of its accommodation, the folio as they make it."""

    steps: Sequence[Step]
    days: BusinessDays
    folio: View


def replay_command(
    folio: Annotated[str, typer.Argument(help="The folio's id.")],
    at: Annotated[
        str | None, typer.Option(help="End there and show the folio as it stood: a time or position.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="End there: a time with an offset, or a position.")] = None,
    step: Annotated[bool, typer.Option("--step", help="Wait for Enter after each event.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Tell what happened on a folio, event by event, with running balances. Changes nothing and calls nobody."""
    if at is not None and until is not None:
        raise typer.BadParameter("Give either --at or --until.")
    if step and as_json:
        raise typer.BadParameter("Give either --step or --json.")
    option, moment = ("at", at) if at is not None else ("until", until)
    with naming({"folioId": "FOLIO"}):
        check_id("folioId", folio)
        point = PointInLog() if moment is None else time_or_position(f"/{option}", moment)
    configure_logging("WARNING", "console")
    with existing_database(data) as conninfo, naming({"at": f"--{option}", "position": f"--{option}"}):
        replayed = run(_replay(conninfo, folio, point))
    with contextlib.suppress(BrokenPipeError):
        _show(replayed, step=step, as_json=as_json, with_folio=at is not None)


async def _replay(conninfo: str, folio_id: str, point: PointInLog) -> Replayed:
    async with make_pool(conninfo, CONNECTION_NAME, 2, read_only=True) as pool:
        log = PastLog(pool, CODEC)
        past = Past(log)
        try:
            until = await past.position(point)
            events = await _events(StoredFeed(pool, CODEC, Signal()), folio_id, until)
            folio = await folio_then(events)
            if folio is None:
                later = await log.events_of([folio_stream(folio_id)], (await log.head())[0])
                since = f"; it is there since {shown(later[0].event.timestamp)}" if later else ""
                fail(f"There is no folio {folio_id}{' then' if later else ''}{since}.")
            days = await past.days_of(events, events)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            fail(NO_LEDGER)
        except EventUnreadable as error:
            fail(str(error))
        return Replayed([each async for each in steps(events, lambda placed: True)], days, folio)


async def _events(feed: StoredFeed, folio_id: str, until: int) -> list[PlacedEvent]:
    """All events of the folio up to a position, in their order."""
    events: list[PlacedEvent] = []
    reached = 0
    while reached < until:
        stretch = await feed.read(reached, PAGE_EVENTS, FeedFilter(folio_id=folio_id))
        events += [placed for placed in stretch.events if placed.position <= until]
        reached = stretch.reached
    return events


def _show(replayed: Replayed, *, step: bool, as_json: bool, with_folio: bool) -> None:
    if as_json:
        events = [{**entry(each, replayed.days), "sentence": sentence_of(each)} for each in replayed.steps]
        told = {"events": events, "folio": masked_view(replayed.folio) if with_folio else None}
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return
    output = Console(width=None if sys.stdout.isatty() else WIDTH)
    if step or output.width < WIDE:
        _show_one_by_one(replayed.steps, output, step)
    else:
        output.print(_table(replayed.steps))
    if with_folio:
        output.print(_folio_table(replayed.folio))


def _show_one_by_one(told: Sequence[Step], output: Console, waits: bool) -> None:
    """Each with its sentence beside its figures, or below them where the terminal is narrow."""
    for number, each in enumerate(told):
        if output.width < WIDE:
            output.print(_narrow_table(each, with_header=number == 0))
            output.print(Text(f"  {sentence_of(each)}", style="bold"))
        else:
            output.print(_table([each], with_header=number == 0))
        try:
            if waits:
                console.input("[dim]Enter for what comes next[/] ")
        except EOFError:  # nobody is there to press it
            waits = False
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


def _table(told: Sequence[Step], *, with_header: bool = True) -> Table:
    columns = [
        Column(name, width=width, no_wrap=True, justify="left" if name == "recorded at" else "right")
        for name, width in COLUMNS
    ]
    table = Table(*columns, Column("what happened"), box=None, show_header=with_header)
    for each in told:
        bill = each.bill_balance
        table.add_row(
            f"{each.position:,}",
            shown(each.recorded_at),
            f"{0 if bill is None else bill.effect:+,}",
            "" if bill is None else readable(bill.after, each.currency),
            readable(each.folio_balance.after, each.currency),
            Text(sentence_of(each)),
        )
    return table


def _narrow_table(step: Step, *, with_header: bool) -> Table:
    bill = step.bill_balance
    columns = [Column(name, width=width, no_wrap=True, justify="right") for name, width in NARROW_COLUMNS]
    table = Table(*columns, box=None, show_header=with_header)
    effect, owed = (0, "") if bill is None else (bill.effect, f"{bill.after:,}")
    moment = f"{step.recorded_at:%Y-%m-%d %H:%M:%SZ}"
    table.add_row(f"{step.position:,}", moment, f"{effect:+,}", owed, f"{step.folio_balance.after:,}")
    return table


def _folio_table(folio: View) -> Table:
    currency = folio["currency"]
    sums = ", ".join(
        f"{word} {readable(folio[name], currency)}"
        for word, name in (("total", "totalAmount"), ("paid", "paidAmount"), ("balance", "balanceAmount"))
    )
    table = Table("bill", "name", "status", box=None, title=f"Folio {folio['folioId']}: {sums}", title_justify="left")
    table.add_column("total", justify="right")
    table.add_column("balance", justify="right")
    for bill in folio["bills"]:
        amounts = (readable(bill[name], currency) for name in ("totalAmount", "balanceAmount"))
        table.add_row(bill["billCode"], Text(bill["name"]), bill["status"], *amounts)
    return table
