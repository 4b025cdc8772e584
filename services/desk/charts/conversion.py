"""Conversion: requests sent and paid by business date, and the share that was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.desk.charts.answer import ReportAnswer, whole
from services.desk.charts.bars import add_bars, stand
from services.desk.charts.lettering import add_legend
from services.desk.charts.looks import LIGHT, LOOKS
from services.desk.charts.scales import DAYS_BY_NAME_MAX, Days, scale_counts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

PAID_LOOK, SENT_LOOK, SHARE_LOOK = LOOKS[:3]
SHARE = "Conversion / 전환율"


def draw_conversion(axes: Axes, answer: ReportAnswer) -> str:
    """Draw rows with `businessDate`, `sent`, `paidOfSent` and `conversion` (percent); returns the whole's percentage.

    A day without `conversion` has no point; the line goes on to the next. Raises InvalidParameter for more business
    dates than a chart shows.
    """
    days = Days(answer)
    counts = {day: (whole(row, "sent"), whole(row, "paidOfSent")) for row in answer.rows for day in [days.place(row)]}
    width = days.bar_width / 2
    sent_bars = add_bars(axes, [(day - width / 2, 0, sent) for day, (sent, _) in counts.items()], width, SENT_LOOK)
    paid_bars = add_bars(axes, [(day + width / 2, 0, paid) for day, (_, paid) in counts.items()], width, PAID_LOOK)
    stand(axes, 0, max(max(pair) for pair in counts.values()))
    days.scale(axes)
    scale_counts(axes, "Payment requests", "결제 요청")
    share = _draw_share(axes, answer, days)
    sent, paid = (sum(pair[side] for pair in counts.values()) for side in (0, 1))
    named = [(sent_bars, f"Sent / 발송: {sent:,}"), (paid_bars, f"Paid / 결제: {paid:,}"), (share, SHARE)]
    add_legend(axes, named)
    return f"{SHARE} {100 * paid / sent:.1f} %" if sent else f"{SHARE} -"


def _draw_share(axes: Axes, answer: ReportAnswer, days: Days) -> Line2D:
    """Draw the percentages as a line on an axis of their own."""
    from matplotlib.patheffects import Normal, Stroke

    second = axes.twinx()
    second.set_ylabel(f"{SHARE} (%)")
    second.set_ylim(0, 108)
    second.grid(visible=False)
    second.spines["right"].set_visible(True)
    points = sorted((days.place(row), float(row["conversion"])) for row in answer.rows if row["conversion"] is not None)
    outline = [Stroke(linewidth=4, foreground=LIGHT), Normal()] if days.apart else None
    (line,) = second.plot(
        [day for day, _ in points],
        [percent for _, percent in points],
        color=SHARE_LOOK.fill,
        linewidth=1.5 if days.apart else 0.5,
        marker="o" if days.count <= DAYS_BY_NAME_MAX else "",
        path_effects=outline,
    )
    return line
