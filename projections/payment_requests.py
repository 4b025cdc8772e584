"""The read model of payment requests: a row per request, the guest sealed in it, and what is due of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from projections.read_model import ReadModel, Row, moment
from projections.reading import Answer, Freshness, Reader, Scope
from services.billing.event import LedgerEvent
from services.billing.views import View
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
from services.collection.views import guest_view

DEFINITION = """
    CREATE TABLE read_model.payment_requests (
        id                 text        PRIMARY KEY,
        bill_id            text        NOT NULL,
        folio_id           text        NOT NULL,
        accommodation_id   text        NOT NULL,
        amount             bigint      NOT NULL,
        status             text        NOT NULL,
        send_type          text        NOT NULL,
        expires_on         date        NOT NULL,
        url                text,
        guest              text        NOT NULL,
        product_name       text        NOT NULL,
        bill_issuer        text,
        requested_at       timestamptz NOT NULL,
        sent_at            timestamptz,
        paid_at            timestamptz,
        paid_amount        bigint,
        payment_id         text,
        resend_count       bigint      NOT NULL,
        points_spent       bigint      NOT NULL,
        flags              jsonb       NOT NULL,
        warnings           jsonb       NOT NULL,
        last_error         text,
        changed_at         timestamptz NOT NULL,
        version            bigint      NOT NULL,
        requested_position bigint      NOT NULL
    );
    CREATE INDEX payment_requests_of_bill ON read_model.payment_requests (bill_id, requested_position DESC);
    CREATE INDEX payment_requests_of_accommodation
        ON read_model.payment_requests (accommodation_id, requested_position DESC);
    CREATE INDEX payment_requests_open ON read_model.payment_requests (requested_position)
     WHERE status IN ('REQUESTED', 'UNKNOWN', 'SENT');
"""

COLUMNS = (
    "id", "bill_id", "folio_id", "accommodation_id", "amount", "status", "send_type", "expires_on", "url", "guest",
    "product_name", "bill_issuer", "requested_at", "sent_at", "paid_at", "paid_amount", "payment_id", "resend_count",
    "points_spent", "flags", "warnings", "last_error", "changed_at", "version", "requested_position",
)  # fmt: skip


def apply(row: Row | None, event: LedgerEvent, position: int) -> Row:
    """Change a request's row to what the event says."""
    if isinstance(event, PaymentRequested):
        row = _requested(event, position)
    assert row is not None, f"{event.originator_id} was never requested before position {position}"
    row["changed_at"] = event.timestamp
    row["version"] = event.originator_version
    row.update(CHANGES[type(event)](row, event))
    return row


def _requested(event: PaymentRequested, position: int) -> Row:
    asked = event.asked
    return {
        "id": event.originator_id,
        "bill_id": asked.bill_id,
        "folio_id": asked.folio_id,
        "accommodation_id": asked.accommodation_id,
        "amount": asked.amount,
        "status": "REQUESTED",
        "send_type": asked.send_type,
        "expires_on": asked.expires_on,
        "url": None,
        "guest": asked.guest,
        "product_name": asked.product_name,
        "bill_issuer": asked.bill_issuer,
        "requested_at": event.timestamp,
        "sent_at": None,
        "paid_at": None,
        "paid_amount": None,
        "payment_id": None,
        "resend_count": 0,
        "points_spent": 0,
        "flags": [],
        "warnings": list(asked.warnings),
        "last_error": None,
        "requested_position": position,
    }


def _sent(row: Row, event: PaymentRequestSent) -> Row:
    points = row["points_spent"] + event.points
    sent = {"url": event.url, "sent_at": event.timestamp, "points_spent": points}
    return sent | ({"status": "SENT", "last_error": None} if row["status"] in OPEN_STATUSES else {})


def _resent(row: Row, event: PaymentRequestResent) -> Row:
    points = row["points_spent"] + event.points
    return {"resend_count": row["resend_count"] + 1, "points_spent": points, "last_error": event.doubt}


def _paid(_: Row, event: PaymentRequestPaid) -> Row:
    receipt = event.receipt
    paid = {"paid_at": receipt.paid_at, "paid_amount": receipt.amount, "payment_id": event.payment_id}
    return {"status": "PAID", **paid, "flags": list(event.flags), "last_error": None}


CHANGES: dict[type[LedgerEvent], Callable[[Row, Any], Row]] = {
    PaymentRequested: lambda row, event: {},
    PaymentRequestSent: _sent,
    PaymentRequestUnknown: lambda row, event: {"status": "UNKNOWN", "last_error": event.why},
    PaymentRequestRefused: lambda row, event: {"status": "REFUSED", "last_error": f"{event.code}: {event.message}"},
    PaymentRequestResent: _resent,
    PaymentRequestPaid: _paid,
    PaymentRequestRefunded: lambda row, event: {"status": "REFUNDED"},
    PaymentRequestDestroyed: lambda row, event: {"status": "DESTROYED"},
    PaymentRequestExpired: lambda row, event: {"status": "EXPIRED"},
}


def _key_of(event: LedgerEvent) -> str | None:
    return event.originator_id if type(event) in CHANGES else None


PAYMENT_REQUESTS = ReadModel("payment_requests", 1, DEFINITION, COLUMNS, _key_of, apply)

VISIBLE = "(%(accommodations)s::text[] IS NULL OR accommodation_id = ANY(%(accommodations)s))"
WITH_REASON = """
    SELECT request.*, (SELECT reason FROM collection.agenda WHERE request_id = request.id) AS waits_because
      FROM read_model.payment_requests AS request
"""
SELECT_REQUEST = f"{WITH_REASON} WHERE id = %(id)s AND {VISIBLE}"
SELECT_REQUESTS = f"""
    {WITH_REASON}
     WHERE (%(accommodation_id)s::text IS NULL OR accommodation_id = %(accommodation_id)s)
       AND (%(bill_id)s::text IS NULL OR bill_id = %(bill_id)s) AND {VISIBLE}
       AND (%(status)s::text IS NULL OR status = %(status)s)
       AND (%(before)s::bigint IS NULL OR requested_position < %(before)s)
     ORDER BY requested_position DESC LIMIT %(limit)s
"""
SELECT_OF_BILLS = f"""
    {WITH_REASON}
     WHERE bill_id = ANY(%(bill_ids)s) AND {VISIBLE}
     ORDER BY requested_position DESC
"""
SELECT_DUE = """
    SELECT id, attempts FROM (
        SELECT request.id, request.status, agenda.attempts, agenda.next_at AS due_at, request.requested_position
          FROM collection.agenda JOIN read_model.payment_requests AS request ON request.id = agenda.request_id
         WHERE agenda.next_at <= now()
        UNION ALL
        SELECT request.id, request.status, 0, request.requested_at, request.requested_position
          FROM read_model.payment_requests AS request
         WHERE request.status IN ('REQUESTED', 'UNKNOWN', 'SENT')
           AND NOT EXISTS (SELECT FROM collection.agenda WHERE agenda.request_id = request.id)
    ) AS found
     ORDER BY status IN ('REQUESTED', 'UNKNOWN') DESC, due_at, requested_position LIMIT %(limit)s
"""
SELECT_WATCHED = """
    SELECT id FROM read_model.payment_requests
     WHERE status IN ('REQUESTED', 'UNKNOWN', 'SENT')
        OR (status IN ('PAID', 'DESTROYED', 'EXPIRED') AND changed_at > now() - interval '30 days')
     ORDER BY requested_position
"""
"""What may still change at the provider; beside the agenda, which may have been lost."""


@dataclass(frozen=True)
class RequestFilter:
    """Which requests, None for any; `before` is the position that a page starts below."""

    accommodation_id: str | None = None
    bill_id: str | None = None
    status: str | None = None
    before: int | None = None


def view_of_row(row: Row) -> View:
    """A payment request as every interface shows it; the guest still sealed."""
    return {
        "id": row["id"],
        "billId": row["bill_id"],
        "folioId": row["folio_id"],
        "accommodationId": row["accommodation_id"],
        "amount": row["amount"],
        "status": row["status"],
        "sendType": row["send_type"],
        "expiresOn": date.fromisoformat(row["expires_on"]),
        "url": row["url"],
        "guest": guest_view(row["folio_id"], row["guest"]),
        "productName": row["product_name"],
        "billIssuer": row["bill_issuer"],
        "requestedAt": moment(row["requested_at"]),
        "sentAt": moment(row["sent_at"]),
        "paidAt": moment(row["paid_at"]),
        "paidAmount": row["paid_amount"],
        "paymentId": row["payment_id"],
        "resendCount": row["resend_count"],
        "pointsSpent": row["points_spent"],
        "flags": row["flags"],
        "warnings": row["warnings"],
        "lastError": row["last_error"] or row["waits_because"],
        "version": row["version"],
    }


async def find_payment_request(reader: Reader, request_id: str, sees: Scope, freshness: Freshness) -> Answer:
    """One request or none, as views. Raises NotCaughtUp, StoreUnavailable."""
    answer = await reader.find(SELECT_REQUEST, {"id": request_id, "accommodations": sees}, freshness)
    return answer.map(view_of_row)


async def list_payment_requests(
    reader: Reader, wanted: RequestFilter, limit: int, sees: Scope, freshness: Freshness
) -> Answer:
    """Requests as rows, newest first, with their `requested_position`. Raises NotCaughtUp, StoreUnavailable."""
    return await reader.query(SELECT_REQUESTS, {"accommodations": sees, "limit": limit, **vars(wanted)}, freshness)


async def requests_of_bills(reader: Reader, bill_ids: Sequence[str], sees: Scope, freshness: Freshness) -> Answer:
    """All requests of these bills as views, newest first. Raises NotCaughtUp, StoreUnavailable."""
    answer = await reader.query(SELECT_OF_BILLS, {"bill_ids": list(bill_ids), "accommodations": sees}, freshness)
    return answer.map(view_of_row)


async def due_requests(reader: Reader, limit: int) -> Sequence[tuple[str, int]]:
    """Ids and failed attempts of the requests whose time has come. Raises NotCaughtUp, StoreUnavailable."""
    answer = await reader.query(SELECT_DUE, {"limit": limit}, Freshness())
    return [(row["id"], row["attempts"]) for row in answer.rows]


async def watched_requests(reader: Reader) -> Sequence[str]:
    """Ids of all requests that may still change at the provider. Raises NotCaughtUp, StoreUnavailable."""
    answer = await reader.query(SELECT_WATCHED, {}, Freshness())
    return [row["id"] for row in answer.rows]
