"""Events of the ledger as every interface shows them: what is named here, and nothing else of them.

An event that is added later shows nothing of its own until it stands in this table. Personal data stay sealed in
the log and are shown as a mask, given or not.
"""

from collections.abc import Callable, Mapping
from typing import Any

from services.billing.accommodation import AccommodationConfigured, DayClosed
from services.billing.bill import BillAdded, BillDeleted, BillUpdated, Cancelled
from services.billing.event import BillEvent, LedgerEvent
from services.billing.folio import FolioOpened, GuestForgotten
from services.billing.open_request import RequestClosed, RequestOpened
from services.billing.payment import (
    PaymentCancelled,
    PaymentDeleted,
    PaymentRecorded,
    PaymentUpdated,
    VirtualAccount,
)
from services.billing.settlement import Settled
from services.billing.transfer import BillTransferred
from services.billing.views import View, accommodation_view

EventView = Callable[[Any], View]

MASK = "***"
"""Stands for personal data."""


def actor_view(event: LedgerEvent) -> View:
    """Who caused an event, by which request, and why."""
    return {
        "by": event.by,
        "key": event.key,
        "user": event.user,
        "requestId": event.request_id,
        "reason": event.reason,
    }


def _bill(event: BillEvent) -> View:
    return {
        "billId": event.originator_id,
        "accommodationId": event.accommodation_id,
        "folioId": event.folio_id,
        "balanceEffect": event.balance_effect,
        "totalEffect": event.total_effect,
    }


def _added(event: BillAdded) -> View:
    return {
        **_bill(event),
        "billCode": event.bill_code,
        "currency": event.currency,
        "name": event.name,
        "totalAmount": event.total_amount,
        "reservationId": event.reservation_id,
        "transferOriginFolioId": event.transfer_origin_folio_id,
        "transferOriginBillId": event.transfer_origin_bill_id,
        "originRateSnapshot": event.origin_rate_snapshot,
        "originInclusionSnapshot": event.origin_inclusion_snapshot,
    }


def _transferred(event: BillTransferred) -> View:
    return {
        **_bill(event),
        "toFolioId": event.to_folio_id,
        "toBillId": event.to_bill_id,
        "toReservationId": event.to_reservation_id,
        "movedTotal": event.moved_total,
        "whole": event.whole,
    }


def _settled(event: Settled) -> View:
    return {
        **_bill(event),
        "paymentBillId": event.payment_bill_id,
        "targetBillId": event.target_bill_id,
        "settledAmount": event.settled_amount,
    }


def _payment(event: PaymentRecorded | PaymentUpdated) -> View:
    return {
        **_bill(event),
        "paymentId": event.payment_id,
        "paymentMethod": event.payment_method,
        "amount": event.amount,
        "paidAt": event.paid_at,
        "virtualAccounts": [_account(account) for account in event.virtual_accounts] or None,
    }


def _account(account: VirtualAccount) -> View:
    return {"bankCode": account.bank_code, "accountNumber": MASK, "accountHolder": MASK}


def _recorded(event: PaymentRecorded) -> View:
    return {
        **_payment(event),
        "appliedToBalance": event.applied,
        "paymentRequestId": event.payment_request_id,
    }


def _configured(event: AccommodationConfigured) -> View:
    settings = accommodation_view(event.accommodation_id, event.settings)
    return {"accommodationId": settings.pop("id"), **settings, "inUse": event.in_use}


EVENT_VIEWS: Mapping[type[LedgerEvent], EventView] = {
    AccommodationConfigured: _configured,
    DayClosed: lambda event: {"accommodationId": event.accommodation_id, "businessDate": event.business_date},
    FolioOpened: lambda event: {
        "folioId": event.folio_id,
        "accommodationId": event.accommodation_id,
        "currency": event.currency,
    },
    GuestForgotten: lambda event: {"folioId": event.folio_id, "accommodationId": event.accommodation_id},
    BillAdded: _added,
    BillUpdated: lambda event: {**_bill(event), "name": event.name, "totalAmount": event.total_amount},
    Cancelled: _bill,
    BillDeleted: _bill,
    BillTransferred: _transferred,
    Settled: _settled,
    PaymentRecorded: _recorded,
    PaymentUpdated: _payment,
    PaymentCancelled: lambda event: {**_bill(event), "paymentId": event.payment_id},
    PaymentDeleted: lambda event: {**_bill(event), "paymentId": event.payment_id},
    RequestOpened: lambda event: {
        **_bill(event),
        "paymentRequestId": event.payment_request_id,
        "amount": event.amount,
    },
    RequestClosed: lambda event: {**_bill(event), "paymentRequestId": event.payment_request_id},
}
