"""Views of payment requests: how each stands, and what each event did. Nothing here tells who the guest is."""

from projections.reporting.columns import (
    ACCOMMODATION,
    BILL,
    CURRENCY,
    FOLIO,
    REQUEST_STATUSES,
    entry_columns,
    flags_of,
    newest_entry,
    with_currency,
)
from projections.reporting.view import AMOUNT, BUSINESS_DAY, COUNT, DATE, MOMENT, POINTS, TEXT, Column, View

SENT_AT = Column("sent_at", MOMENT, "When it was sent to the guest, if it was")
PAID_AT = Column("paid_at", MOMENT, "When the guest paid, as the provider says")
PAID_AMOUNT = Column("paid_amount", AMOUNT, "What the guest paid")
PAYMENT = Column("payment_id", TEXT, "The payment that it led to")
EXPIRES_ON = Column("expires_on", DATE, "The last day on which the guest can pay")
PAID_DATE_MEANING = "The business day on which it was learned to be paid"

PAYMENT_REQUESTS = View(
    "payment_requests",
    "Requests for payment by the guest's phone as they stand now, a row for each.",
    (
        Column("payment_request_id", TEXT, "The payment request; no other row has it", "request.id"),
        Column("business_date", BUSINESS_DAY, "The business day on which it was asked for", "newest.requested_date"),
        Column("sent_date", BUSINESS_DAY, "The business day on which it was sent", "newest.sent_date"),
        Column("paid_date", BUSINESS_DAY, PAID_DATE_MEANING, "newest.paid_date"),
        ACCOMMODATION,
        FOLIO,
        BILL,
        Column("status", TEXT, REQUEST_STATUSES),
        CURRENCY,
        Column("amount", AMOUNT, "What was asked for"),
        PAID_AMOUNT,
        PAYMENT,
        Column("send_type", TEXT, "How it is sent, in the provider's word"),
        EXPIRES_ON,
        Column("requested_at", MOMENT, "When it was asked for"),
        SENT_AT,
        PAID_AT,
        Column("changed_at", MOMENT, "When anything last happened to it"),
        Column("resend_count", COUNT, "How often it was sent again"),
        Column("points_spent", POINTS, "What sending it has cost"),
        flags_of("request"),
    ),
    with_currency("payment_requests", "request") + newest_entry("request_entries", "request.id"),
)

REQUEST_ENTRIES = View(
    "request_entries",
    "What each event did to a payment request, and how the request stood after it.",
    (
        *entry_columns(
            "payment_request",
            *(
                f"payment_request.{what}"
                for what in (
                    "requested", "sent", "unknown", "refused", "resent", "paid", "refunded", "destroyed", "expired",
                )
            ),
        ),
        BILL,
        Column("requested_date", BUSINESS_DAY, "The business day on which it was asked for"),
        Column("sent_date", BUSINESS_DAY, "The business day on which it was sent"),
        Column("paid_date", BUSINESS_DAY, PAID_DATE_MEANING),
        Column("status", TEXT, f"Its status after the event: {REQUEST_STATUSES}"),
        Column("amount", AMOUNT, "What was asked for"),
        PAID_AMOUNT,
        PAYMENT,
        EXPIRES_ON,
        Column("requested_at", MOMENT, "When it was asked for"),
        SENT_AT,
        PAID_AT,
        Column("points", POINTS, "What the event cost"),
        flags_of("entry"),
    ),
    with_currency("request_entries", "entry"),
)  # fmt: skip

VIEWS = (PAYMENT_REQUESTS, REQUEST_ENTRIES)
