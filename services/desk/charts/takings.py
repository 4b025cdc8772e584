"""Takings: for each business date a bar of what came in net, stacked by payment method; what went out hangs below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.billing.money import in_main_unit, readable
from services.desk.charts.answer import ReportAnswer, Row, whole
from services.desk.charts.bars import Bar, add_bars, stand
from services.desk.charts.lettering import add_legend, legible
from services.desk.charts.looks import LOOKS
from services.desk.charts.scales import Days, scale_amounts

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

METHODS_MAX = len(LOOKS) - 1
"""Methods with a look of their own; those with the smallest amounts are put together."""

OTHER = "other / 기타"
KOREAN = {"CARD": "카드", "CASH": "현금", "TRANSFER": "계좌이체", "VIRTUAL_ACCOUNT": "가상계좌"}


def draw_takings(axes: Axes, answer: ReportAnswer) -> str:
    """Draw rows with `businessDate`, `paymentMethod` and `net`; returns their total, for people.

    Raises InvalidParameter for more business dates than a chart shows.
    """
    days = Days(answer)
    series = _series(answer.rows, days)
    tops, bottoms = [0] * days.count, [0] * days.count
    named: list[tuple[Artist, str]] = []
    for look, (method, net_by_day) in zip(LOOKS, series, strict=False):
        bars: list[Bar] = []
        for day, net in net_by_day.items():
            side = tops if net > 0 else bottoms
            bars.append((day, side[day], net))
            side[day] += net
        label = f"{method}: {in_main_unit(net_by_day.total(), answer.currency)}"
        named.append((add_bars(axes, bars, days.bar_width, look), label))
    stand(axes, min(bottoms), max(tops))
    days.scale(axes)
    scale_amounts(axes, "Takings", "수납액", answer.currency)
    add_legend(axes, named, "Payment method / 결제 수단")
    total = sum(net_by_day.total() for _, net_by_day in series)
    return f"Total / 합계 {readable(total, answer.currency)}"


def _series(rows: Sequence[Row], days: Days) -> list[tuple[str, Counter[int]]]:
    """The net amounts by day of each method, the largest first; those beyond METHODS_MAX together."""
    by_method: dict[str, Counter[int]] = {}
    for row in rows:
        by_method.setdefault(str(row["paymentMethod"]), Counter())[days.place(row)] += whole(row, "net")
    ordered = sorted(by_method.items(), key=lambda named: (-sum(map(abs, named[1].values())), named[0]))
    series = [(_label(method), net_by_day) for method, net_by_day in ordered[:METHODS_MAX]]
    if rest := ordered[METHODS_MAX:]:
        other: Counter[int] = Counter()
        for _, net_by_day in rest:
            other.update(net_by_day)
        series.append((OTHER, other))
    return series


def _label(method: str) -> str:
    return f"{method} / {KOREAN[method]}" if method in KOREAN else legible(method)
