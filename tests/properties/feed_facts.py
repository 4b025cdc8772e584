"""What the feed of events says, in plain dictionaries: each event with its business day, each payment with its past.

Written from the descriptions of reports and of business days, not from the code that answers them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Event = dict[str, Any]
Paid = dict[str, Any]
UNSEEN = ("bill.request_opened", "bill.request_closed")
"""What happens to a bill along with its payment request, which tells of it."""


def moment(text: str) -> datetime:
    """A time of the feed."""
    return datetime.fromisoformat(text)


@dataclass
class Days:
    """The days of one accommodation: never back, never into a closed one."""

    zone: str = "Asia/Seoul"
    cut_off: str = "00:00"
    newest: date = date.min

    def by_calendar(self, at: datetime) -> date:
        """The day by the clock on the wall, which begins at the cut-off hour."""
        hours, minutes = map(int, self.cut_off.split(":"))
        wall = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        return (wall - timedelta(hours=hours, minutes=minutes)).date()

    def take(self, event: Event) -> date:
        """The day of an event, the next of this accommodation."""
        if self.newest == date.min and event["type"] == "accommodation.configured":
            self.zone, self.cut_off = event["data"]["timeZone"], event["data"]["businessDayStartsAt"]
        self.newest = max(self.newest, self.by_calendar(moment(event["time"])))
        day, data = self.newest, event["data"]
        if event["type"] == "accommodation.configured":
            self.zone, self.cut_off = data["timeZone"], data["businessDayStartsAt"]
        if event["type"] == "accommodation.day_closed":
            self.newest = max(self.newest, date.fromisoformat(data["businessDate"]) + timedelta(days=1))
        return day


@dataclass
class Facts:
    """What the feed tells of one accommodation, in order. `concerned` is the day that each bill's charge concerns."""

    days: Days = field(default_factory=Days)
    events: list[Event] = field(default_factory=list)
    concerned: dict[str, date] = field(default_factory=dict)
    payments: dict[str, Paid] = field(default_factory=dict)
    requests: dict[str, Event] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """The next event."""
        kind, data, settings = event["type"], event["data"], Days(self.days.zone, self.days.cut_off)
        event["day"] = self.days.take(event)
        event["before"] = self.payments.get(data.get("paymentId", ""))
        if kind == "bill.added":
            origin, wall = data["transferOriginBillId"], settings.by_calendar(moment(event["time"]))
            self.concerned[data["billId"]] = self.concerned[origin] if origin else wall
        if kind in ("payment.recorded", "payment.updated", "payment.cancelled", "payment.deleted"):
            event["after"] = self.payments[data["paymentId"]] = self._payment(event, settings)
        if kind.startswith("payment_request."):
            request = self.requests.setdefault(event["subject"], {"sent": None})
            request |= {"sent": event, "amount": request.get("amount")} if kind.endswith(".sent") else {}
            request |= {"amount": data["amount"]} if kind.endswith(".requested") else {}
            request |= {"paid": data["paidAmount"]} if kind.endswith(".paid") else {}
            event["request"] = dict(request)
        if kind not in UNSEEN:
            self.events.append(event)

    def _payment(self, event: Event, settings: Days) -> Paid:
        data, before = event["data"], event["before"]
        if event["type"] == "payment.recorded":
            return {
                **_given(data, settings), "id": data["paymentId"], "status": "LIVE", "recorded": event,
                "applied": data["appliedToBalance"], "request": data["paymentRequestId"], "ended": None,
            }  # fmt: skip
        if event["type"] == "payment.updated":
            return {**before, **_given(data, settings)}
        if event["type"] == "payment.cancelled":
            return {**before, "status": "CANCELLED", "ended": event}
        return {**before, "status": "DELETED"}


def _given(data: Event, settings: Days) -> Paid:
    paid_at = moment(data["paidAt"])
    return {
        "method": data["paymentMethod"], "amount": data["amount"], "paid_at": paid_at,
        "concerned": settings.by_calendar(paid_at),
    }  # fmt: skip


def facts_of(feed: Iterable[Event]) -> dict[str, Facts]:
    """What the feed tells, by accommodation."""
    found: dict[str, Facts] = {}
    for event in feed:
        found.setdefault(event["accommodationid"], Facts()).take(event)
    return found
