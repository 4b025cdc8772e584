"""Entries of payments: what each event did to the money taken, and how the payment stood after it."""

from projections.entries import ENTRY_COLUMNS, EntryModel, entry_table
from projections.read_model import Row
from services.billing.business_day import Day
from services.billing.event import LedgerEvent
from services.billing.payment import PaymentCancelled, PaymentDeleted, PaymentRecorded, PaymentUpdated

TABLE = "read_model.payment_entries"
DEFINITION = entry_table(
    "payment_entries",
    """
        bill_id            text        NOT NULL,
        taken_date         date        NOT NULL,
        taken_at           timestamptz NOT NULL,
        concerned_date     date        NOT NULL,
        cashier            text        NOT NULL,
        status             text        NOT NULL,
        payment_method     text        NOT NULL,
        amount             bigint      NOT NULL,
        applied            boolean     NOT NULL,
        paid_at            timestamptz NOT NULL,
        payment_request_id text,
        cancelled_at       timestamptz,
        cancelled_by       text,
        method_before      text,
        amount_before      bigint      NOT NULL,
        concerned_before   date
    """,
    f"payment_entries_taken ON {TABLE} (accommodation_id, taken_date, next_position)",
    f"payment_entries_unapplied ON {TABLE} (accommodation_id, next_position, position)"
    " INCLUDE (folio_id, bill_id, amount) WHERE NOT applied AND status = 'LIVE'",
    f"payment_entries_of_request ON {TABLE} (payment_request_id) WHERE payment_request_id IS NOT NULL",
)
COLUMNS = (
    *ENTRY_COLUMNS, "bill_id", "taken_date", "taken_at", "concerned_date", "cashier", "status", "payment_method",
    "amount", "applied", "paid_at", "payment_request_id", "cancelled_at", "cancelled_by", "method_before",
    "amount_before", "concerned_before",
)  # fmt: skip
"""`taken_date` is the business day on which `cashier` recorded the payment, at `taken_at`; `concerned_date` the one
that its `paid_at` lies in. `amount_before` is the money of it that counted before the event, 0 when none did."""

KEPT = (
    "bill_id", "taken_date", "taken_at", "concerned_date", "cashier", "payment_method", "amount", "applied", "paid_at",
    "payment_request_id", "cancelled_at", "cancelled_by",
)  # fmt: skip
LIVE = "LIVE"

PaymentEvent = PaymentRecorded | PaymentUpdated | PaymentCancelled | PaymentDeleted


def apply(before: Row | None, event: PaymentEvent, day: Day) -> Row:
    """The entry of a payment's event."""
    if isinstance(event, PaymentRecorded):
        return _recorded(event, day)
    assert before is not None, f"payment {event.payment_id} was never recorded before position {day.position}"
    lived = before["status"] == LIVE
    row = {name: before[name] for name in (*KEPT, "status")}
    row["method_before"] = before["payment_method"] if lived else None
    row["amount_before"] = before["amount"] if lived else 0
    row["concerned_before"] = before["concerned_date"] if lived else None
    match event:
        case PaymentUpdated():
            row["payment_method"] = event.payment_method
            row["amount"] = event.amount
            row["paid_at"] = event.paid_at
            row["concerned_date"] = day.concerned_by(event.paid_at)
        case PaymentCancelled():
            row |= {"status": "CANCELLED", "cancelled_at": event.timestamp, "cancelled_by": event.by}
        case PaymentDeleted():
            row["status"] = "DELETED"
    return row


def _recorded(event: PaymentRecorded, day: Day) -> Row:
    return {
        "bill_id": event.originator_id,
        "taken_date": day.business_date,
        "taken_at": event.timestamp,
        "concerned_date": day.concerned_by(event.paid_at),
        "cashier": event.by,
        "status": LIVE,
        "payment_method": event.payment_method,
        "amount": event.amount,
        "applied": event.applied,
        "paid_at": event.paid_at,
        "payment_request_id": event.payment_request_id,
        "cancelled_at": None,
        "cancelled_by": None,
        "method_before": None,
        "amount_before": 0,
        "concerned_before": None,
    }


def _key_of(event: LedgerEvent) -> str | None:
    return event.payment_id if isinstance(event, PaymentEvent) else None


PAYMENT_ENTRIES = EntryModel("payment_entries", 1, DEFINITION, COLUMNS, _key_of, apply)
