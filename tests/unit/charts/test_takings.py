"""Takings as a picture."""

import re

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.billing.errors import InvalidParameter
from services.desk.charts.drawing import draw
from services.desk.charts.takings import METHODS_MAX, draw_takings
from tests.unit.charts.pictures import TAKINGS, answer, day, size, taken, texts


@pytest.fixture
def axes() -> Axes:
    """Axes to draw on."""
    return Figure().add_subplot()


def boxes(axes: Axes) -> list[tuple[float, float, float, float]]:
    """What each method's bars cover: left, right, bottom, top."""
    covered = [patch.get_path().get_extents() for patch in axes.patches]
    return [(box.x0, box.x1, box.y0, box.y1) for box in covered]


def test_it_says_in_english_and_korean_what_it_shows_and_in_which_unit() -> None:
    shown = texts("takings", TAKINGS)

    assert {"Business date / 영업일", "Takings (KRW) / 수납액 (원)", "A report / 보고서"} <= set(shown)
    assert {"CARD / 카드: 60,000", "VIRTUAL_ACCOUNT / 가상계좌: 60,000"} <= set(shown)
    assert "HOTEL-1 · 2026-05-01 ~ 2026-05-03 · position 4821 · Total / 합계 240,000 KRW" in shown
    assert {day(1), day(2), day(3), "0", "80,000", "120,000"} <= set(shown)


def test_amounts_are_in_the_main_unit_of_the_currency() -> None:
    shown = texts("takings", answer([taken(1, "CARD", 12_345), taken(2, "CARD", 100_000)], currency="USD"))

    assert {"Takings (USD) / 수납액 (USD)", "CARD / 카드: 1,123.45", "1,000.00"} <= set(shown)


def test_methods_stand_on_each_other_and_what_went_out_hangs_below(axes: Axes) -> None:
    draw_takings(axes, answer([taken(1, "CARD", 700), taken(1, "CASH", 200), taken(1, "POINTS", -50)], days=1))

    assert boxes(axes) == [(-0.4, 0.4, 0, 700), (-0.4, 0.4, 700, 900), (-0.4, 0.4, -50, 0)]
    bottom, top = axes.get_ylim()
    assert bottom < -50
    assert top > 900


def test_amounts_of_one_day_and_method_are_added(axes: Axes) -> None:
    draw_takings(axes, answer([taken(2, "CARD", 700), taken(2, "CARD", -100)]))

    assert boxes(axes) == [(0.6, 1.4, 0, 600)]


def test_the_methods_beyond_twelve_are_put_together() -> None:
    rows = [taken(1, f"METHOD_{number}", 1_000 - number) for number in range(15)]

    legend = [text for text in texts("takings", answer(rows)) if text.startswith(("METHOD_", "other"))]

    assert METHODS_MAX == 12
    assert legend[:12] == [f"METHOD_{number}: {1_000 - number:,}" for number in range(12)]
    assert legend[12:] == [f"other / 기타: {988 + 987 + 986:,}"]


def test_five_years_are_drawn_with_few_labels_in_a_bounded_size() -> None:
    rows = [taken(number, f"M{method}", number * method) for number in range(1, 1_901) for method in range(1, 15)]
    years = answer(rows, days=1_900)

    dates = [text for text in texts("takings", years) if re.fullmatch(r"\d{4}-\d\d-\d\d", text)]

    assert 8 <= len(dates) <= 16
    assert all(text.endswith("-01") for text in dates)
    assert len(draw("takings", years, "svg")) < 4_000_000
    assert size(draw("takings", years, "png")) == (2_400, 720)


def test_more_days_are_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidParameter, match="1,900 business dates at most; from 2026-05-01 there are 1,901") as no:
        draw("takings", answer([taken(1, "CARD", 1)], days=1_901), "svg")

    assert no.value.pointer == "/from"
    assert "Ask for a shorter period" in no.value.detail
