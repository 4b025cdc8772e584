"""The read model of payments: a row per payment, so that one is found without its bill."""

from projections.read_model import ReadModel, Row, moment
from projections.reading import Answer, Freshness, Reader, Scope
from services.billing.event import LedgerEvent
from services.billing.payment import PaymentCancelled, PaymentDeleted, PaymentRecorded, PaymentUpdated
from services.billing.views import View, accounts_view, payment_view

DEFINITION = """
    CREATE TABLE read_model.payments (
        id                text        PRIMARY KEY,
        bill_id           text        NOT NULL,
        folio_id          text        NOT NULL,
        accommodation_id  text        NOT NULL,
        payment_method    text        NOT NULL,
        amount            bigint      NOT NULL,
        applied           boolean     NOT NULL,
        paid_at           timestamptz NOT NULL,
        paid_by           text        NOT NULL,
        cancelled_at      timestamptz,
        cancelled_by      text,
        deleted_at        timestamptz,
        virtual_accounts  jsonb,
        payment_request_id text,
        recorded_position bigint      NOT NULL
    );
    CREATE INDEX payments_of_bill ON read_model.payments (bill_id, recorded_position);
    CREATE INDEX payments_of_accommodation ON read_model.payments (accommodation_id, paid_at);
"""

COLUMNS = (
    "id", "bill_id", "folio_id", "accommodation_id", "payment_method", "amount", "applied", "paid_at", "paid_by",
    "cancelled_at", "cancelled_by", "deleted_at", "virtual_accounts", "payment_request_id", "recorded_position",
)  # fmt: skip

PaymentEvent = PaymentRecorded | PaymentUpdated | PaymentCancelled | PaymentDeleted


def apply(row: Row | None, event: PaymentEvent, position: int) -> Row:
    """Change a payment's row to what the event says."""
    if isinstance(event, PaymentRecorded):
        row = _recorded(event, position)
    assert row is not None, f"payment {event.payment_id} was never recorded before position {position}"
    match event:
        case PaymentUpdated():
            row["payment_method"] = event.payment_method
            row["amount"] = event.amount
            row["paid_at"] = event.paid_at
            row["virtual_accounts"] = accounts_view(event.folio_id, event.virtual_accounts)
        case PaymentCancelled():
            row["cancelled_at"] = event.timestamp
            row["cancelled_by"] = event.by
        case PaymentDeleted():
            row["deleted_at"] = event.timestamp
    return row


def _recorded(event: PaymentRecorded, position: int) -> Row:
    view = payment_view(event.originator_id, event.folio_id, event.payment)
    return {
        "id": event.payment_id,
        "bill_id": event.originator_id,
        "folio_id": event.folio_id,
        "accommodation_id": event.accommodation_id,
        "payment_method": event.payment_method,
        "amount": event.amount,
        "applied": event.applied,
        "paid_at": event.paid_at,
        "paid_by": event.by,
        "cancelled_at": None,
        "cancelled_by": None,
        "deleted_at": None,
        "virtual_accounts": view["virtualAccounts"],
        "payment_request_id": event.payment_request_id,
        "recorded_position": position,
    }


def _key_of(event: LedgerEvent) -> str | None:
    return event.payment_id if isinstance(event, PaymentEvent) else None


PAYMENTS = ReadModel("payments", 1, DEFINITION, COLUMNS, _key_of, apply)


VISIBLE = """
    payment.deleted_at IS NULL AND bill.deleted_at IS NULL
    AND (%(accommodations)s::text[] IS NULL OR payment.accommodation_id = ANY(%(accommodations)s))
"""
SELECT_PAYMENT = f"""
    SELECT payment.*, bill.version AS current_bill_version
      FROM read_model.payments AS payment JOIN read_model.bills AS bill ON bill.id = payment.bill_id
     WHERE payment.id = %(id)s AND {VISIBLE}
"""
SELECT_OF_BILL = """
    SELECT bill.version, bill.folio_id,
           (SELECT coalesce(jsonb_agg(to_jsonb(page) ORDER BY page.recorded_position), '[]'::jsonb)
              FROM (SELECT * FROM read_model.payments AS payment
                     WHERE payment.bill_id = bill.id AND payment.deleted_at IS NULL
                       AND payment.recorded_position > %(after)s
                     ORDER BY payment.recorded_position LIMIT %(limit)s) AS page) AS payments
      FROM read_model.bills AS bill
     WHERE bill.id = %(bill_id)s AND bill.deleted_at IS NULL
       AND (%(accommodations)s::text[] IS NULL OR bill.accommodation_id = ANY(%(accommodations)s))
"""


def view_of_row(row: Row) -> View:
    """A payment as every interface shows it."""
    return {
        "id": row["id"],
        "billId": row["bill_id"],
        "paymentMethod": row["payment_method"],
        "amount": row["amount"],
        "appliedToBalance": row["applied"],
        "paidAt": moment(row["paid_at"]),
        "paidBy": row["paid_by"],
        "cancelledAt": moment(row["cancelled_at"]),
        "cancelledBy": row["cancelled_by"],
        "virtualAccounts": row["virtual_accounts"],
        "paymentRequestId": row["payment_request_id"],
    }


async def find_payment(reader: Reader, payment_id: str, sees: Scope, freshness: Freshness) -> Answer:
    """One payment or none, as a row with `current_bill_version`. Raises NotCaughtUp, StoreUnavailable."""
    return await reader.find(SELECT_PAYMENT, {"id": payment_id, "accommodations": sees}, freshness)


async def payments_of_bill(
    reader: Reader, bill_id: str, after: int, limit: int, sees: Scope, freshness: Freshness
) -> Answer:
    """A bill's `version` and its `payments` as rows, those recorded after a position; no row without the bill.

    Raises NotCaughtUp, StoreUnavailable.
    """
    parameters = {"bill_id": bill_id, "after": after, "limit": limit, "accommodations": sees}
    return await reader.find(SELECT_OF_BILL, parameters, freshness)
