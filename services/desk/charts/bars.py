"""Bars. All those of one look are one path: years of days stay small as SVG and quick to draw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from services.desk.charts.looks import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

Bar = tuple[float, float, float]
"""Its middle, its bottom (0 or where it stands on another), its height (negative: it hangs)."""

HEADROOM = 0.08


def add_bars(axes: Axes, bars: Iterable[Bar], width: float, look: Look) -> Patch:
    """Draw bars of one look; the limits of the axes are not changed."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    vertices: list[tuple[float, float]] = []
    for middle, bottom, height in bars:
        left, right, top = middle - width / 2, middle + width / 2, bottom + height
        vertices += [(left, bottom), (left, top), (right, top), (right, bottom), (left, bottom)]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * (len(vertices) // 5)
    path = Path(vertices, codes) if vertices else Path([(0, 0)])
    patch = PathPatch(path, facecolor=look.fill, hatch=look.hatch, hatchcolor=look.ink, linewidth=0)
    axes.add_artist(patch)
    return patch


def stand(axes: Axes, low: float, high: float) -> None:
    """Make room from the lowest to the highest, with zero, and draw the line on which bars stand."""
    low, high = min(low, 0), max(high, 0)
    room = (high - low or 1) * HEADROOM
    axes.set_ylim(low - room if low else 0, high + room)
    axes.axhline(0, color="0.2", linewidth=0.8)
