"""Ageing as a picture."""

from matplotlib.figure import Figure

from services.desk.charts.ageing import draw_ageing
from tests.unit.charts.pictures import AGEING, answer, owed, texts


def test_each_bucket_is_named_and_labelled_with_the_sum_over_all_folios() -> None:
    two = answer([owed(1_007, 208, 30, 0, 4), owed(500, 100, 5, 0, 1, credit=-723)], first=None)

    shown = texts("ageing", two)

    sums = ["1,507", "308", "35", "0", "5", "-723"]
    assert [text for text in shown if text in sums][-6:] == sums
    assert {"0-7 days", "0~7일", "over 90 days", "90일 초과", "credit", "선수금"} <= set(shown)
    assert "HOTEL-1 · 2026-05-03 · position 4821 · Balance / 잔액 1,132 KRW" in shown


def test_the_axes_say_in_english_and_korean_what_they_show() -> None:
    assert {"Outstanding for / 미수 기간", "Outstanding (KRW) / 미수금 (원)"} <= set(texts("ageing", AGEING))


def test_a_bar_is_as_high_as_its_bucket_and_credit_hangs_below() -> None:
    axes = Figure().add_subplot()

    draw_ageing(axes, AGEING)

    heights = [(box.y0, box.y1) for box in (patch.get_path().get_extents() for patch in axes.patches)]
    assert heights == [(0, 150_000), (0, 82_000), (0, 43_000), (0, 0), (0, 9_900), (-23_000, 0)]


def test_bars_stand_on_zero_whatever_the_amounts_are() -> None:
    above, below = Figure().add_subplot(), Figure().add_subplot()

    draw_ageing(above, answer([owed(90, 80, 70, 60, 50, credit=40)], first=None))
    draw_ageing(below, answer([owed(-90, -80, -70, -60, -50, credit=-40)], first=None))

    assert above.get_ylim()[0] == 0
    assert below.get_ylim()[1] >= 0
