"""An SVG that carries the letters it needs, so that its Hangul shows on a machine without a Korean font."""

import base64
import re
from html import unescape
from io import BytesIO

from services.desk.charts.lettering import FAMILIES, font_file

TEXTS = re.compile(r">([^<>]+)<")
AFTER = "<defs>"
"""What matplotlib begins the contents with."""


def with_letters(svg: bytes) -> bytes:
    """The same SVG, its texts still texts, with those letters of the font that stand in it."""
    document = svg.decode()
    signs = {sign for text in TEXTS.findall(document) for sign in unescape(text)}
    font = base64.b64encode(_letters(signs)).decode()
    face = f'@font-face {{font-family: "{FAMILIES[0]}"; src: url(data:font/otf;base64,{font})}}'
    return document.replace(AFTER, f"<style>{face}</style>\n {AFTER}", 1).encode()


def _letters(signs: set[str]) -> bytes:
    """A font of these letters alone; the same for the same ones."""
    from fontTools.subset import Options, Subsetter, load_font, save_font

    options = Options(layout_features=[], name_IDs=[], notdef_outline=True, recalc_timestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(signs)))
    file = BytesIO()
    with load_font(str(font_file()), options) as font:
        subsetter.subset(font)
        save_font(font, file, options)
    return file.getvalue()
