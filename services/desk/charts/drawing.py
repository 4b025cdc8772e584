"""Drawing a report: the same bytes for the same answer, on every machine with the same releases of the libraries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from projections.report import ChartKind
from services.desk.charts.ageing import draw_ageing
from services.desk.charts.answer import ReportAnswer
from services.desk.charts.conversion import draw_conversion
from services.desk.charts.embedding import with_letters
from services.desk.charts.lettering import FAMILIES, font_file, legible
from services.desk.charts.takings import draw_takings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Form = Literal["svg", "png"]
MEDIA_TYPES: Mapping[Form, str] = {"svg": "image/svg+xml", "png": "image/png"}

KINDS: Mapping[ChartKind, Callable[[Axes, ReportAnswer], str]] = {
    "takings": draw_takings,
    "ageing": draw_ageing,
    "conversion": draw_conversion,
}

DOTS_PER_INCH = 120
HEIGHT_INCHES = 6.0
WIDTH_INCHES, WIDTH_INCHES_MAX, DAYS_PER_INCH = 11.0, 20.0, 60

NO_DATA = "No data / 자료 없음"

STYLE: Mapping[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": FAMILIES,
    "font.size": 10,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "0.88",
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "legend.handleheight": 1.4,
    "svg.fonttype": "none",
    "svg.hashsalt": "folio-ledger",
}

_drawing = Lock()
"""Matplotlib's settings and font cache are shared by all threads: one picture is drawn at a time."""


def draw(kind: ChartKind, answer: ReportAnswer, form: Form) -> bytes:
    """The answer as a picture; without any figure, one that says so. Takes up to seconds: call it in a worker thread.

    Raises InvalidParameter when it has more business dates than a chart shows.
    """
    from matplotlib import style

    with _drawing, style.context(["default", dict(STYLE)]):
        font_file()
        return _saved(_figure(kind, answer), answer, form)


def _figure(kind: ChartKind, answer: ReportAnswer) -> Figure:
    from matplotlib.figure import Figure

    days = (answer.last - (answer.first or answer.last)).days
    width = min(max(WIDTH_INCHES, days / DAYS_PER_INCH), WIDTH_INCHES_MAX)
    figure = Figure(figsize=(width, HEIGHT_INCHES), layout="constrained")
    axes = figure.add_subplot()
    asked = [legible(answer.accommodation_id), _period(answer), f"position {answer.position}"]
    if any(value for row in answer.rows for value in row.values() if isinstance(value, int | Decimal)):
        asked.append(KINDS[kind](axes, answer))
    else:
        axes.set_axis_off()
        axes.text(0.5, 0.5, NO_DATA, transform=axes.transAxes, ha="center", va="center", fontsize=20, color="0.3")
    axes.set_title(_title(answer), loc="left", fontsize=15, pad=26)
    axes.annotate(" · ".join(asked), (0, 1), (0, 10), "axes fraction", "offset points", color="0.3")
    return figure


def _title(answer: ReportAnswer) -> str:
    return f"{answer.title} / {answer.title_korean}"


def _period(answer: ReportAnswer) -> str:
    return f"{answer.last}" if answer.first is None else f"{answer.first} ~ {answer.last}"


def _saved(figure: Figure, answer: ReportAnswer, form: Form) -> bytes:
    """The picture without what would differ from one drawing to the next."""
    file = BytesIO()
    metadata = {"svg": {"Title": _title(answer), "Creator": None, "Date": None}, "png": {"Software": None}}
    figure.savefig(file, format=form, dpi=DOTS_PER_INCH, metadata=metadata[form])
    return with_letters(file.getvalue()) if form == "svg" else file.getvalue()
