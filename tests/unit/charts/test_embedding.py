"""The letters that an SVG carries."""

import base64
import re
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from projections.report import ChartKind
from services.desk.charts.answer import ReportAnswer
from services.desk.charts.drawing import draw
from tests.unit.charts.pictures import ANSWERS, answer, taken, texts

EMBEDDED = re.compile(r'@font-face \{font-family: "Noto Sans KR"; src: url\(data:font/otf;base64,([^)]*)\)\}')
HOSTILE = answer([taken(1, "A<B>&\"'", 7)], accommodation_id='</text><script>"&')


@pytest.mark.parametrize(("kind", "shown"), [*ANSWERS.items(), ("takings", HOSTILE)])
def test_an_svg_carries_every_letter_of_its_texts_and_few_others(kind: ChartKind, shown: ReportAnswer) -> None:
    (font,) = EMBEDDED.findall(draw(kind, shown, "svg").decode())
    there = {chr(sign) for sign in TTFont(BytesIO(base64.b64decode(font)))["cmap"].getBestCmap()}
    needed = {sign for text in texts(kind, shown) for sign in text}
    assert needed - {"\n"} <= there
    assert len(there) < 2 * len(needed)
