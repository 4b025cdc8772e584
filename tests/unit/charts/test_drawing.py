"""What holds for every picture."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import matplotlib
import pytest

from projections.report import ChartKind
from services.desk.charts.drawing import MEDIA_TYPES, Form, draw
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


def test_threads_that_draw_at_once_do_not_disturb_each_other() -> None:
    alone = digests()
    settings = dict(matplotlib.rcParams)

    with ThreadPoolExecutor(2) as threads:
        together = [asked.result() for asked in [threads.submit(digests) for _ in range(2)]]

    assert together == [alone] * 2
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize("kind", KINDS)
def test_without_rows_it_says_so(kind: ChartKind) -> None:
    shown = texts(kind, answer([]))

    assert "No data / 자료 없음" in shown
    assert "HOTEL-1 · 2026-05-01 ~ 2026-05-03 · position 4821" in shown
    assert size(draw(kind, answer([]), "png")) == (1_320, 720)


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
