"""Pictures can be read in grey."""

from itertools import combinations, pairwise

from services.desk.charts.conversion import PAID_LOOK, SENT_LOOK, SHARE_LOOK
from services.desk.charts.looks import AGES, LOOKS


def luminance(colour: str) -> float:
    """Relative luminance (0 to 1) of `#rrggbb`, as WCAG 2 has it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lightness(colour: str) -> float:
    """Lightness as it is seen, 0 to 100 (CIE L*)."""
    seen = luminance(colour)
    return 116 * float(seen ** (1 / 3)) - 16 if seen > 0.008856 else 903.3 * seen


def test_each_look_has_a_hatch_and_a_lightness_of_its_own() -> None:
    assert len({look.hatch for look in LOOKS}) == len(LOOKS)
    for one, other in combinations(LOOKS, 2):
        assert abs(lightness(one.fill) - lightness(other.fill)) > 5, (one, other)


def test_those_that_stand_on_each_other_differ_much() -> None:
    for lower, upper in pairwise(LOOKS):
        assert abs(lightness(lower.fill) - lightness(upper.fill)) > 20, (lower, upper)


def test_a_hatch_can_be_seen_on_its_fill() -> None:
    for look in LOOKS:
        darker, brighter = sorted([luminance(look.fill), luminance(look.ink)])
        assert (brighter + 0.05) / (darker + 0.05) > 3, look


def test_what_is_owed_for_longer_is_darker() -> None:
    ages = [lightness(look.fill) for look in AGES[:5]]

    assert all(younger - older > 10 for younger, older in pairwise(ages))


def test_sent_paid_and_their_share_differ_much() -> None:
    for one, other in combinations((SENT_LOOK, PAID_LOOK, SHARE_LOOK), 2):
        assert abs(lightness(one.fill) - lightness(other.fill)) > 15
