"""Bills, payments, settlements as every interface shows them: names as in the interface, absent values None.

Sealed personal data stays sealed here; whoever answers a caller opens it last.
"""

from typing import Any

from services.billing.accommodation import Accommodation, Settings
from services.billing.bill import Bill
from services.billing.folio import Folio
from services.billing.payment import Payment, VirtualAccount
from services.billing.settlement import Settlement

View = dict[str, Any]


def accounts_view(folio_id: str, accounts: tuple[VirtualAccount, ...]) -> list[View] | None:
    """The virtual accounts, each with what is needed to open it."""
    if not accounts:
        return None
    return [{"bankCode": account.bank_code, "sealed": account.sealed, "folioId": folio_id} for account in accounts]


def payment_view(bill_id: str, folio_id: str, payment: Payment) -> View:
    """One payment."""
    return {
        "id": payment.id,
        "billId": bill_id,
        "paymentMethod": payment.payment_method,
        "amount": payment.amount,
        "appliedToBalance": payment.applied,
        "paidAt": payment.paid_at,
        "paidBy": payment.paid_by,
        "cancelledAt": payment.cancelled_at,
        "cancelledBy": payment.cancelled_by,
        "virtualAccounts": accounts_view(folio_id, payment.virtual_accounts),
        "paymentRequestId": payment.payment_request_id,
    }


def settlement_view(settlement: Settlement) -> View:
    """One settlement."""
    return {
        "paymentBillId": settlement.payment_bill_id,
        "targetBillId": settlement.target_bill_id,
        "settledAmount": settlement.settled_amount,
        "settledAt": settlement.settled_at,
        "settledBy": settlement.settled_by,
    }


def bill_view(bill: Bill) -> View:
    """One bill with its payments and settlements."""
    return {
        "id": bill.id,
        "billCode": bill.bill_code,
        "accommodationId": bill.accommodation_id,
        "folioId": bill.folio_id,
        "reservationId": bill.reservation_id,
        "name": bill.name,
        "totalAmount": bill.total_amount,
        "balanceAmount": bill.balance_amount,
        "currency": bill.currency,
        "status": bill.status,
        "transferOriginFolioId": bill.transfer_origin_folio_id,
        "transferOriginBillId": bill.transfer_origin_bill_id,
        "originRateSnapshot": bill.origin_rate_snapshot,
        "originInclusionSnapshot": bill.origin_inclusion_snapshot,
        "payments": [payment_view(bill.id, bill.folio_id, payment) for payment in bill.payments.values()],
        "settlementsMade": [settlement_view(settlement) for settlement in bill.settlements_made],
        "settlementsReceived": [settlement_view(settlement) for settlement in bill.settlements_received],
        "createdAt": bill.created_on,
        "createdBy": bill.created_by,
        "updatedAt": bill.modified_on,
        "cancelledAt": bill.cancelled_at,
        "cancelledBy": bill.cancelled_by,
        "version": bill.version,
    }


def accommodation_view(accommodation_id: str, settings: Settings) -> View:
    """An accommodation's settings."""
    payssam = {"member": settings.payssam_member, "merchant": settings.payssam_merchant}
    return {
        "id": accommodation_id,
        "name": settings.name,
        "currency": settings.currency,
        "timeZone": settings.time_zone,
        "businessDayStartsAt": settings.business_day_starts_at,
        "payssam": payssam if any(payssam.values()) else None,
    }


def closed_day_view(accommodation: Accommodation) -> View:
    """The day that was closed last: when, by whom and why, and the day that comes next."""
    closed = accommodation.last_closed
    assert closed is not None
    return {
        "accommodationId": accommodation.accommodation_id,
        "businessDate": closed.business_date,
        "closedAt": closed.at,
        "closedBy": closed.by,
        "reason": closed.reason,
        "nextBusinessDate": closed.next,
    }


def folio_view(
    folio_id: str,
    accommodation_id: str,
    currency: str,
    total: int,
    balance: int,
    bills: list[View],
    paid_on_deleted: int = 0,
) -> View:
    """A folio with its bills; `total` over the live ones, `balance` over all of them, credit included.

    `paid_on_deleted` is money that the provider took for bills that were deleted meanwhile.
    """
    shown = (payment for bill in bills for payment in bill["payments"])
    paid = paid_on_deleted + sum(payment["amount"] for payment in shown if payment["cancelledAt"] is None)
    return {
        "folioId": folio_id,
        "accommodationId": accommodation_id,
        "currency": currency,
        "totalAmount": total,
        "paidAmount": paid,
        "balanceAmount": balance,
        "bills": bills,
    }


def forgotten_view(folio: Folio) -> View:
    """When, by whom and why the folio's guest was forgotten, all None when it was not."""
    forgotten = folio.forgotten
    return {
        "folioId": folio.folio_id,
        "forgottenAt": None if forgotten is None else forgotten.at,
        "forgottenBy": None if forgotten is None else forgotten.by,
        "reason": None if forgotten is None else forgotten.reason,
    }
