"""Events of payment requests as every interface shows them: what is named here, and nothing else of them.

Evidence stays inside: a digest of a reply that held a guest's name and phone could be guessed by who knows the rest.
"""

from collections.abc import Mapping

from services.billing.event import LedgerEvent
from services.billing.event_views import MASK, EventView
from services.billing.views import View
from services.collection.payment_request import (
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


def _request(event: LedgerEvent) -> View:
    return {"paymentRequestId": event.originator_id}


def _requested(event: PaymentRequested) -> View:
    asked = event.asked
    return {
        **_request(event),
        "billId": asked.bill_id,
        "folioId": asked.folio_id,
        "accommodationId": asked.accommodation_id,
        "amount": asked.amount,
        "sendType": asked.send_type,
        "productName": asked.product_name,
        "billIssuer": asked.bill_issuer,
        "expiresOn": asked.expires_on,
        "guest": MASK,
        "merchant": {"member": asked.merchant.member, "merchant": asked.merchant.merchant},
        "warnings": list(asked.warnings),
    }


def _refused(event: PaymentRequestRefused) -> View:
    return {**_request(event), "code": event.code, "message": event.message, "noPoints": event.no_points}


def _paid(event: PaymentRequestPaid) -> View:
    receipt = event.receipt
    return {
        **_request(event),
        "paymentId": event.payment_id,
        "paidAmount": receipt.amount,
        "paidAt": receipt.paid_at,
        "paymentMethod": receipt.payment_method,
        "payType": receipt.pay_type,
        "issuer": receipt.issuer,
        "approvalNumber": receipt.approval_number,
        "flags": list(event.flags),
    }


EVENT_VIEWS: Mapping[type[LedgerEvent], EventView] = {
    PaymentRequested: _requested,
    PaymentRequestSent: lambda event: {**_request(event), "url": event.url, "points": event.points},
    PaymentRequestUnknown: lambda event: {**_request(event), "why": event.why},
    PaymentRequestRefused: _refused,
    PaymentRequestResent: lambda event: {**_request(event), "points": event.points, "doubt": event.doubt},
    PaymentRequestPaid: _paid,
    PaymentRequestRefunded: _request,
    PaymentRequestDestroyed: _request,
    PaymentRequestExpired: _request,
}
