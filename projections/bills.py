"""The read model of bills: a row per bill, with its payments and settlements inside, as queries show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from projections.read_model import ReadModel, Row, moment
from projections.reading import Answer, Freshness, Reader, Scope
from services.billing.bill import BillAdded, BillDeleted, BillUpdated, Cancelled
from services.billing.event import BillEvent, LedgerEvent
from services.billing.payment import PaymentCancelled, PaymentDeleted, PaymentRecorded, PaymentUpdated
from services.billing.settlement import Settled
from services.billing.transfer import BillTransferred
from services.billing.views import View, accounts_view, payment_view, settlement_view

DEFINITION = """
    CREATE TABLE read_model.bills (
        id                        text        PRIMARY KEY,
        bill_code                 text        NOT NULL,
        accommodation_id          text        NOT NULL,
        folio_id                  text        NOT NULL,
        reservation_id            text,
        name                      text        NOT NULL,
        total_amount              bigint      NOT NULL,
        balance_amount            bigint      NOT NULL,
        currency                  text        NOT NULL,
        status                    text        NOT NULL,
        transfer_origin_folio_id  text,
        transfer_origin_bill_id   text,
        origin_rate_snapshot      text,
        origin_inclusion_snapshot text,
        payments                  jsonb       NOT NULL,
        settlements_made          jsonb       NOT NULL,
        settlements_received      jsonb       NOT NULL,
        created_at                timestamptz NOT NULL,
        created_by                text        NOT NULL,
        updated_at                timestamptz NOT NULL,
        cancelled_at              timestamptz,
        cancelled_by              text,
        deleted_at                timestamptz,
        version                   bigint      NOT NULL,
        added_position            bigint      NOT NULL
    );
    CREATE INDEX bills_of_accommodation ON read_model.bills (accommodation_id, added_position DESC);
    CREATE INDEX bills_of_folio ON read_model.bills (folio_id, added_position);
"""

COLUMNS = (
    "id", "bill_code", "accommodation_id", "folio_id", "reservation_id", "name", "total_amount", "balance_amount",
    "currency", "status", "transfer_origin_folio_id", "transfer_origin_bill_id", "origin_rate_snapshot",
    "origin_inclusion_snapshot", "payments", "settlements_made", "settlements_received", "created_at", "created_by",
    "updated_at", "cancelled_at", "cancelled_by", "deleted_at", "version", "added_position",
)  # fmt: skip


def apply(row: Row | None, event: BillEvent, position: int) -> Row:
    """Change a bill's row to what the event says."""
    if isinstance(event, BillAdded):
        row = _added(event, position)
    assert row is not None, f"{event.originator_id} has no bill.added before position {position}"
    row["balance_amount"] += event.balance_effect
    row["updated_at"] = event.timestamp
    row["version"] = event.originator_version
    change = CHANGES.get(type(event))
    if change is not None:
        change(row, event)
    if row["status"] in {"OPEN", "SETTLED"}:
        row["status"] = "SETTLED" if row["balance_amount"] == 0 else "OPEN"
    return row


def _added(event: BillAdded, position: int) -> Row:
    return {
        "id": event.originator_id,
        "bill_code": event.bill_code,
        "accommodation_id": event.accommodation_id,
        "folio_id": event.folio_id,
        "reservation_id": event.reservation_id,
        "name": event.name,
        "total_amount": event.total_amount,
        "balance_amount": 0,
        "currency": event.currency,
        "status": "OPEN",
        "transfer_origin_folio_id": event.transfer_origin_folio_id,
        "transfer_origin_bill_id": event.transfer_origin_bill_id,
        "origin_rate_snapshot": event.origin_rate_snapshot,
        "origin_inclusion_snapshot": event.origin_inclusion_snapshot,
        "payments": [],
        "settlements_made": [],
        "settlements_received": [],
        "created_at": event.timestamp,
        "created_by": event.by,
        "cancelled_at": None,
        "cancelled_by": None,
        "deleted_at": None,
        "added_position": position,
    }


def _updated(row: Row, event: BillUpdated) -> None:
    row["name"] = event.name
    row["total_amount"] = event.total_amount


def _cancelled(row: Row, event: Cancelled) -> None:
    row["status"] = "CANCELLED"
    row["cancelled_at"] = event.timestamp
    row["cancelled_by"] = event.by


def _deleted(row: Row, event: BillDeleted) -> None:
    row["deleted_at"] = event.timestamp


def _transferred(row: Row, event: BillTransferred) -> None:
    if event.to_bill_id == event.originator_id:
        row["reservation_id"] = event.to_reservation_id
    elif event.whole:
        row["status"] = "TRANSFERRED"
    else:
        row["total_amount"] -= event.moved_total


def _settled(row: Row, event: Settled) -> None:
    side = "settlements_made" if event.on_paying_bill else "settlements_received"
    row[side] = [*row[side], settlement_view(event.settlement)]


def _payment_recorded(row: Row, event: PaymentRecorded) -> None:
    view = payment_view(event.originator_id, event.folio_id, event.payment)
    row["payments"] = [*row["payments"], view]


def _payment_updated(row: Row, event: PaymentUpdated) -> None:
    _change_payment(
        row,
        event.payment_id,
        paymentMethod=event.payment_method,
        amount=event.amount,
        paidAt=event.paid_at,
        virtualAccounts=accounts_view(event.folio_id, event.virtual_accounts),
    )


def _payment_cancelled(row: Row, event: PaymentCancelled) -> None:
    _change_payment(row, event.payment_id, cancelledAt=event.timestamp, cancelledBy=event.by)


def _payment_deleted(row: Row, event: PaymentDeleted) -> None:
    row["payments"] = [payment for payment in row["payments"] if payment["id"] != event.payment_id]


def _change_payment(row: Row, payment_id: str, **changes: Any) -> None:
    row["payments"] = [
        {**payment, **changes} if payment["id"] == payment_id else payment for payment in row["payments"]
    ]


CHANGES: dict[type[BillEvent], Any] = {
    BillUpdated: _updated,
    Cancelled: _cancelled,
    BillDeleted: _deleted,
    BillTransferred: _transferred,
    Settled: _settled,
    PaymentRecorded: _payment_recorded,
    PaymentUpdated: _payment_updated,
    PaymentCancelled: _payment_cancelled,
    PaymentDeleted: _payment_deleted,
}


def _key_of(event: LedgerEvent) -> str | None:
    return event.originator_id if isinstance(event, BillEvent) else None


BILLS = ReadModel("bills", 1, DEFINITION, COLUMNS, _key_of, apply)


def _camel(column: str) -> str:
    first, *rest = column.split("_")
    return first + "".join(word.title() for word in rest)


VISIBLE = "deleted_at IS NULL AND (%(accommodations)s::text[] IS NULL OR accommodation_id = ANY(%(accommodations)s))"
SELECT_BILL = f"SELECT * FROM read_model.bills WHERE id = %(id)s AND {VISIBLE}"
SELECT_BILLS = f"SELECT * FROM read_model.bills WHERE id = ANY(%(ids)s) AND {VISIBLE}"
SELECT_OF_ACCOMMODATION = f"""
    SELECT * FROM read_model.bills
     WHERE accommodation_id = %(accommodation_id)s AND {VISIBLE}
       AND (%(before)s::bigint IS NULL OR added_position < %(before)s)
       AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
       AND (%(reservation_id)s::text IS NULL OR reservation_id = %(reservation_id)s)
       AND (%(status)s::text IS NULL OR status = %(status)s)
       AND (%(updated_since)s::timestamptz IS NULL OR updated_at >= %(updated_since)s)
     ORDER BY added_position DESC LIMIT %(limit)s
"""
TIMES = ("created_at", "updated_at", "cancelled_at")
HIDDEN = {"deleted_at", "added_position"}
VIEW_NAMES = {column: _camel(column) for column in COLUMNS if column not in HIDDEN}
PAYMENT_MEMBERS = (
    "id",
    "billId",
    "paymentMethod",
    "amount",
    "appliedToBalance",
    "paidAt",
    "paidBy",
    "cancelledAt",
    "cancelledBy",
    "virtualAccounts",
    "paymentRequestId",
)
SETTLEMENT_MEMBERS = ("paymentBillId", "targetBillId", "settledAmount", "settledAt", "settledBy")
PARTS = (
    ("payments", PAYMENT_MEMBERS, itemgetter(*PAYMENT_MEMBERS)),
    ("settlements_made", SETTLEMENT_MEMBERS, itemgetter(*SETTLEMENT_MEMBERS)),
    ("settlements_received", SETTLEMENT_MEMBERS, itemgetter(*SETTLEMENT_MEMBERS)),
)  # fmt: skip
"""jsonb keeps members in an order of its own; shown they are in that of the interface, as the past is, to the byte."""


@dataclass(frozen=True)
class BillFilter:
    """Which bills of an accommodation, None for any; `before` is the position that a page starts below."""

    folio_id: str | None = None
    reservation_id: str | None = None
    status: str | None = None
    updated_since: datetime | None = None
    before: int | None = None


def view_of_row(row: Row) -> View:
    """A bill as every interface shows it."""
    for column in TIMES:
        row[column] = moment(row[column])
    for column, members, values_of in PARTS:
        row[column] = [dict(zip(members, values_of(part), strict=True)) for part in row[column]]
    return {name: row[column] for column, name in VIEW_NAMES.items()}


async def find_bill(reader: Reader, bill_id: str, sees: Scope, freshness: Freshness) -> Answer:
    """One bill or none, as views. Raises NotCaughtUp, StoreUnavailable."""
    answer = await reader.find(SELECT_BILL, {"id": bill_id, "accommodations": sees}, freshness, stream=bill_id)
    return answer.map(view_of_row)


async def bills_by_id(reader: Reader, ids: Sequence[str], sees: Scope, freshness: Freshness) -> Answer:
    """Those of these bills that there are, as views, in no order. Raises NotCaughtUp, StoreUnavailable."""
    answer = await reader.query(SELECT_BILLS, {"ids": list(ids), "accommodations": sees}, freshness)
    return answer.map(view_of_row)


async def bills_of_accommodation(
    reader: Reader, accommodation_id: str, wanted: BillFilter, limit: int, sees: Scope, freshness: Freshness
) -> Answer:
    """Bills as rows, newest first, with their `added_position` for the next page. Raises NotCaughtUp."""
    parameters = {"accommodation_id": accommodation_id, "accommodations": sees, "limit": limit, **vars(wanted)}
    return await reader.query(SELECT_OF_ACCOMMODATION, parameters, freshness)
