"""Reports made of the feed's events in plain Python, by what each report's description says."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.properties.feed_credits import arrivals, credits_of
from tests.properties.feed_facts import Event, Facts, Paid, moment

Rows = list[dict[str, Any]]
UNDONE = {
    "bill.cancelled", "bill.deleted", "payment.cancelled", "payment.deleted", "payment_request.destroyed",
    "payment_request.refunded",
}  # fmt: skip

AGES = {"days_0_to_7": 7, "days_8_to_30": 30, "days_31_to_60": 60, "days_61_to_90": 90, "over_90": date.max.toordinal()}
"""How many days ago the bill may have been added, at most."""


class FeedBooks:
    """The books of an accommodation for the business days from `first` to `last`, at the end of the feed."""

    def __init__(self, facts: Facts, first: date, last: date) -> None:
        self.facts = facts
        self.first, self.last = first, last
        self.period = [event for event in facts.events if first <= event["day"] <= last]
        self.until = [event for event in facts.events if event["day"] <= last]

    def entries(self, report: str) -> Rows:
        """What adds up to a report, with its keys."""
        named: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
            "daily-takings": self._takings,
            "revenue": self._revenue,
            "unallocated": self._unallocated,
            "outstanding": self._outstanding,
            "balance-drift": self._drift,
            "activity": self._activity,
            "payment-requests": self._requests,
            "provider-reconciliation": self._differences,
        }
        return list(named[report]())

    def _takings(self) -> Iterator[dict[str, Any]]:
        words = {"payment.recorded": "taken", "payment.updated": "corrected"}
        words |= {"payment.cancelled": "cancelled", "payment.deleted": "deleted"}
        counts = {"taken": "payments", "cancelled": "payments_cancelled", "deleted": "payments_deleted"}
        for event in self.period:
            word = words.get(event["type"])
            for payment, sign in ((event.get("before"), -1), (event.get("after"), 1)):
                if word is None or payment is None or payment["status"] != "LIVE":
                    continue
                net, day = sign * payment["amount"], event["day"]
                yield {
                    "business_date": day, "concerned_date": payment["concerned"], "actor": event["data"]["by"],
                    "payment_method": payment["method"], word: abs(net) if word != "corrected" else net, "net": net,
                    "late": net if payment["concerned"] < day else 0, **({counts[word]: 1} if word in counts else {}),
                }  # fmt: skip

    def _revenue(self) -> Iterator[dict[str, Any]]:
        words = {
            "bill.added": "added",
            "bill.updated": "changed",
            "bill.cancelled": "cancelled",
            "bill.deleted": "deleted",
        }
        for event in self.period:
            word, data = words.get(event["type"]), event["data"]
            if word is None or data.get("transferOriginBillId"):
                continue
            net, concerned = data["totalEffect"], self.facts.concerned[data["billId"]]
            yield {
                "business_date": event["day"], "concerned_date": concerned, "folio_id": data["folioId"],
                f"bills_{word}": 1, word: -net if word in ("cancelled", "deleted") else net, "net": net,
                "late": net if concerned < event["day"] else 0,
            }  # fmt: skip

    def _bills(self) -> dict[str, dict[str, Any]]:
        """Bills as they stand in the end: the balance as it is stated, and as it is expected."""
        bills: dict[str, dict[str, Any]] = {}
        for event in self.until:
            kind, data = event["type"], event["data"]
            if "balanceEffect" not in data:
                continue
            if kind == "bill.added":
                origin = data.get("transferOriginBillId")
                bills[data["billId"]] = {
                    "folio_id": data["folioId"], "bill_id": data["billId"], "bill_code": data["billCode"],
                    "stated": 0, "expected": 0, "end": None, "money": 0, "covers": [],
                    "since": bills[origin]["since"] if origin else event["day"],
                }  # fmt: skip
            bill = bills[data["billId"]]
            bill["stated"] += data["balanceEffect"]
            bill["expected"] += _expected(event)
            bill["money"] += _money(event.get("after")) - _money(event.get("before"))
            bill["covers"] += _cover(event)
            bill["name"] = data.get("name", bill.get("name"))
            bill["end"] = _end_of(event) or bill["end"]
            bill["excess"] = -bill["expected" if bill["end"] else "stated"]
        return bills

    def _unallocated(self) -> Iterator[dict[str, Any]]:
        bills = self._bills()
        for bill_id, credit in credits_of(bills).items():
            bill = bills[bill_id]
            yield {**bill, "why": bill["end"] or "OVERPAID", "bills": 1, "credit": credit}

    def money(self) -> Counter[str]:
        """What was paid on each bill and is still there."""
        standing = {event["data"]["paymentId"]: event for event in self.until if "after" in event}
        money = Counter[str]()
        for event in standing.values():
            money[event["data"]["billId"]] += _money(event["after"])
        return money

    def came_back(self) -> Counter[str]:
        """What bills that they had covered have given back to bills."""
        return arrivals(self._bills())

    def _outstanding(self) -> Iterator[dict[str, Any]]:
        for bill in self._bills().values():
            days, owed = (self.last - bill["since"]).days, bill["stated"]
            bucket = next(name for name, most in AGES.items() if days <= most) if owed > 0 else "credit"
            if owed != 0:
                yield {**bill, bucket: owed, "balance": owed}

    def _drift(self) -> Iterator[dict[str, Any]]:
        for bill in self._bills().values():
            status = bill["end"] or ("OPEN" if bill["stated"] else "SETTLED")
            if bill["stated"] != bill["expected"]:
                yield {**bill, "status": status, "drift": bill["stated"] - bill["expected"]}

    def _activity(self) -> Iterator[dict[str, Any]]:
        for event in self.period:
            kind, data = event["type"], event["data"]
            yield {
                "business_date": event["day"], "actor": data["by"], "kind": kind, "act": int(event["id"]),
                "reason": data["reason"] if kind in UNDONE else None, "events": 1,
                "balance_effect": data.get("balanceEffect", 0),
            }  # fmt: skip

    def _requests(self) -> Iterator[dict[str, Any]]:
        for event in self.facts.events:
            if not event["type"].startswith("payment_request."):
                continue
            word, request, data = event["type"].removeprefix("payment_request."), event["request"], event["data"]
            if event in self.period:
                yield {
                    "business_date": event["day"], word: 1, "points": data.get("points", 0),
                    "sent_amount": request["amount"] if word == "sent" else 0,
                    "paid_amount": request["paid"] if word == "paid" else 0,
                    "refunded_amount": request.get("paid", 0) if word == "refunded" else 0,
                }  # fmt: skip
            sent = request["sent"]
            if word == "paid" and sent is not None and sent in self.period and event in self.until:
                seconds = moment(data["paidAt"]) - moment(sent["time"])
                yield {"business_date": sent["day"], "paid_of_sent": 1, "seconds": max(seconds.total_seconds(), 0)}

    def _differences(self) -> Iterator[dict[str, Any]]:
        standing: dict[str, dict[str, Any]] = {}
        touched = {event["after"]["request"] for event in self.period if "after" in event}
        payments = {event["after"]["id"]: event["after"] for event in self.until if "after" in event}
        for event in self.until:
            if event["type"].startswith("payment_request."):
                before = standing.get(event["subject"], {"flags": (), "doubt": None})
                standing[event["subject"]] = before | _turned(before, event)
                touched |= {event["subject"]} if event in self.period else set()
        for request_id, request in standing.items():
            answering = [paid for paid in payments.values() if paid["request"] == request_id]
            provider = request["paid"] if request["status"] == "paid" else 0
            ours = sum(_money(paid) for paid in answering)
            found = {
                "AMOUNT": provider != ours,
                "NO_WORD": request["status"] == "unknown",
                "RESEND_IN_DOUBT": request["status"] == "sent" and request["doubt"] is not None,
            } | dict.fromkeys(request["flags"], True)
            amounts = {"provider_amount": provider, "our_amount": ours, "off_by": provider - ours}
            if request_id in touched:
                yield from (
                    {"difference": name, "request_id": request_id, **amounts} for name, holds in found.items() if holds
                )

    def movements(self) -> Rows:
        """Every transfer, split and settlement."""
        return [_movement(event) for event in self.period if _moves(event)]

    def payments(self) -> Rows:
        """Every payment to which something happened in the period, as it stood at its end; by another method than at
        the beginning, once more for that one.
        """
        events: dict[str, list[Event]] = defaultdict(list)
        for event in self.period:
            if "after" in event:
                events[event["after"]["id"]].append(event)
        rows = []
        for of_payment in events.values():
            row, before = _payment_row(of_payment[-1]), of_payment[0]["before"]
            counted = _money(before)
            if counted and before["method"] != row["payment_method"]:
                lost = {"payment_method": before["method"], "amount": 0, "status": "CORRECTED", "net": -counted}
                rows.append({**row, **lost})
                counted = 0
            rows.append({**row, "net": row["net"] - counted})
        return sorted(rows, key=lambda row: (row["business_date"], row["payment_id"], row["payment_method"]))


def grouped(entries: Rows, keys: Sequence[str], adding: Sequence[str]) -> dict[tuple[Any, ...], dict[str, int]]:
    """What adds up, by key."""
    sums: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(adding, 0))
    for entry in entries:
        of_key = sums[tuple(entry[name] for name in keys)]
        for name in adding:
            of_key[name] += entry.get(name, 0)
    return dict(sums)


def conversion(sent: int, paid_of_sent: int) -> Decimal | None:
    """Percent, None of nothing."""
    return (Decimal(100 * paid_of_sent) / sent).quantize(Decimal("0.1"), ROUND_HALF_UP) if sent else None


def seconds_to_pay(entries: Rows) -> int | None:
    """How soon the quicker half has paid."""
    seconds = sorted(entry["seconds"] for entry in entries if "seconds" in entry)
    half = Decimal(seconds[(len(seconds) + 1) // 2 - 1]) if seconds else None
    return None if half is None else int(half.quantize(Decimal(1), ROUND_HALF_UP))


def _turned(request: dict[str, Any], event: Event) -> dict[str, Any]:
    """What an event changes of a payment request: one that was sent may have been paid before that was known."""
    word, data = event["type"].removeprefix("payment_request."), event["data"]
    if word == "sent":
        return {"status": "sent", "doubt": None} if request["status"] in ("requested", "unknown", "sent") else {}
    if word == "resent":
        return {"doubt": data["doubt"]}
    paid = {"paid": data["paidAmount"], "flags": data["flags"]} if word == "paid" else {}
    return {"status": word, **paid}


def _expected(event: Event) -> int:
    """What an event makes of a balance, if nobody states one."""
    kind, data = event["type"], event["data"]
    if kind.startswith("payment."):
        before, after = (_money(event.get(name)) for name in ("before", "after"))
        return before - after
    moves = kind in ("bill.settled", "bill.transferred") or data.get("transferOriginBillId")
    return int(data["balanceEffect" if moves else "totalEffect"])


def _cover(event: Event) -> list[tuple[str, int]]:
    """What covers a part of a bill from now on, and how much: who settles it, or has moved less debt than charge."""
    data = event["data"]
    if event["type"] == "bill.settled" and data["billId"] == data["targetBillId"]:
        return [(data["paymentBillId"], data["settledAmount"])]
    origin = data.get("transferOriginBillId")
    covered = data["totalEffect"] - data["balanceEffect"]
    return [(origin, covered)] if origin and covered > 0 else []


def _money(payment: Paid | None) -> int:
    return payment["amount"] if payment is not None and payment["status"] == "LIVE" else 0


def _end_of(event: Event) -> str | None:
    ends = {"bill.deleted": "DELETED", "bill.cancelled": "CANCELLED", "bill.transferred": "TRANSFERRED"}
    return None if event["data"].get("whole") is False else ends.get(event["type"])


def _moves(event: Event) -> bool:
    kind, data = event["type"], event["data"]
    return kind == "bill.transferred" or (kind == "bill.settled" and bool(data["billId"] == data["targetBillId"]))


def _movement(event: Event) -> dict[str, Any]:
    data, effect = event["data"], event["data"]["balanceEffect"]
    settles = event["type"] == "bill.settled"
    stays = data.get("toBillId") == data["billId"]
    split = "TRANSFER" if data.get("whole") else "SPLIT"
    return {
        "business_date": event["day"], "movement": int(event["id"]), "from_effect": effect, "to_effect": -effect,
        "kind": "SETTLEMENT" if settles else "RESERVATION" if stays else split,
        "recorded_at": moment(event["time"]), "from_folio_id": data["folioId"], "from_bill_id": data["billId"],
        "to_folio_id": data["folioId"] if settles else data["toFolioId"],
        "to_bill_id": data["paymentBillId"] if settles else data["toBillId"],
        "total": data.get("movedTotal"), "actor": data["by"], "reason": data["reason"],
    }  # fmt: skip


def _payment_row(event: Event) -> dict[str, Any]:
    payment = event["after"]
    recorded, ended = payment["recorded"], payment["ended"]
    return {
        "business_date": recorded["day"], "payment_id": payment["id"], "concerned_date": payment["concerned"],
        "recorded_at": moment(recorded["time"]), "paid_at": payment["paid_at"],
        "folio_id": recorded["data"]["folioId"], "bill_id": recorded["data"]["billId"],
        "payment_method": payment["method"], "amount": payment["amount"], "status": payment["status"],
        "net": _money(payment), "applied": payment["applied"], "cashier": recorded["data"]["by"],
        "cancelled_at": None if ended is None else moment(ended["time"]),
        "cancelled_by": None if ended is None else ended["data"]["by"], "payment_request_id": payment["request"],
        "last_event": event["type"], "last_date": event["day"], "actor": event["data"]["by"],
        "reason": event["data"]["reason"],
    }  # fmt: skip
