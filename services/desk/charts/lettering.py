"""The letters of a picture: a font with Hangul that is there on every machine, and text that it can show."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from services.evidence.printable import printable

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

FAMILIES = [
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "NanumGothic",
    "Nanum Gothic",
    "UnDotum",
    "Baekmuk Gulim",
]
"""The first is used for PNG, and to measure; a browser takes the first one it has for the text of an SVG."""

LENGTH_MAX = 64
"""Signs of a name that are shown; the rest is an ellipsis."""

WIDER = 3.0
"""Room around the legend, in heights of a letter: a browser may take a font that is wider than ours."""


@cache
def font_file() -> Path:
    """The file of Noto Sans KR, from now on what matplotlib takes for that name, whatever else is installed."""
    from matplotlib.font_manager import fontManager, get_font, ttfFontProperty
    from pylopdf_fonts_ko import sans_path

    file = sans_path()
    fontManager.ttflist.insert(0, ttfFontProperty(get_font(file)))
    return file


@cache
def _signs() -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(font_file()).get_charmap())


def legible(text: str) -> str:
    """The text of somebody else as it may stand in a picture: in one line, bounded, escapes instead of boxes."""
    short = text if len(text) <= LENGTH_MAX else f"{text[: LENGTH_MAX - 1]}…"
    signs = _signs()
    return "".join(sign if ord(sign) in signs else sign.encode("unicode_escape").decode() for sign in printable(short))


def add_legend(axes: Axes, named: Sequence[tuple[Artist, str]], title: str | None = None) -> None:
    """Name what was drawn, right of the axes."""
    handles, labels = [artist for artist, _ in named], [label for _, label in named]
    axes.figure.legend(handles, labels, title=title, alignment="left", loc="outside right upper", borderpad=WIDER)
