"""Conversion of payment requests as a picture."""

import numpy
import pytest
from matplotlib.figure import Figure

from services.billing.errors import InvalidParameter
from services.desk.charts.conversion import draw_conversion
from services.desk.charts.drawing import draw
from tests.unit.charts.pictures import CONVERSION, answer, asked, texts


def test_it_says_in_english_and_korean_what_it_shows() -> None:
    shown = texts("conversion", CONVERSION)

    assert {"Payment requests / 결제 요청 (건)", "Conversion / 전환율 (%)", "Business date / 영업일"} <= set(shown)
    assert {"Sent / 발송: 9", "Paid / 결제: 6", "Conversion / 전환율", "100"} <= set(shown)
    assert any("Conversion / 전환율 66.7 %" in text for text in shown)


def test_sent_and_paid_stand_beside_each_other() -> None:
    axes = Figure().add_subplot()

    draw_conversion(axes, answer([asked(2, 8, 2)]))

    sent, paid = (patch.get_path().get_extents() for patch in axes.patches)
    assert numpy.allclose(sent.extents, (0.6, 0, 1.0, 8))
    assert numpy.allclose(paid.extents, (1.0, 0, 1.4, 2))


def test_the_line_has_a_point_for_each_day_on_which_something_was_sent() -> None:
    figure = Figure()

    draw_conversion(figure.add_subplot(), CONVERSION)

    (line,) = figure.axes[1].lines
    assert numpy.array_equal(line.get_xydata(), [(0, 25), (2, 100)])
    assert figure.axes[1].get_ylim() == (0, 108)


def test_days_on_which_nothing_was_sent_have_no_percentage() -> None:
    row = {**asked(1, 0, 0), "expired": 1}
    assert any("Conversion / 전환율 -" in text for text in texts("conversion", answer([row])))


def test_more_than_five_years_are_refused() -> None:
    with pytest.raises(InvalidParameter):
        draw("conversion", answer([asked(1, 1, 1)], days=1_901), "png")
