"""How the parts of a picture look: each has a brightness and a hatch of its own, so that grey shows all of them."""

from dataclasses import dataclass

DARK = "#1a1a1a"
LIGHT = "#ffffff"


@dataclass(frozen=True)
class Look:
    """A fill, the hatch on it, and the hatch's colour."""

    fill: str
    hatch: str
    ink: str


LOOKS = (
    Look("#014a75", "", LIGHT),
    Look("#d8aa30", "///", DARK),
    Look("#c7472d", "xxx", LIGHT),
    Look("#cdef85", "\\\\\\", DARK),
    Look("#27245f", "---", LIGHT),
    Look("#15a0a4", "+++", DARK),
    Look("#116229", ".", LIGHT),
    Look("#ffb06a", "|||", DARK),
    Look("#c65aa3", "xx--", LIGHT),
    Look("#730f24", "//||", LIGHT),
    Look("#02adde", "*", DARK),
    Look("#0563b8", "\\\\--", LIGHT),
    Look("#5de8c9", "||\\\\", DARK),
)
"""In the order in which they are used. Lightness (CIE L*) goes in steps of 6 over all, 24 or more between neighbours.
Hatches are of lines where they can be: dense dots and rings make an SVG ten times as large.
"""

AGES = (LOOKS[3], LOOKS[7], LOOKS[5], LOOKS[2], LOOKS[4], LOOKS[12])
"""For what grows older: from bright to dark; the last for credit."""
