"""Views of payments: how each stands, and what each event did to the money taken."""

from projections.entries import NEVER
from projections.reporting.columns import (
    ACCOMMODATION,
    BILL,
    CURRENCY,
    FOLIO,
    PAYMENT_METHOD,
    entry_columns,
    with_currency,
)
from projections.reporting.view import AMOUNT, BUSINESS_DAY, FLAG, MOMENT, TEXT, Column, View

STATUSES = "LIVE, CANCELLED or DELETED; only LIVE money counts"
CONCERNED = Column("concerned_date", BUSINESS_DAY, "The business day that paid_at lies in")
CASHIER = Column("cashier", TEXT, "Who recorded the payment")
APPLIED = Column("applied", FLAG, "Whether the payment counts against the bill's balance")
PAID_AT = Column("paid_at", MOMENT, "When the guest paid, as corrected")
REQUEST = Column("payment_request_id", TEXT, "The payment request that it answers, if any")

PAYMENTS = View(
    "payments",
    "Payments as they stand now, a row for each. Payments that were cancelled or deleted are among them: see status.",
    (
        Column("payment_id", TEXT, "The payment; no other row has it", "payment.subject"),
        Column("business_date", BUSINESS_DAY, "The business day on which it was recorded", "payment.taken_date"),
        CONCERNED,
        ACCOMMODATION,
        FOLIO,
        BILL,
        Column("status", TEXT, STATUSES),
        PAYMENT_METHOD,
        CURRENCY,
        Column("amount", AMOUNT, "What was paid, whatever became of it: see status"),
        APPLIED,
        CASHIER,
        PAID_AT,
        Column("recorded_at", MOMENT, "When it was recorded", "payment.taken_at"),
        REQUEST,
        Column("cancelled_at", MOMENT, "When it was cancelled, if it was"),
        Column("cancelled_by", TEXT, "Who cancelled it"),
    ),
    f"{with_currency('payment_entries', 'payment')} WHERE payment.next_position = {NEVER}",
)

PAYMENT_ENTRIES = View(
    "payment_entries",
    "What each event did to the money taken, and how the payment stood after it. Effects add up: over all its events"
    " to the money of a payment that counts, over the events of a business day to what was taken on that day.",
    (
        *entry_columns("payment", "payment.recorded", "payment.updated", "payment.cancelled", "payment.deleted"),
        BILL,
        Column("taken_date", BUSINESS_DAY, "The business day on which the payment was recorded"),
        Column("concerned_date", BUSINESS_DAY, "The business day that paid_at lies in, after the event"),
        CASHIER,
        Column("status", TEXT, f"After the event: {STATUSES}"),
        Column("payment_method", TEXT, "How it was paid, in the PMS's own code, after the event"),
        Column("amount", AMOUNT, "The payment's amount after the event, whatever became of it: see status"),
        Column(
            "amount_effect", AMOUNT, "What the event added to the money that counts, or took off (negative)",
            "CASE entry.status WHEN 'LIVE' THEN entry.amount ELSE 0 END - entry.amount_before",
        ),
        APPLIED,
        PAID_AT,
        REQUEST,
        Column(
            "method_before", TEXT, "How it was paid before the event; null when it did not count then"
        ),
        Column("amount_before", AMOUNT, "The money of it that counted before the event"),
        Column(
            "concerned_before", BUSINESS_DAY,
            "The business day that it concerned before the event; null when it did not count then",
        ),
    ),
    with_currency("payment_entries", "entry"),
)  # fmt: skip

VIEWS = (PAYMENTS, PAYMENT_ENTRIES)
