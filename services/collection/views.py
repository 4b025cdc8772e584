"""Payment requests as every interface shows them; the guest stays sealed until the answer leaves."""

from datetime import datetime
from typing import Any

from services.billing.views import View
from services.collection.payment_request import PaymentRequest


def request_view(request: PaymentRequest) -> View:
    """One payment request. `guest` holds what is needed to show it masked."""
    asked, receipt = request.asked, request.receipt
    return {
        "id": request.id,
        "billId": asked.bill_id,
        "folioId": asked.folio_id,
        "accommodationId": asked.accommodation_id,
        "amount": asked.amount,
        "status": request.status,
        "sendType": asked.send_type,
        "expiresOn": asked.expires_on,
        "url": request.url,
        "guest": guest_view(asked.folio_id, asked.guest),
        "productName": asked.product_name,
        "billIssuer": asked.bill_issuer,
        "requestedAt": request.created_on,
        "sentAt": request.sent_at,
        "paidAt": _paid_at(request),
        "paidAmount": None if receipt is None else receipt.amount,
        "paymentId": request.payment_id,
        "resendCount": request.resend_count,
        "pointsSpent": request.points_spent,
        "flags": list(request.flags),
        "warnings": list(asked.warnings),
        "lastError": request.last_error,
        "version": request.version,
    }


def guest_view(folio_id: str, sealed: str) -> dict[str, Any]:
    """The guest, sealed, with what is needed to open it."""
    return {"sealed": sealed, "folioId": folio_id}


def _paid_at(request: PaymentRequest) -> datetime | None:
    return None if request.receipt is None else request.receipt.paid_at
