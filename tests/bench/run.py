"""Measure the service, its peers and this machine's ceilings: `make bench`. It measures, it never passes or fails.

Every measurement has an embedded PostgreSQL of its own with fsync on; services are loaded in turn by wrk. Absolute
figures say little on a shared machine: the ratios of medians of one run do.
"""

import argparse
import logging
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.terminal import end_on_sigterm
from tests.bench import (
    alone,
    callbacks,
    ceilings,
    graphql,
    growing,
    lag,
    looking_back,
    paying,
    reading,
    reports,
    sealing,
    writing,
)
from tests.bench.chart import draw
from tests.bench.loader import MISSING
from tests.bench.machine import describe_machine
from tests.bench.report import section
from tests.bench.results import Effort, Measurement, Results
from tests.bench.table import show

MEASUREMENTS: dict[str, Callable[[Effort], Measurement]] = {
    module.__name__.rpartition(".")[2]: module.measure
    for module in (
        writing,
        paying,
        alone,
        reading,
        graphql,
        looking_back,
        reports,
        sealing,
        lag,
        growing,
        callbacks,
        ceilings,
    )
}

RESULTS = "results.json"
CHART = "chart.png"
SECTION = "README-section.md"

console = Console(width=None if sys.stdout.isatty() else 120)


def arguments() -> argparse.Namespace:
    """The command line."""
    described = "\n".join(f"  {name:10} {summary_of(measure)}" for name, measure in MEASUREMENTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.run",
        description=__doc__,
        epilog=f"measurements:\n{described}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=MEASUREMENTS, help="measure these alone")
    parser.add_argument("--seconds", type=seconds, default=6, help="length of a round (default: 6)")
    parser.add_argument("--rounds", type=rounds, default=3, help="rounds of each service (default: 3)")
    parser.add_argument(
        "--bills",
        type=sizes,
        default=(10_000, 100_000, 1_000_000),
        metavar="N,N,...",
        help="sizes that the log grows to (default: 10000,100000,1000000)",
    )
    parser.add_argument("--out", type=Path, default=Path("bench"), help="folder for the results (default: bench)")
    return parser.parse_args()


def summary_of(measure: Callable[[Effort], Measurement]) -> str:
    """The first line of the file of a measurement."""
    return (sys.modules[measure.__module__].__doc__ or "").partition("\n")[0]


def seconds(text: str) -> int:
    """A number of seconds, 1 to 3,600."""
    return _within(text, 3_600)


def rounds(text: str) -> int:
    """A number of rounds, 1 to 100."""
    return _within(text, 100)


def sizes(text: str) -> tuple[int, ...]:
    """Numbers of bills with commas between, each 2,000 to 10,000,000."""
    return tuple(_within(part, 10_000_000, 2_000) for part in text.split(","))


def _within(text: str, most: int, least: int = 1) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least:,} to {most:,}")
    return int(text)


def run(options: argparse.Namespace) -> Results:
    """Make every measurement that was asked for; one that fails does not stop the others."""
    names = [name for name in MEASUREMENTS if options.only is None or name in options.only]
    told = {"seconds": options.seconds, "rounds": options.rounds, "bills": options.bills}
    results = Results(describe_machine(), told, [])
    results.write(options.out / RESULTS)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=len(names))
        for name in names:
            progress.update(task, description=name)

            def say(words: str, name: str = name) -> None:
                progress.console.print(f"{name:10} {words}", highlight=False, markup=False)

            begun = time.monotonic()
            effort = Effort(options.seconds, options.rounds, options.bills, options.out, say)
            results.measurements.append(attempt(name, effort))
            results.write(options.out / RESULTS)  # so that a run that is broken off keeps what it has
            say(f"done in {time.monotonic() - begun:.0f} seconds")
            progress.advance(task)
    return results


def attempt(name: str, effort: Effort) -> Measurement:
    """The measurement, or the reason why it could not be made."""
    try:
        return MEASUREMENTS[name](effort)
    except Exception as error:
        effort.say(f"failed: {error}")
        return Measurement(name, name, "", failure=f"{type(error).__name__}: {error}")


def main() -> None:
    """Measure, print, and keep the results."""
    options = arguments()
    if shutil.which("wrk") is None:
        raise SystemExit(MISSING)
    options.out.mkdir(parents=True, exist_ok=True)
    # As root, a database's folder may have to lie elsewhere: nobody needs to know where one is that is removed again.
    logging.getLogger("services.store").setLevel(logging.ERROR)
    end_on_sigterm()
    try:
        results = run(options)
    except KeyboardInterrupt:
        raise SystemExit(f"Stopped; what was measured until then is in {options.out}/{RESULTS}.") from None
    show(console, results)
    chart = options.out / CHART
    chart.unlink(missing_ok=True)
    draw(results, chart)
    (options.out / SECTION).write_text(section(results, CHART if chart.exists() else None), "utf-8")
    console.print(
        f"{options.out}/ holds {RESULTS} (all rounds, the machine, the versions), {CHART}, {SECTION}.\n"
        f"'python -m tests.bench.report {options.out}/{RESULTS}' writes them into README.md.",
        highlight=False,
    )


if __name__ == "__main__":
    main()
