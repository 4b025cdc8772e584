"""The period of a report or an export: business days, the first and the last of them included."""

import re
from datetime import date

from services.desk.problems import invalid

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
YEARS = range(1970, 2200)
YEARS_MAX = 5


def period_of(first: str, last: str) -> tuple[date, date]:
    """The first and the last day. Raises Problem at /from or /to: no day, reversed, longer than five years."""
    begins, ends = day_of("/from", first), day_of("/to", last)
    if ends < begins:
        raise invalid("/to", f"to, {ends}, is before from, {begins}.")
    if ends >= _years_later(begins):
        raise invalid("/to", f"From {begins} to {ends} are more than {YEARS_MAX} years; ask for them one by one.")
    return begins, ends


def day_of(pointer: str, text: str) -> date:
    """The day that a text `YYYY-MM-DD` names. Raises Problem at the pointer when it is none of 1970 to 2199."""
    name = pointer[1:]
    if not DAY.fullmatch(text):
        raise invalid(pointer, f"{name} is a day, as 2026-11-30.")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise invalid(pointer, f"{name}, {text}, is no day that exists.") from None
    if day.year not in YEARS:
        raise invalid(pointer, f"{name} is a day from {YEARS[0]} to {YEARS[-1]}.")
    return day


def _years_later(day: date) -> date:
    """The same day some years later; the first of March for a leap day that has none."""
    year = day.year + YEARS_MAX
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
