"""Write the README's section about speed from results: `python -m tests.bench.report bench/results.json`."""

import argparse
import json
import shutil
from pathlib import Path

from tests.bench.results import Measurement, Results, read_results
from tests.bench.services import ROOT
from tests.bench.table import number

BEGIN = "<!-- measured: made by python -m tests.bench.report -->"
END = "<!-- /measured -->"
README = ROOT / "README.md"
CHART = Path("tests/bench/chart.png")
"""Where the chart lies that the README shows, from the README's folder."""
LEFT_OUT = {"age of the oldest not applied, p50", "events not applied, p50", "bills refused beside"}
COSTS = ("service ", "PostgreSQL ")


def section(results: Results, chart: str | None) -> str:
    """The section as Markdown; `chart` is the path of the picture, None without one."""
    machine = results.machine
    parts = [
        "`make bench` loads the service and its peers in turn on one PostgreSQL with fsync on, one server process each,"
        " beside the loader. `crud` is the same on FastAPI and SQLAlchemy without any history, `plain_es` the"
        " event-sourcing library as it comes, `read` one SELECT on FastAPI and psycopg (`tests/bench/peers/`). Figures"
        f" are medians of {results.options['rounds']} rounds of {results.options['seconds']} seconds, on"
        f" {machine['cores']} cores ({machine['cpu']}), {machine['kernel']}, Python {machine['python']},"
        f" PostgreSQL {machine['postgresql']}; commit {machine['commit']}, {machine['date'][:10]}. Only ratios of one"
        " run count; absolute figures are the machine's."
    ]
    if chart is not None:
        parts.append(f"![Throughput, latency, lag and growth]({chart})")
    parts += [table_of(measurement) for measurement in results.measurements]
    return "\n\n".join(parts) + "\n"


def table_of(measurement: Measurement) -> str:
    """A measurement as a table, or why there is none."""
    if measurement.failure is not None:
        return f"**{measurement.title}**: not measured ({measurement.failure.splitlines()[0]})"
    contenders = measurement.contenders
    lines = [
        f"**{measurement.title}** — {measurement.conditions}.",
        "",
        f"| | {' | '.join(contenders)} |",
        "|---" + "|---:" * len(contenders) + "|",
    ]
    for name, unit in measurement.quantities:
        if not is_shown(measurement, name):
            continue
        values = [measurement.figure(name, of) for of in contenders]
        cells = ["" if one is None else "no round counts" if one.value is None else number(one.value) for one in values]
        heading = f"{name} ({unit})" if unit else name
        lines.append(f"| {heading} | {' | '.join(cells)} |")
    return "\n".join(lines)


def is_shown(measurement: Measurement, name: str) -> bool:
    """Whether the README shows a quantity: not everything, and what a request costs only where bills are added."""
    is_cost = name.removeprefix("commands: ").startswith(COSTS)
    return name not in LEFT_OUT and (measurement.name == "writing" or not is_cost)


def put_between(text: str, made: str) -> str:
    """The text with what stands between the two markers replaced. Raises ValueError when it has not one of each."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"README.md needs one line '{BEGIN}' and after it one line '{END}'.")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{made.strip()}\n\n{END}{after}"


def main() -> None:
    """Rewrite the section, and keep the chart beside that it shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="the file results.json of a run, with chart.png beside it")
    options = parser.parse_args()
    picture = options.results.with_name("chart.png")
    try:
        results = read_results(options.results)
        made = section(results, str(CHART) if picture.exists() else None)
        text = put_between(README.read_text("utf-8"), made)
    except (OSError, ValueError, json.JSONDecodeError) as error:
        raise SystemExit(f"No section was written: {error}") from error
    if picture.exists():
        shutil.copyfile(picture, ROOT / CHART)
    README.write_text(text, "utf-8")
    print(f"{README} shows {options.results}.")


if __name__ == "__main__":
    main()
