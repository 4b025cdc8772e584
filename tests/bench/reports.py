"""The reports of a month of 30,000 bills one after the other, and the longest of them as files."""

import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from projections.reports import REPORTS
from services.store.migrate import migrate
from tests.bench.given import client_of, taken, written_lines
from tests.bench.hotel_log import LAST_DAY, fill
from tests.bench.loader import load
from tests.bench.results import Effort, Figure, Measurement
from tests.bench.rounds import summarised
from tests.bench.services import Running
from tests.bench.site import opened_site
from tests.bench.usage import Usage, memory_mebibytes, sampled_memory

CONNECTIONS = 1
BILLS = 30_000
DAYS = LAST_DAY.day
PERIOD = f"from={LAST_DAY.replace(day=1)}&to={LAST_DAY}"
ADDRESS = "/v1/accommodations/HOTEL-1/reports"
LONG = {
    "activity": ("each",),
    "ledger-balance": ("folio", "folio,day"),
    "outstanding": ("bill",),
    "revenue": ("folio",),
}
"""Groupings with very many rows, measured beside each report's default one."""
LONGEST = f"{ADDRESS}/activity?{PERIOD}&groupBy=each"
FORMATS = {"csv": "CSV", "parquet": "Parquet"}


@dataclass(frozen=True)
class Export:
    """An answer that was read to its end; `growth_mebibytes`: the service's memory at its peak, less before."""

    format: str
    rows: int
    seconds: float
    growth_mebibytes: float


def measure(effort: Effort) -> Measurement:
    """Files first, for the memory that the service takes for them. Raises CannotMeasure."""
    with opened_site(effort.folder) as site, ExitStack() as stack:
        effort.say(f"making a log of {BILLS:,} bills")
        migrate(site.conninfo)
        fill(site.conninfo, BILLS, days=DAYS)
        folio = stack.enter_context(site.folio())
        rows = count_rows(folio)
        exports = [
            export(folio, format_, rows, effort, number)
            for format_ in FORMATS
            for number in range(1, effort.rounds + 1)
        ]
        figures, rounds = [], [asdict(one) for one in exports]
        for name, address in addresses().items():
            effort.say(f"asking for {name}")
            loaded = load(
                folio, "get_any.lua", CONNECTIONS, effort.seconds, PATHS=stack.enter_context(written_lines([address]))
            )
            for percent, latency in (("p50", loaded.p50_milliseconds), ("p99", loaded.p99_milliseconds)):
                figures.append(Figure(name, "ms", percent, latency if loaded.refused == 0 else None))
            rounds.append({"of": name, **asdict(loaded)})
    return Measurement(
        "reports",
        "Reports of a month",
        f"{CONNECTIONS} connection, {BILLS:,} bills on {DAYS} days, as JSON; files: {rows:,} rows of activity by each"
        " act, growth over the memory before the first file of its format",
        [*figures, *figures_of_exports(exports)],
        rounds,
    )


def addresses() -> dict[str, str]:
    """What is asked for: every report in its default grouping, and the long ones."""
    asked = {}
    for name, report in REPORTS.items():
        for grouping in (report.default_grouping, *LONG.get(name, ())):
            asked[f"{name} by {grouping}"] = f"{ADDRESS}/{name}?{PERIOD}&groupBy={grouping}"
    return asked


def count_rows(folio: Running) -> int:
    """How many rows the files have. Raises CannotMeasure."""
    with client_of(folio) as client:
        kinds = taken(client.get(f"{ADDRESS}/activity?{PERIOD}&groupBy=kind")).json()["rows"]
    return sum(int(kind["events"]) for kind in kinds)


def export(folio: Running, format_: str, rows: int, effort: Effort, number: int) -> Export:
    """Read the longest report as a file, and forget it at once. Raises CannotMeasure."""
    usage, before = Usage(), memory_mebibytes(folio.pid)
    begun = time.monotonic()
    with (
        sampled_memory(folio.pid, usage),
        client_of(folio) as client,
        client.stream("GET", f"{LONGEST}&format={format_}") as answer,
    ):
        for _ in taken(answer).iter_raw():
            pass
    one = Export(format_, rows, time.monotonic() - begun, usage.memory_mebibytes - before)
    effort.say(f"round {number} of {effort.rounds}  {format_:8} {rows / one.seconds:8,.0f} rows/s")
    return one


def figures_of_exports(exports: list[Export]) -> list[Figure]:
    """Rows per second, and how far the memory grew for the first file and the further ones together."""
    figures = []
    for format_, label in FORMATS.items():
        own = [one for one in exports if one.format == format_]
        figures.append(summarised("rows of a file", "1/s", label, [one.rows / one.seconds for one in own]))
        figures.append(Figure("memory growth", "MiB", label, sum(max(0.0, one.growth_mebibytes) for one in own)))
    return figures
