"""What holds for every picture."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import matplotlib
import pytest
from matplotlib.axes import Axes

from projections.report import ChartKind
from services.desk.charts import drawing
from services.desk.charts.answer import ReportAnswer
from services.desk.charts.drawing import MEDIA_TYPES, Form, draw
from services.desk.charts.takings import draw_takings
from tests.unit.charts.pictures import ANSWERS, answer, size, texts

KINDS: list[ChartKind] = ["takings", "ageing", "conversion"]
FORMS: list[Form] = ["svg", "png"]


def digests() -> list[str]:
    """The SHA-256 of every kind in every form."""
    return [sha256(draw(kind, ANSWERS[kind], form)).hexdigest() for kind in KINDS for form in FORMS]


def test_the_same_rows_give_the_same_bytes_in_another_process_with_other_settings(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nsvg.hashsalt: other\naxes.facecolor: red\nsavefig.dpi: 10\n")
    asking = "from tests.unit.charts.test_drawing import digests; print(*digests())"
    others = os.environ | {"MPLCONFIGDIR": str(tmp_path), "PYTHONHASHSEED": "17", "SOURCE_DATE_EPOCH": "86400"}

    printed = subprocess.run([sys.executable, "-c", asking], env=others, capture_output=True, text=True, check=True)

    assert printed.stdout.split() == digests()


def test_one_picture_is_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    two_at_once = Barrier(2)

    def draw_with_another(axes: Axes, answer: ReportAnswer) -> str:
        with pytest.raises(BrokenBarrierError):
            two_at_once.wait(timeout=0.2)
        return draw_takings(axes, answer)

    alone = draw("takings", ANSWERS["takings"], "svg")
    settings = dict(matplotlib.rcParams)
    monkeypatch.setattr(drawing, "KINDS", {"takings": draw_with_another})
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(draw, ["takings"] * 2, [ANSWERS["takings"]] * 2, FORMS[:1] * 2))

    assert together == [alone] * 2
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize("kind", KINDS)
def test_without_rows_it_says_so(kind: ChartKind) -> None:
    shown = texts(kind, answer([]))

    assert "No data / 자료 없음" in shown
    assert "HOTEL-1 · 2026-05-01 ~ 2026-05-03 · position 4821" in shown
    assert size(draw(kind, answer([]), "png")) == (1_320, 720)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_nothing_but_zeros_are_no_data(kind: ChartKind) -> None:
    nothing = {name: 0 if isinstance(value, int | Decimal) else value for name, value in ANSWERS[kind].rows[0].items()}
    assert "No data / 자료 없음" in texts(kind, replace(ANSWERS[kind], rows=[nothing]))
    [figure, *_] = [name for name, value in nothing.items() if value == 0]
    assert "No data / 자료 없음" not in texts(kind, replace(ANSWERS[kind], rows=[{**nothing, figure: 1}]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_png_can_be_opened_and_an_svg_is_one(kind: ChartKind) -> None:
    assert size(draw(kind, ANSWERS[kind], "png")) == (1_320, 720)
    assert b"<svg " in draw(kind, ANSWERS[kind], "svg")
    assert set(MEDIA_TYPES) == set(FORMS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_moment_of_drawing_and_the_library_are_not_in_the_bytes(kind: ChartKind) -> None:
    svg, png = (draw(kind, ANSWERS[kind], form) for form in FORMS)

    assert b"dc:date" not in svg
    assert b"Matplotlib v" not in svg + png


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_amounts_can_be_drawn(kind: ChartKind) -> None:
    numbers = {name: value * 10**11 for name, value in ANSWERS[kind].rows[0].items() if isinstance(value, int)}

    largest = replace(ANSWERS[kind], rows=[{**ANSWERS[kind].rows[0], **numbers}])

    assert any("00,000,000,000" in text for text in texts(kind, largest))
