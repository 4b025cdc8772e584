"""Entries of payment requests: what each event did, and how the request stood after it."""

from collections.abc import Callable
from typing import Any

from projections.entries import ENTRY_COLUMNS, EntryModel, entry_table
from projections.read_model import Row
from services.billing.business_day import Day
from services.billing.event import LedgerEvent
from services.collection.payment_request import (
    OPEN_STATUSES,
    PaymentRequestDestroyed,
    PaymentRequested,
    PaymentRequestExpired,
    PaymentRequestPaid,
    PaymentRequestRefunded,
    PaymentRequestRefused,
    PaymentRequestResent,
    PaymentRequestSent,
    PaymentRequestUnknown,
)

TABLE = "read_model.request_entries"
DEFINITION = entry_table(
    "request_entries",
    """
        bill_id        text        NOT NULL,
        requested_date date        NOT NULL,
        requested_at   timestamptz NOT NULL,
        sent_date      date,
        sent_at        timestamptz,
        status         text        NOT NULL,
        amount         bigint      NOT NULL,
        expires_on     date        NOT NULL,
        paid_date      date,
        paid_at        timestamptz,
        paid_amount    bigint,
        payment_id     text,
        points         bigint      NOT NULL,
        flags          jsonb       NOT NULL,
        last_error     text
    """,
    f"request_entries_sent ON {TABLE} (accommodation_id, sent_date, next_position)",
)
COLUMNS = (
    *ENTRY_COLUMNS, "bill_id", "requested_date", "requested_at", "sent_date", "sent_at", "status", "amount",
    "expires_on", "paid_date", "paid_at", "paid_amount", "payment_id", "points", "flags", "last_error",
)  # fmt: skip
"""The dates are business days: on which it was asked for, sent, and learned to be paid. `paid_at` is when the guest
paid, as the provider says; `points` what the event cost."""

KEPT = tuple(name for name in COLUMNS if name not in {*ENTRY_COLUMNS, "points"})


def apply(before: Row | None, event: LedgerEvent, day: Day) -> Row:
    """The entry of a request's event."""
    if isinstance(event, PaymentRequested):
        return _requested(event, day)
    assert before is not None, f"{event.originator_id} was never requested before position {day.position}"
    row = {name: before[name] for name in KEPT}
    return row | {"points": 0} | CHANGES[type(event)](row, event, day)


def _requested(event: PaymentRequested, day: Day) -> Row:
    asked = event.asked
    return {
        "bill_id": asked.bill_id,
        "requested_date": day.business_date,
        "requested_at": event.timestamp,
        "sent_date": None,
        "sent_at": None,
        "status": "REQUESTED",
        "amount": asked.amount,
        "expires_on": asked.expires_on,
        "paid_date": None,
        "paid_at": None,
        "paid_amount": None,
        "payment_id": None,
        "points": 0,
        "flags": [],
        "last_error": None,
    }


def _sent(row: Row, event: PaymentRequestSent, day: Day) -> Row:
    sent = {"sent_date": day.business_date, "sent_at": event.timestamp, "points": event.points}
    return sent | ({"status": "SENT", "last_error": None} if row["status"] in OPEN_STATUSES else {})


def _paid(_: Row, event: PaymentRequestPaid, day: Day) -> Row:
    receipt = event.receipt
    paid = {"paid_date": day.business_date, "paid_at": receipt.paid_at, "paid_amount": receipt.amount}
    return {"status": "PAID", **paid, "payment_id": event.payment_id, "flags": list(event.flags), "last_error": None}


CHANGES: dict[type[LedgerEvent], Callable[[Row, Any, Day], Row]] = {
    PaymentRequestSent: _sent,
    PaymentRequestUnknown: lambda row, event, day: {"status": "UNKNOWN", "last_error": event.why},
    PaymentRequestRefused: lambda row, event, day: {
        "status": "REFUSED",
        "last_error": f"{event.code}: {event.message}",
    },
    PaymentRequestResent: lambda row, event, day: {"points": event.points, "last_error": event.doubt},
    PaymentRequestPaid: _paid,
    PaymentRequestRefunded: lambda row, event, day: {"status": "REFUNDED"},
    PaymentRequestDestroyed: lambda row, event, day: {"status": "DESTROYED"},
    PaymentRequestExpired: lambda row, event, day: {"status": "EXPIRED"},
}


def _key_of(event: LedgerEvent) -> str | None:
    return event.originator_id if type(event) in CHANGES or isinstance(event, PaymentRequested) else None


REQUEST_ENTRIES = EntryModel("request_entries", 1, DEFINITION, COLUMNS, _key_of, apply)
