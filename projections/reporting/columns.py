"""Columns that several views have, and how they come by an amount's currency."""

from collections.abc import Sequence

from projections.entries import NEVER
from projections.reporting.view import BUSINESS_DAY, MOMENT, POSITION, TEXT, Column

ACCOMMODATION = Column("accommodation_id", TEXT, "The accommodation (hotel)")
FOLIO = Column("folio_id", TEXT, "The folio")
BILL = Column("bill_id", TEXT, "The bill")
CURRENCY = Column(
    "currency", TEXT, "ISO 4217 code of the currency of this row's amounts: that of the folio", "folio.currency"
)
ACTOR_MEANING = "Who did it: the PMS user, or the key when the request named nobody"
PAYMENT_METHOD = Column("payment_method", TEXT, "How it was paid, in the PMS's own code")
REQUEST_STATUSES = "REQUESTED, SENT, UNKNOWN, REFUSED, PAID, REFUNDED, DESTROYED or EXPIRED"
FLAGS_MEANING = (
    "What somebody should look at, joined by commas, empty when nothing: AMOUNT_DIFFERS, PAID_AFTER_END,"
    " BILL_CANCELLED, BILL_TRANSFERRED, BILL_DELETED"
)


def flags_of(alias: str) -> Column:
    """The flags of a payment request, as text."""
    listed = f"ARRAY(SELECT jsonb_array_elements_text({alias}.flags))"
    return Column("flags", TEXT, FLAGS_MEANING, f"array_to_string({listed}, ',')")


def entry_columns(subject: str, *events: str) -> Sequence[Column]:
    """The columns that each view of entries begins with; its entries are of such a subject and of these events."""
    return (
        Column("position", POSITION, "The position of the event in the log; no other row has it"),
        Column("business_date", BUSINESS_DAY, "The business day on which it was recorded"),
        ACCOMMODATION,
        FOLIO,
        Column(f"{subject}_id", TEXT, f"The {subject.replace('_', ' ')} that it happened to", "entry.subject"),
        Column("event", TEXT, f"What happened: {', '.join(events)}"),
        Column("recorded_at", MOMENT, "When it was recorded"),
        Column("actor", TEXT, ACTOR_MEANING),
        Column("reason", TEXT, "Why, if it was said; the hotel's own words"),
        CURRENCY,
    )


def with_currency(table: str, alias: str) -> str:
    """A table, and the folio whose currency its amounts have."""
    return f"read_model.{table} AS {alias} LEFT JOIN read_model.folios AS folio ON folio.folio_id = {alias}.folio_id"


def newest_entry(table: str, subject: str) -> str:
    """Joins the newest entry of a subject, for the business days that it knows."""
    from_table = f"read_model.{table} AS newest"
    return f" LEFT JOIN {from_table} ON newest.subject = {subject} AND newest.next_position = {NEVER}"
