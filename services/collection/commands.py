"""The commands on payment requests: what may be asked, and what the provider's word changes.

As the ledger's, they are decisions on a `Work` alone. Those named `note_…` write down what the provider said;
they may come twice and in any order, and count once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.billing.accommodation import Accommodation, Settings
from services.billing.bill import Bill
from services.billing.errors import InvalidParameter, NotFound, check_version
from services.billing.ids import accommodation_stream, new_ulid
from services.billing.open_request import (
    close_request,
    open_request,
    record_provider_payment,
    return_provider_payment,
)
from services.billing.payment import NewPayment
from services.billing.work import Work
from services.collection.guest import Guest, seal_guest
from services.collection.payment_request import (
    Asked,
    Evidence,
    Flag,
    PaymentRequest,
    PaymentRequestDestroyed,
    PaymentRequestExpired,
    PaymentRequestPaid,
    PaymentRequestRefunded,
    PaymentRequestRefused,
    PaymentRequestResent,
    PaymentRequestSent,
    PaymentRequestUnknown,
    Receipt,
    new_request_id,
)
from services.collection.provider import Merchant, Refused, SendType, Why

PROVIDER_ZONE = ZoneInfo("Asia/Seoul")
"""The provider's days end here, wherever the hotel is."""
PROVIDER_CURRENCY = "KRW"
AMOUNT_MAX = 9_999_999_999
"""The provider takes at most ten digits."""
DAYS_TO_PAY = 7
DAYS_TO_PAY_MAX = 365
PRODUCT_NAME_LENGTH_MAX = 100


@dataclass(frozen=True)
class NewRequest:
    """A request as the front desk makes it. `amount` in won, None for all that is left to ask."""

    guest: Guest
    send_type: SendType = "TALK"
    amount: int | None = None
    product_name: str | None = None
    bill_issuer: str | None = None
    expires_on: date | None = None
    warnings: tuple[str, ...] = ()


def provider_day(moment: datetime) -> date:
    """The provider's calendar day of a moment."""
    return moment.astimezone(PROVIDER_ZONE).date()


def request_payment(work: Work, bill_id: str, new: NewRequest) -> PaymentRequest:
    """Ask the guest for money of a bill; it is sent after the commit.

    Raises NotFound, InvalidState, VersionMismatch; InvalidParameter for an amount above what is left to ask,
    another currency than won, a day in the past, a bill's name that is too long for the provider.
    """
    bill = work.find(Bill, bill_id)
    if bill is None or bill.deleted or not work.context.sees(bill.accommodation_id):
        raise NotFound(f"There is no bill {bill_id}.", "/billId")
    check_version(f"Bill {bill_id}", bill.version, work.context.expected_version)
    accommodation = work.find(Accommodation, accommodation_stream(bill.accommodation_id))
    settings = Settings() if accommodation is None else accommodation.settings
    if bill.currency != PROVIDER_CURRENCY:
        raise InvalidParameter(f"The provider takes {PROVIDER_CURRENCY} only; bill {bill_id} is in {bill.currency}.")
    request_id = new_request_id()
    amount = open_request(work.stamp, bill, request_id, new.amount)
    if amount > AMOUNT_MAX:
        raise InvalidParameter(f"The provider takes at most {AMOUNT_MAX} won at once; name an amount.", "/amount")
    asked = Asked(
        bill_id=bill_id,
        folio_id=bill.folio_id,
        accommodation_id=bill.accommodation_id,
        amount=amount,
        send_type=new.send_type,
        product_name=_product_name(new.product_name or bill.name),
        bill_issuer=new.bill_issuer,
        expires_on=_expiry(new.expires_on, provider_day(work.now)),
        guest=seal_guest(work, bill.folio_id, new.guest),
        merchant=Merchant(settings.payssam_member, settings.payssam_merchant),
        warnings=new.warnings,
    )
    request = PaymentRequest.requested(work.stamp, request_id, asked)
    work.add(request)
    return request


def _expiry(wanted: date | None, today: date) -> date:
    last = today + timedelta(days=DAYS_TO_PAY_MAX)
    expires_on = today + timedelta(days=DAYS_TO_PAY) if wanted is None else wanted
    if not today <= expires_on <= last:
        raise InvalidParameter(f"expiresOn is a day from {today} (today in Asia/Seoul) to {last}.", "/expiresOn")
    return expires_on


def _product_name(name: str) -> str:
    if len(name) > PRODUCT_NAME_LENGTH_MAX:
        raise InvalidParameter(
            f"The provider shows at most {PRODUCT_NAME_LENGTH_MAX} characters; give a shorter productName.",
            "/productName",
        )
    return name


def find_request(work: Work, request_id: str) -> PaymentRequest:
    """The request, if this caller may see it. Raises NotFound."""
    request = work.find(PaymentRequest, request_id)
    if request is None or not work.context.sees(request.asked.accommodation_id):
        raise NotFound(f"There is no payment request {request_id}.", "/paymentRequestId")
    return request


def note_sent(work: Work, request_id: str, url: str | None, points: int) -> PaymentRequest:
    """The provider has it; after that it is asked about and never sent again.

    It may come to light after the request ended here: then it stays ended, and its points were spent all the same.
    """
    request = find_request(work, request_id)
    if request.sent_at is None:
        request.record(PaymentRequestSent, work.stamp, url=url, points=points)
    return request


def note_unknown(work: Work, request_id: str, why: str) -> PaymentRequest:
    """The provider may have it or not; why it still does not say is the agenda's, not the log's."""
    request = find_request(work, request_id)
    if request.status == "REQUESTED":
        request.record(PaymentRequestUnknown, work.stamp, why=why)
    return request


def note_refused(work: Work, request_id: str, refused: Refused) -> PaymentRequest:
    """The provider will not send it."""
    request = find_request(work, request_id)
    if request.unsent:
        _close(work, request)
        no_points = refused.why is Why.NO_POINTS
        request.record(
            PaymentRequestRefused, work.stamp, code=refused.code, message=refused.message, no_points=no_points
        )
    return request


def note_resent(work: Work, request_id: str, points: int, doubt: str | None) -> PaymentRequest:
    """The guest got it once more, or may have."""
    request = find_request(work, request_id)
    request.record(PaymentRequestResent, work.stamp, points=points, doubt=doubt)
    return request


def note_paid(work: Work, request_id: str, receipt: Receipt, evidence: Evidence) -> PaymentRequest:
    """The money is there: recorded on the bill in the same commit, once, whatever has happened to either."""
    request = find_request(work, request_id)
    if request.payment_id is not None:
        return request
    bill = _bill(work, request)
    payment_id = new_ulid()
    payment = NewPayment(receipt.payment_method, receipt.amount, receipt.paid_at)
    flags = _flags(request, bill, receipt)
    record_provider_payment(work.stamp, bill, payment_id, payment, request_id)
    work.name(payment_id, bill.id)
    request.record(
        PaymentRequestPaid, work.stamp, payment_id=payment_id, receipt=receipt, evidence=evidence, flags=flags
    )
    return request


def note_refunded(work: Work, request_id: str, evidence: Evidence) -> PaymentRequest:
    """The guest has the money back, and the payment on the bill is cancelled."""
    request = find_request(work, request_id)
    if request.status == "REFUNDED":
        return request
    bill = _bill(work, request)
    if request.payment_id is not None:
        return_provider_payment(work.stamp, bill, request.payment_id)
    _close(work, request)
    request.record(PaymentRequestRefunded, work.stamp, evidence=evidence)
    return request


def note_destroyed(work: Work, request_id: str, evidence: Evidence) -> PaymentRequest:
    """Nobody can pay it any more."""
    return _end_unpaid(work, request_id, PaymentRequestDestroyed, evidence)


def note_expired(work: Work, request_id: str, evidence: Evidence) -> PaymentRequest:
    """Its last day is over."""
    return _end_unpaid(work, request_id, PaymentRequestExpired, evidence)


def _end_unpaid(
    work: Work, request_id: str, event: type[PaymentRequestDestroyed | PaymentRequestExpired], evidence: Evidence
) -> PaymentRequest:
    request = find_request(work, request_id)
    if request.open:
        _close(work, request)
        request.record(event, work.stamp, evidence=evidence)
    return request


def _bill(work: Work, request: PaymentRequest) -> Bill:
    bill = work.find(Bill, request.asked.bill_id)
    assert bill is not None, f"payment request {request.id} is for a bill that never was"
    return bill


def _close(work: Work, request: PaymentRequest) -> None:
    close_request(work.stamp, _bill(work, request), request.id)


def _flags(request: PaymentRequest, bill: Bill, receipt: Receipt) -> tuple[Flag, ...]:
    found: dict[Flag, bool] = {
        "AMOUNT_DIFFERS": receipt.amount != request.asked.amount,
        "PAID_AFTER_END": not request.open,
        "BILL_CANCELLED": bill.status == "CANCELLED",
        "BILL_TRANSFERRED": bill.status == "TRANSFERRED",
        "BILL_DELETED": bill.deleted,
    }
    return tuple(flag for flag, holds in found.items() if holds)
