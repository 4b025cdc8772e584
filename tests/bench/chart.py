"""The results as a picture that can be read in grey."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from PIL import Image

from tests.bench.results import Measurement, Results

matplotlib.use("agg")

GREYS = ("0.15", "0.55", "0.8", "0.95")
HATCHES = ("", "//", "..", "xx")
CONTENDERS = ("folio", "crud", "plain_es")
LOADS = {
    "writing": "add a bill,\n32 connections",
    "paying": "add a payment,\n32 connections",
    "alone": "add a bill,\n1 connection",
}
DOTS_PER_INCH = 90
SHADES = 16


def draw(results: Results, file: Path) -> None:
    """Draw what was measured; a part that failed is left out."""
    loads = {name: found for name in LOADS if (found := results.find(name))}
    panels: list[Callable[[Axes], None]] = []
    if loads:
        panels += [lambda axes: _throughput(axes, loads), lambda axes: _latency(axes, loads)]
    if lag := results.find("lag"):
        panels.append(lambda axes: _lag(axes, lag))
    if growing := results.find("growing"):
        panels.append(lambda axes: _growth(axes, growing))
    if not panels:
        return
    rows = -(-len(panels) // 2)
    picture = Picture(figsize=(11, 4.2 * rows), layout="constrained")
    for index, panel in enumerate(panels):
        axes = picture.add_subplot(rows, min(2, len(panels)), index + 1)
        panel(axes)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="0.9")
        axes.set_axisbelow(True)
    picture.savefig(file, dpi=DOTS_PER_INCH)
    with Image.open(file) as coloured:
        few = coloured.convert("L").quantize(SHADES)
    few.save(file, optimize=True)


def _throughput(axes: Axes, loads: dict[str, Measurement]) -> None:
    _bars(axes, loads, "throughput")
    axes.set_title("Commands answered")
    axes.set_ylabel("commands per second")


def _latency(axes: Axes, loads: dict[str, Measurement]) -> None:
    _bars(axes, loads, "p99")
    axes.set_title("Time to the answer, p99")
    axes.set_ylabel("milliseconds")


def _bars(axes: Axes, loads: dict[str, Measurement], quantity: str) -> None:
    width = 0.8 / len(CONTENDERS)
    for index, contender in enumerate(CONTENDERS):
        found = [measurement.figure(quantity, contender) for measurement in loads.values()]
        heights = [figure.value if figure and figure.value is not None else 0.0 for figure in found]
        places = [place + (index - (len(CONTENDERS) - 1) / 2) * width for place in range(len(loads))]
        bars = axes.bar(
            places, heights, width, label=contender, color=GREYS[index], hatch=HATCHES[index], edgecolor="black"
        )
        axes.bar_label(bars, [f"{height:,.0f}" if height >= 10 else f"{height:.1f}" for height in heights], fontsize=8)
    axes.set_xticks(range(len(loads)), [LOADS[name] for name in loads])
    axes.legend(frameon=False)


def _lag(axes: Axes, lag: Measurement) -> None:
    samples: Sequence[dict[str, Any]] = lag.rounds[0]["samples"]
    axes.plot([each["at"] for each in samples], [each["seconds"] * 1000 for each in samples], color="0.15", lw=1)
    axes.set_ylim(bottom=0)
    axes.set_title("Read models behind the log while bills are added")
    axes.set_xlabel("seconds under load")
    axes.set_ylabel("milliseconds since the oldest event\nnot yet applied")


def _growth(axes: Axes, growing: Measurement) -> None:
    sizes = [each["bills"] for each in growing.rounds if "rebuild" in each]
    commands = _values(growing, "commands: throughput, against an empty log")
    lines = axes.plot(sizes, commands, "o-", color="0.15", label="commands")
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0, 1.15 * max([1.0, *commands]))
    axes.set_title("Growth")
    axes.set_xlabel("bills in the log (logarithmic)")
    axes.set_ylabel("commands per second,\nas a multiple of those on an empty log")
    beside = axes.twinx()
    rebuilt = _values(growing, "rebuild: rate")
    lines += beside.plot(sizes, rebuilt, "s--", color="0.5", label="rebuild (right scale)")
    beside.set_ylim(0, 1.15 * max([1.0, *rebuilt]))
    beside.set_ylabel("events per second")
    beside.spines["top"].set_visible(False)
    axes.legend(lines, [str(line.get_label()) for line in lines], frameon=False, loc="lower left")


def _values(measurement: Measurement, name: str) -> list[float]:
    """A quantity's values in the order of the contenders; no number where none was measured."""
    found = [measurement.figure(name, of) for of in measurement.contenders]
    return [math.nan if each is None or each.value is None else each.value for each in found]
