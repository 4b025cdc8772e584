"""Views of bills: how each stands, and what each event did to it."""

from projections.reporting.columns import (
    ACCOMMODATION,
    FOLIO,
    entry_columns,
    newest_entry,
    with_currency,
)
from projections.reporting.view import AMOUNT, BUSINESS_DAY, COUNT, MOMENT, TEXT, Column, View

STATUSES = "OPEN, SETTLED (nothing is owed), TRANSFERRED, CANCELLED or DELETED"
CODE = Column("bill_code", TEXT, "The bill's code, as people call it")
RESERVATION = Column("reservation_id", TEXT, "The reservation that it is for, if it was said")

BILLS = View(
    "bills",
    "Bills as they stand now, a row for each. Bills that were cancelled, transferred or deleted are among them: see"
    " status.",
    (
        Column("bill_id", TEXT, "The bill; no other row has it", "bill.id"),
        Column("business_date", BUSINESS_DAY, "The business day on which it was added", "newest.added_date"),
        ACCOMMODATION,
        FOLIO,
        RESERVATION,
        CODE,
        Column("name", TEXT, "What it is for; the hotel's own words"),
        Column(
            "status", TEXT, f"{STATUSES}", "CASE WHEN bill.deleted_at IS NULL THEN bill.status ELSE 'DELETED' END"
        ),
        Column("currency", TEXT, "ISO 4217 code of the currency of this row's amounts"),
        Column("total_amount", AMOUNT, "What was charged"),
        Column("balance_amount", AMOUNT, "What is still owed; negative when more was paid than charged"),
        Column(
            "origin_bill_id", TEXT, "The bill that it was transferred or split from, if any",
            "bill.transfer_origin_bill_id",
        ),
        Column(
            "origin_folio_id", TEXT, "The folio that it was transferred from, if any", "bill.transfer_origin_folio_id"
        ),
        Column("created_at", MOMENT, "When it was added"),
        Column("created_by", TEXT, "Who added it"),
        Column("updated_at", MOMENT, "When anything last happened to it"),
        Column("cancelled_at", MOMENT, "When it was cancelled, if it was"),
        Column("cancelled_by", TEXT, "Who cancelled it"),
        Column("deleted_at", MOMENT, "When it was deleted, if it was"),
        Column("version", COUNT, "How many events it has had"),
    ),
    f"read_model.bills AS bill{newest_entry('bill_entries', 'bill.id')}",
)  # fmt: skip

BILL_ENTRIES = View(
    "bill_entries",
    "What each event did to a bill's balance, and how the bill stood after it. Effects add up: over all its events to"
    " the bill's balance, over the events of a business day to what changed on that day.",
    (
        *entry_columns(
            "bill", "bill.added", "bill.updated", "bill.cancelled", "bill.deleted", "bill.transferred", "bill.settled",
            "payment.recorded", "payment.updated", "payment.cancelled", "payment.deleted",
        ),
        CODE,
        Column("name", TEXT, "The bill's name after the event; the hotel's own words"),
        RESERVATION,
        Column("added_date", BUSINESS_DAY, "The business day on which the bill was added"),
        Column("origin_bill_id", TEXT, "The bill that it was transferred or split from, if any"),
        Column("status", TEXT, f"The bill's status after the event: {STATUSES}"),
        Column("total", AMOUNT, "The bill's total after the event"),
        Column("balance", AMOUNT, "What was owed on the bill after the event"),
        Column(
            "balance_effect", AMOUNT,
            "What the event added to the balance: charged - paid + transferred + settled + adjusted",
        ),
        Column("charged", AMOUNT, "What it charged; negative when a bill was lowered or cancelled"),
        Column("paid", AMOUNT, "What it took in payment from the balance; negative when a payment was undone"),
        Column("transferred", AMOUNT, "What came from another bill, or went to one (negative)"),
        Column("settled", AMOUNT, "What a settlement between two bills added to this one, or took off (negative)"),
        Column("adjusted", AMOUNT, "What no charge explains: a balance that the PMS stated"),
        Column("other_folio_id", TEXT, "The folio on the other side of a transfer or settlement"),
        Column("other_bill_id", TEXT, "The bill on the other side of a transfer or settlement"),
        Column("moved_total", AMOUNT, "What a transfer moved of the bill's total"),
    ),
    with_currency("bill_entries", "entry"),
)  # fmt: skip

VIEWS = (BILLS, BILL_ENTRIES)
