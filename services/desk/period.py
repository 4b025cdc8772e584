"""The period of a report: business days from one to another, both included."""

from datetime import date

from services.billing.business_day import FIRST_DAY, LAST_DAY
from services.desk.bodies import read_day
from services.desk.problems import invalid, missing

YEARS_MAX = 5


def period_of(first: str | None, last: str | None, *, as_of: bool = False) -> tuple[date, date]:
    """The first and the last day; `as_of` needs no first one. Raises Problem for a day that is missing or wrong,
    for days that are reversed, and for more than 5 years.
    """
    if as_of and first is None:
        return (day_named("to", last),) * 2
    begins, ends = day_named("from", first), day_named("to", last)
    if ends < begins:
        raise invalid("/to", f"The period is reversed: it would end on {ends}, before it begins on {begins}.")
    if ends >= _years_after(begins, YEARS_MAX):
        raise invalid(
            "/to",
            f"The period is over {YEARS_MAX} years; from {begins} it may end before {_years_after(begins, YEARS_MAX)}.",
        )
    return begins, ends


def day_named(name: str, text: str | None) -> date:
    """The day that a parameter of this name is. Raises Problem when it is missing or none."""
    if text is None:
        raise missing(f"/{name}", f"{name} is missing: a business day, as 2026-11-30.")
    try:
        day: date = read_day(text)
    except ValueError as error:
        raise invalid(f"/{name}", f"{name} {error}.") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise invalid(f"/{name}", f"{name} must lie between {FIRST_DAY} and {LAST_DAY}.")
    return day


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)
