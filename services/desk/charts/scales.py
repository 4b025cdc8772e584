"""The scales of a picture: amounts in the currency's main unit, counts, and business dates without gaps."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.billing.errors import InvalidParameter
from services.billing.money import in_main_unit
from services.desk.charts.answer import ReportAnswer, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DAYS_MAX = 1_900
LABELS_MAX = 16
DAYS_BY_NAME_MAX = 92
"""More days than these are labelled by the firsts of months."""
DAYS_APART_MAX = 150
"""More days than these stand without gaps between them."""


class Days:
    """The business dates of a chart, from the first asked for to the last; `apart`: so few that there are gaps."""

    def __init__(self, answer: ReportAnswer) -> None:
        """Raises InvalidParameter when there are more than 1,900."""
        found = [business_date(row) for row in answer.rows]
        self.first = min([answer.first or answer.last, *found])
        self.count = (max([answer.last, *found]) - self.first).days + 1
        if self.count > DAYS_MAX:
            raise InvalidParameter(
                f"A chart shows {DAYS_MAX:,} business dates at most; from {self.first} there are {self.count:,}. "
                "Ask for a shorter period, or for figures without a chart.",
                "/from",
            )
        self.apart = self.count <= DAYS_APART_MAX
        self.bar_width = 0.8 if self.apart else 1.0

    def place(self, row: Row) -> int:
        """Where the row's business date stands, from 0."""
        return (business_date(row) - self.first).days

    def scale(self, axes: Axes) -> None:
        """Label the dates, as many as can be read."""
        axes.set_xlabel("Business date / 영업일")
        axes.set_xlim(-0.6, self.count - 0.4)
        named = [day for day in range(self.count) if self.count <= DAYS_BY_NAME_MAX or self._date(day).day == 1]
        labelled = named[:: -(-len(named) // LABELS_MAX)]
        axes.set_xticks(labelled, [str(self._date(day)) for day in labelled], rotation=35, ha="right")

    def _date(self, place: int) -> date:
        return self.first + timedelta(days=place)


def business_date(row: Row) -> date:
    """The row's business date."""
    return date.fromisoformat(str(row["businessDate"]))


def scale_amounts(axes: Axes, english: str, korean: str, currency: str) -> None:
    """Label the amounts, given in minor units, in the main unit."""
    axes.set_ylabel(f"{english} ({currency}) / {korean} ({'원' if currency == 'KRW' else currency})")
    axes.yaxis.set_major_formatter(lambda amount, _: in_main_unit(round(amount), currency))
    axes.locator_params(axis="y", integer=True)


def scale_counts(axes: Axes, english: str, korean: str) -> None:
    """Label counts."""
    axes.set_ylabel(f"{english} / {korean} (건)")
    axes.yaxis.set_major_formatter(lambda count, _: f"{round(count):,}")
    axes.locator_params(axis="y", integer=True)
