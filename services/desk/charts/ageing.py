"""Ageing: what is outstanding by how long it has been, and what guests have in credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.billing.money import in_main_unit, readable
from services.desk.charts.answer import ReportAnswer, whole
from services.desk.charts.bars import add_bars, stand
from services.desk.charts.looks import AGES
from services.desk.charts.scales import scale_amounts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BUCKETS = {
    "days0To7": "0-7 days\n0~7일",
    "days8To30": "8-30 days\n8~30일",
    "days31To60": "31-60 days\n31~60일",
    "days61To90": "61-90 days\n61~90일",
    "over90": "over 90 days\n90일 초과",
    "credit": "credit\n선수금",
}


def draw_ageing(axes: Axes, answer: ReportAnswer) -> str:
    """Draw the sums of the buckets over all rows; returns the balance, for people."""
    sums = [sum(whole(row, bucket) for row in answer.rows) for bucket in BUCKETS]
    for place, (amount, look) in enumerate(zip(sums, AGES, strict=True)):
        add_bars(axes, [(place, 0, amount)], 0.7, look)
        axes.annotate(
            in_main_unit(amount, answer.currency),
            (place, amount),
            xytext=(0, 4 if amount >= 0 else -4),
            textcoords="offset points",
            ha="center",
            va="bottom" if amount >= 0 else "top",
        )
    stand(axes, min(sums), max(sums))
    axes.set_xlim(-0.6, len(BUCKETS) - 0.4)
    axes.set_xticks(range(len(BUCKETS)), list(BUCKETS.values()))
    axes.set_xlabel("Outstanding for / 미수 기간")
    scale_amounts(axes, "Outstanding", "미수금", answer.currency)
    balance = sum(whole(row, "balance") for row in answer.rows)
    return f"Balance / 잔액 {readable(balance, answer.currency)}"
