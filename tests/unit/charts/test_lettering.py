"""The letters of a picture."""

from hashlib import sha256

import pytest
from matplotlib import style
from matplotlib.figure import Figure

from services.desk.charts import drawing
from services.desk.charts.conversion import draw_conversion
from services.desk.charts.drawing import draw
from services.desk.charts.lettering import LENGTH_MAX, font_file, legible
from tests.unit.charts.pictures import CONVERSION, TAKINGS, answer, taken, texts

NOTO_SANS_KR_2_004 = "69975a0ac8472717870aefeab0a4d52739308d90856b9955313b2ad5e0148d68"


def picture_of(sign: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A PNG in which nothing but this sign may differ."""
    monkeypatch.setattr(drawing, "NO_DATA", sign)
    return draw("takings", answer([]), "png")


def test_the_font_is_noto_sans_kr_as_its_makers_gave_it_out() -> None:
    assert sha256(font_file().read_bytes()).hexdigest() == NOTO_SANS_KR_2_004


def test_hangul_is_no_box(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(UserWarning, match="missing from font"):
        box = picture_of("\ue000", monkeypatch)
    with pytest.warns(UserWarning, match="missing from font"):
        assert picture_of("\ue001", monkeypatch) == box

    signs = [picture_of(sign, monkeypatch) for sign in "수납액원"]

    assert len({box, *signs}) == 5


def test_the_text_of_an_svg_is_text_in_fonts_of_the_usual_systems() -> None:
    svg = draw("takings", TAKINGS, "svg").decode()

    assert "수납액 (원)</text>" in svg
    for family in ("Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic"):
        assert f"'{family}'" in svg
    assert "sans-serif" in svg


@pytest.mark.parametrize(
    "name",
    [
        "</text><script>alert(1)</script>",
        "a&b\"'<!--",
        "]]>",
        "$\\frac{1}{0}$",
        "_hidden",
        "%s{0}\\n",
        "마일리지",
        "-->",
    ],
)
def test_hostile_names_are_shown_as_they_are(name: str) -> None:
    shown = texts("takings", answer([taken(1, name, 5)], accommodation_id=name))

    assert f"{name}: 5" in shown
    assert any(text.startswith(f"{name} · ") for text in shown)
    assert b"<script" not in draw("takings", answer([taken(1, name, 5)]), "svg")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb\x00\x1b[2J", "a\\nb\\x00\\x1b[2J"),
        ("a\u3000b\xad", "a\\u3000b\\xad"),
        ("\u202eDRAC", "\\u202eDRAC"),
        ("\ud800", "\\ud800"),
        ("😀 포인트", "\\U0001f600 포인트"),
        ("x" * 65, "x" * (LENGTH_MAX - 1) + "…"),
    ],
)
def test_what_the_font_cannot_show_is_escaped_and_length_is_bounded(name: str, shown: str) -> None:
    assert legible(name) == shown
    assert f"{shown}: 5" in texts("takings", answer([taken(1, name, 5)]))


def test_a_legend_stands_beside_the_axes_and_leaves_room_for_wider_fonts() -> None:
    font_file()
    with style.context(dict(drawing.STYLE)):
        figure = Figure(layout="constrained")
        draw_conversion(figure.add_subplot(), CONVERSION)
        figure.draw_without_rendering()
        names = [text.get_window_extent() for text in figure.legends[0].get_texts()]
        drawn = [box for axes in figure.axes if (box := axes.get_tightbbox()) is not None]

    assert max(box.x1 for box in drawn) < min(box.x0 for box in names)
    assert figure.bbox.x1 - max(box.x1 for box in names) > 25
