"""Everything that is kept of a folio's guest, in the clear: for whoever has to tell the guest what that is.

Which bills and requests the folio has is asked of the read models, what is kept of the guest of the log itself:
accounts of payments that were corrected or deleted stand only there.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from eventsourcing.application import project_aggregate

from projections import folios, payment_requests
from projections.reading import Freshness, Reader
from services.access import Caller
from services.billing.folio import Folio
from services.billing.ids import folio_stream
from services.billing.payment import PaymentRecorded, PaymentUpdated
from services.billing.personal_data import open_account
from services.billing.ports import DataKey
from services.billing.views import View, accounts_view, forgotten_view
from services.collection.guest import open_guest
from services.collection.payment_request import PaymentRequest, Receipt
from services.collection.ports import KeptCallback
from services.desk.lookups import Found, not_found
from services.desk.opening import Opener

WithoutKey = Callable[[bytes], Any]
"""Reads a callback without the credential in it; None for one that cannot be read."""
Events = Mapping[str, Sequence[Any]]

log = logging.getLogger(__name__)


class EventReader(Protocol):
    """Reads whole streams of the log."""

    async def events_of(self, streams: Collection[str]) -> Events:
        """All events of streams, none for an unknown one. Raises StoreUnavailable."""
        ...


class CallbackReader(Protocol):
    """Finds callbacks."""

    async def of_folio(self, folio_id: str) -> Sequence[KeptCallback]:
        """Every callback about payment requests of a folio. Raises StoreUnavailable."""
        ...


class GuestExport:
    """Tells what is kept of a guest, and notes in the service's log who was told, never what."""

    def __init__(
        self, reader: Reader, events: EventReader, opener: Opener, callbacks: CallbackReader, without_key: WithoutKey
    ) -> None:
        self._reader = reader
        self._events = events
        self._opener = opener
        self._callbacks = callbacks
        self._without_key = without_key

    async def of_folio(self, folio_id: str, caller: Caller, freshness: Freshness) -> Found[View]:
        """What is kept of the folio's guest; of one who was forgotten, when that was and what remains.

        Raises Problem for a folio that the caller does not see, NotCaughtUp, StoreUnavailable.
        """
        bill_ids = await folios.bill_ids_of_folio(self._reader, folio_id, freshness)
        requests = await payment_requests.requests_of_bills(self._reader, bill_ids, caller.sees, freshness)
        request_ids = [request["id"] for request in requests.rows]
        stream = folio_stream(folio_id)
        events = await self._events.events_of({stream, *bill_ids, *request_ids})
        folio: Folio | None = project_aggregate(None, events[stream])
        if folio is None or not caller.reaches(folio.accommodation_id):
            raise not_found("folio", folio_id, requests.position)
        log.warning("what is kept of the guest of folio %s was given to %s", folio_id, caller.name)
        key = (await self._opener.for_opening([folio_id])).get(folio_id)
        view = {
            **forgotten_view(folio),
            "accommodationId": folio.accommodation_id,
            "virtualAccounts": [_account(event, key) for event in _events_with_accounts(events, bill_ids)],
            "paymentRequests": [_request(events[request_id], key) for request_id in reversed(request_ids)],
            "callbacks": [self._callback(each) for each in await self._callbacks.of_folio(folio_id)],
        }
        return Found(view, requests.position)

    def _callback(self, kept: KeptCallback) -> View:
        return {
            "number": kept.number,
            "paymentRequestId": kept.request_id,
            "receivedAt": kept.received_at,
            "source": kept.source,
            "headers": kept.headers,
            "body": self._without_key(kept.body),
        }


def _events_with_accounts(events: Events, bill_ids: Iterable[str]) -> list[PaymentRecorded | PaymentUpdated]:
    return [
        event
        for bill_id in bill_ids
        for event in events[bill_id]
        if isinstance(event, PaymentRecorded | PaymentUpdated) and event.virtual_accounts
    ]


def _account(event: PaymentRecorded | PaymentUpdated, key: DataKey | None) -> View:
    """The accounts that one event gave to a payment."""
    sealed = accounts_view(event.folio_id, event.virtual_accounts) or []
    return {
        "billId": event.originator_id,
        "paymentId": event.payment_id,
        "recordedAt": event.timestamp,
        "accounts": [open_account(account, key) for account in sealed],
    }


def _request(events: Sequence[Any], key: DataKey | None) -> View:
    request: PaymentRequest | None = project_aggregate(None, events)
    assert request is not None, "a payment request of the read model is in the log"
    asked, guest = request.asked, open_guest(request.asked.guest, key)
    return {
        "id": request.id,
        "billId": asked.bill_id,
        "requestedAt": request.created_on,
        "customerName": None if guest is None else guest.name,
        "contact": None if guest is None else guest.contact,
        "message": None if guest is None else guest.message,
        "productName": asked.product_name,
        "billIssuer": asked.bill_issuer,
        "url": request.url,
        "receipt": None if request.receipt is None else _receipt(request.receipt),
        "lastError": request.last_error,
    }


def _receipt(receipt: Receipt) -> View:
    return {
        "amount": receipt.amount,
        "paidAt": receipt.paid_at,
        "paymentMethod": receipt.payment_method,
        "payType": receipt.pay_type,
        "issuer": receipt.issuer,
        "approvalNumber": receipt.approval_number,
    }
