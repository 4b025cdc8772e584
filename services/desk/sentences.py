"""Each event of a folio in one English sentence, and the kind of change that it is."""

from collections.abc import Callable, Mapping
from typing import Any

from services.billing.bill import BillAdded, BillDeleted, BillUpdated, Cancelled
from services.billing.event import LedgerEvent
from services.billing.folio import FolioOpened, GuestForgotten
from services.billing.money import readable
from services.billing.open_request import RequestClosed, RequestOpened
from services.billing.payment import PaymentCancelled, PaymentDeleted, PaymentRecorded, PaymentUpdated
from services.billing.settlement import Settled
from services.billing.transfer import BillTransferred
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
from services.desk.changes import OF_THE_BILL, Change
from services.desk.journal import NamedBill, Step

OTHER_KIND = "OTHER"
KINDS: Mapping[type[LedgerEvent], str] = {
    FolioOpened: "FOLIO_OPENED",
    BillAdded: "BILL_ADDED",
    BillUpdated: "BILL_CHANGED",
    Cancelled: "BILL_CANCELLED",
    BillDeleted: "BILL_DELETED",
    BillTransferred: "BILL_MOVED_AWAY",
    Settled: "SETTLED",
    GuestForgotten: "GUEST_FORGOTTEN",
    PaymentRecorded: "PAYMENT_RECORDED",
    PaymentUpdated: "PAYMENT_CHANGED",
    PaymentCancelled: "PAYMENT_CANCELLED",
    PaymentDeleted: "PAYMENT_DELETED",
    RequestOpened: "AMOUNT_HELD",
    RequestClosed: "AMOUNT_RELEASED",
    PaymentRequested: "PAYMENT_REQUESTED",
    PaymentRequestSent: "PAYMENT_REQUEST_SENT",
    PaymentRequestUnknown: "PAYMENT_REQUEST_UNKNOWN",
    PaymentRequestRefused: "PAYMENT_REQUEST_REFUSED",
    PaymentRequestResent: "PAYMENT_REQUEST_RESENT",
    PaymentRequestPaid: "PAYMENT_REQUEST_PAID",
    PaymentRequestRefunded: "PAYMENT_REQUEST_REFUNDED",
    PaymentRequestDestroyed: "PAYMENT_REQUEST_DESTROYED",
    PaymentRequestExpired: "PAYMENT_REQUEST_EXPIRED",
}
ALL_KINDS = (*dict.fromkeys(KINDS.values()), "BILL_ARRIVED", OTHER_KIND)
AMOUNTS = frozenset({"totalAmount", "balanceAmount", "amount"})
WORDS = {
    "name": "name", "totalAmount": "total", "balanceAmount": "balance", "amount": "amount", "paymentMethod": "method",
    "paidAt": "time of payment", "virtualAccounts": "virtual accounts", "status": "status",
}  # fmt: skip


def kind_of(step: Step) -> str:
    """What kind of change an event is; an arrival and a change of the reservation are told from their likes."""
    event = step.event
    if isinstance(event, BillAdded) and event.transfer_origin_bill_id is not None:
        return "BILL_ARRIVED"
    if isinstance(event, BillTransferred) and event.to_bill_id == event.originator_id:
        return KINDS[BillUpdated]
    return KINDS.get(type(event), OTHER_KIND)


def sentence_of(step: Step) -> str:
    """What happened, for people, with amounts and currency."""
    tell = SENTENCES.get(type(step.event))
    return f"{step.event.TOPIC} happened." if tell is None else tell(step, step.event)


def _money(step: Step, amount: int) -> str:
    return readable(amount, step.currency)


def _bill(bill: NamedBill | None, article: str = "bill") -> str:
    return f"a {article}" if bill is None else f'{article} {bill.code} "{bill.name}"'


def _subject(step: Step) -> str:
    return _bill(step.bill, "Bill")


def _payment(step: Step) -> str:
    if step.payment is None:
        return "payment"
    return f"payment of {_money(step, step.payment.amount)} by {step.payment.payment_method}"


def _request(step: Step) -> str:
    return f"Payment request {step.payment_request_id} for {_bill(step.bill)}"


def _differences(step: Step) -> str:
    """What has changed, value by value; of virtual accounts nothing but that they have."""
    told = [_difference(step, change) for change in step.changes if change.field in WORDS]
    return ", ".join(told) or "nothing that is shown"


def _difference(step: Step, change: Change) -> str:
    word = WORDS[change.field]
    if change.field == "virtualAccounts":
        return f"its {word}"
    before, after = (_value(step, change.field, value) for value in (change.before, change.after))
    whose = "the bill's" if step.payment is not None and change.field in OF_THE_BILL else "its"
    return f"{whose} {word} from {before} to {after}"


def _value(step: Step, field: str, value: Any) -> str:
    if field in AMOUNTS:
        return _money(step, value)
    return f'"{value}"' if field == "name" else f"{value:%Y-%m-%d %H:%M:%S UTC}" if field == "paidAt" else str(value)


def _added(step: Step, event: BillAdded) -> str:
    came = "was added"
    if event.transfer_origin_folio_id is not None:
        came = f"arrived from folio {event.transfer_origin_folio_id}"
    differs = event.balance_effect != event.total_amount
    owed = f", with a balance of {_money(step, event.balance_effect)}" if differs else ""
    return f"{_subject(step)} {came}: {_money(step, event.total_amount)}{owed}."


def _transferred(step: Step, event: BillTransferred) -> str:
    if event.to_bill_id == event.originator_id:
        return f"{_subject(step)} was moved to reservation {event.to_reservation_id}."
    total, balance = _money(step, event.moved_total), _money(step, -event.balance_effect)
    owed = "" if total == balance else f", with a balance of {balance}"
    if event.whole:
        return f"{_subject(step)} was moved to folio {event.to_folio_id}: {total}{owed}."
    return f"{total} of {_bill(step.bill)} were moved to folio {event.to_folio_id}{owed}."


def _settled(step: Step, event: Settled) -> str:
    amount = _money(step, event.settled_amount)
    if event.on_paying_bill:
        return f"{_subject(step)} took {amount} over from {_bill(step.counterpart)}."
    return f"{amount} of {_bill(step.bill)} were settled by {_bill(step.counterpart)}."


def _recorded(step: Step, event: PaymentRecorded) -> str:
    asked = "" if event.payment_request_id is None else f", as asked by payment request {event.payment_request_id}"
    counted = "" if event.applied else "; the balance does not count it"
    return f"A {_payment(step)} was recorded on {_bill(step.bill)}{asked}{counted}."


def _refused(step: Step, event: PaymentRequestRefused) -> str:
    return f"{_request(step)} was refused by the provider: {event.code}: {event.message}."


SENTENCES: Mapping[type[LedgerEvent], Callable[[Step, Any], str]] = {
    FolioOpened: lambda step, event: f"Folio {event.folio_id} was opened.",
    GuestForgotten: lambda step, event: f"The guest of folio {event.folio_id} was forgotten; the amounts stay.",
    BillAdded: _added,
    BillUpdated: lambda step, event: f"{_subject(step)} was changed: {_differences(step)}.",
    Cancelled: lambda step, event: (
        f"{_subject(step)} was cancelled: {_money(step, -event.total_effect)} are no longer charged."
    ),
    BillDeleted: lambda step, event: (
        f"{_subject(step)} was deleted: its balance of {_money(step, -event.balance_effect)} is gone."
    ),
    BillTransferred: _transferred,
    Settled: _settled,
    PaymentRecorded: _recorded,
    PaymentUpdated: lambda step, event: (
        f"The {_payment(step)} on {_bill(step.bill)} was changed: {_differences(step)}."
    ),
    PaymentCancelled: lambda step, event: f"The {_payment(step)} on {_bill(step.bill)} was cancelled.",
    PaymentDeleted: lambda step, event: f"The {_payment(step)} on {_bill(step.bill)} was deleted.",
    RequestOpened: lambda step, event: (
        f"{_money(step, event.amount)} of {_bill(step.bill)} are held for payment request {event.payment_request_id}."
    ),
    RequestClosed: lambda step, event: (
        f"Nothing of {_bill(step.bill)} is held for payment request {event.payment_request_id} any more."
    ),
    PaymentRequested: lambda step, event: (
        f"A guest is to be asked for {_money(step, event.asked.amount)} of {_bill(step.bill)}"
        f" by payment request {step.payment_request_id}."
    ),
    PaymentRequestSent: lambda step, event: f"{_request(step)} was sent to the guest.",
    PaymentRequestUnknown: lambda step, event: f"{_request(step)} may have been sent or not: {event.why}.",
    PaymentRequestRefused: _refused,
    PaymentRequestResent: lambda step, event: f"{_request(step)} was sent to the guest once more.",
    PaymentRequestPaid: lambda step, event: f"{_request(step)} was paid: {_money(step, event.receipt.amount)}.",
    PaymentRequestRefunded: lambda step, event: f"{_request(step)} was paid back to the guest.",
    PaymentRequestDestroyed: lambda step, event: f"{_request(step)} was voided before it was paid.",
    PaymentRequestExpired: lambda step, event: f"{_request(step)} expired unpaid.",
}
