"""The provider's word on a bill, and what it changes here."""

import hashlib
from collections.abc import Callable

from services.billing.work import Work
from services.collection import commands
from services.collection.payment_request import Evidence, PaymentRequest, Receipt
from services.collection.provider import ProviderBill

Decide = Callable[[Work], PaymentRequest]


def decision_on(request_id: str, bill: ProviderBill, evidence: Evidence, points: int) -> Decide:
    """What the provider's word on a bill changes here; a bill that it knows was sent, for these points."""

    def decide(work: Work) -> PaymentRequest:
        request = commands.note_sent(work, request_id, bill.url, points)
        match bill.state:
            case "UNPAID":
                return request
            case "DESTROYED":
                return commands.note_destroyed(work, request_id, evidence)
            case "PAID":
                return commands.note_paid(work, request_id, _receipt(work, bill), evidence)
            case "REFUNDED":
                if bill.amount is not None:  # money that came and went is written down as both
                    commands.note_paid(work, request_id, _receipt(work, bill), evidence)
                return commands.note_refunded(work, request_id, evidence)

    return decide


def evidence_of(bill: ProviderBill, callback: str | None = None) -> Evidence:
    """The digest of the provider's reply, and that of the callback which led to it."""
    return Evidence(hashlib.sha256(bill.raw).hexdigest(), callback)


def _receipt(work: Work, bill: ProviderBill) -> Receipt:
    assert bill.amount is not None, "a paid bill without an amount is no answer"
    return Receipt(
        amount=bill.amount,
        paid_at=bill.paid_at or work.now,
        payment_method=bill.payment_method,
        pay_type=bill.pay_type,
        issuer=bill.issuer,
        approval_number=bill.approval_number,
    )
