"""Payments: the money that came in on a bill, and the events that record, change and undo it."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.billing.errors import InvalidParameter, InvalidState
from services.billing.event import BillEvent
from services.billing.ids import PAYMENT_METHOD_PATTERN
from services.billing.money import at_least_one
from services.billing.stamp import Stamp

if TYPE_CHECKING:
    from services.billing.bill import Bill

VIRTUAL_ACCOUNT = "VIRTUAL_ACCOUNT"
PAID_AT_MIN = datetime(1970, 1, 1, tzinfo=UTC)
PAID_AT_MAX = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class VirtualAccount:
    """An account made for one payment. `sealed` holds its number and holder, encrypted (`personal_data`)."""

    bank_code: str
    sealed: str


@dataclass(frozen=True)
class NewPayment:
    """A payment as reported: method, amount in minor units, when it was paid (with an offset)."""

    payment_method: str
    amount: int
    paid_at: datetime
    virtual_accounts: tuple[VirtualAccount, ...] = ()

    def with_accounts(self, accounts: tuple[VirtualAccount, ...]) -> "NewPayment":
        """The same payment through these accounts."""
        return replace(self, virtual_accounts=accounts)


@dataclass(frozen=True)
class PaymentChanges:
    """What to change of a payment; None keeps the value."""

    payment_method: str | None = None
    amount: int | None = None
    paid_at: datetime | None = None
    virtual_accounts: tuple[VirtualAccount, ...] | None = None

    def with_accounts(self, accounts: tuple[VirtualAccount, ...]) -> "PaymentChanges":
        """The same changes, and these accounts."""
        return replace(self, virtual_accounts=accounts)


@dataclass(frozen=True)
class Payment:
    """A payment on a bill, as it stands. `applied` says whether it reduced the bill's balance."""

    id: str
    payment_method: str
    amount: int
    applied: bool
    paid_at: datetime
    paid_by: str
    virtual_accounts: tuple[VirtualAccount, ...]
    payment_request_id: str | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None

    @property
    def live(self) -> bool:
        """Whether the money still counts."""
        return self.cancelled_at is None

    @property
    def applied_amount(self) -> int:
        """What this payment takes off the balance now."""
        return self.amount if self.applied and self.live else 0


class PaymentRecorded(BillEvent):
    """Money came in on the bill."""

    TOPIC = "payment.recorded"

    payment_id: str
    payment_method: str
    amount: int
    applied: bool
    paid_at: datetime
    virtual_accounts: tuple[VirtualAccount, ...]
    payment_request_id: str | None

    @property
    def payment(self) -> Payment:
        """The payment as this event made it."""
        return Payment(
            id=self.payment_id,
            payment_method=self.payment_method,
            amount=self.amount,
            applied=self.applied,
            paid_at=self.paid_at,
            paid_by=self.by,
            virtual_accounts=self.virtual_accounts,
            payment_request_id=self.payment_request_id,
        )

    def evolve(self, bill: "Bill") -> None:
        """Keep the payment; the request that it answers is open no more."""
        bill.payments[self.payment_id] = self.payment
        if self.payment_request_id is not None:
            bill.open_requests.pop(self.payment_request_id, None)


class PaymentUpdated(BillEvent):
    """A payment was corrected; the event holds all its values as they are now."""

    TOPIC = "payment.updated"

    payment_id: str
    payment_method: str
    amount: int
    paid_at: datetime
    virtual_accounts: tuple[VirtualAccount, ...]

    def evolve(self, bill: "Bill") -> None:
        """Replace the values."""
        bill.payments[self.payment_id] = replace(
            bill.payments[self.payment_id],
            payment_method=self.payment_method,
            amount=self.amount,
            paid_at=self.paid_at,
            virtual_accounts=self.virtual_accounts,
        )


class PaymentCancelled(BillEvent):
    """The money went back; the payment stays visible as cancelled."""

    TOPIC = "payment.cancelled"

    payment_id: str

    def evolve(self, bill: "Bill") -> None:
        """Mark it cancelled."""
        bill.payments[self.payment_id] = replace(
            bill.payments[self.payment_id], cancelled_at=self.timestamp, cancelled_by=self.by
        )


class PaymentDeleted(BillEvent):
    """The payment is gone from every view; the log keeps it."""

    TOPIC = "payment.deleted"

    payment_id: str

    def evolve(self, bill: "Bill") -> None:
        """Forget it."""
        del bill.payments[self.payment_id]


def check_payment(payment: NewPayment, pointer: str = "") -> NewPayment:
    """The payment with its time in UTC, or InvalidParameter with the pointer of the wrong value.

    `pointer` is where the payment stands in the command's body.
    """
    if not re.fullmatch(PAYMENT_METHOD_PATTERN, payment.payment_method):
        raise InvalidParameter(
            "A payment method is CARD, CASH, TRANSFER, VIRTUAL_ACCOUNT or one of your own: up to 32 of A-Z, 0-9"
            " and _, a letter first.",
            f"{pointer}/paymentMethod",
        )
    at_least_one(payment.amount, f"{pointer}/amount")
    if payment.virtual_accounts and payment.payment_method != VIRTUAL_ACCOUNT:
        raise InvalidParameter(
            f"virtualAccounts go only with the method {VIRTUAL_ACCOUNT}, not with {payment.payment_method}.",
            f"{pointer}/virtualAccounts",
        )
    if payment.paid_at.utcoffset() is None or not PAID_AT_MIN <= payment.paid_at < PAID_AT_MAX:
        raise InvalidParameter(
            "paidAt is a time with an offset, from 1970 to 2199, such as 2026-11-22T14:00:00+09:00.",
            f"{pointer}/paidAt",
        )
    return replace(payment, paid_at=payment.paid_at.astimezone(UTC))


def add_payment(
    stamp: Stamp, bill: "Bill", payment_id: str, payment: NewPayment, *, applied: bool, pointer: str = ""
) -> None:
    """Record a payment on the bill; `applied` takes it off the balance.

    `pointer` is where the payment stands in the command's body. Raises InvalidState when the bill is
    cancelled or transferred, InvalidParameter for wrong values.
    """
    bill.check_open("take payments")
    payment = check_payment(payment, pointer)
    bill.record(
        PaymentRecorded,
        stamp,
        balance_effect=-payment.amount if applied else 0,
        pointer=f"{pointer}/amount",
        payment_id=payment_id,
        applied=applied,
        payment_request_id=None,
        **vars(payment),
    )


def update_payment(stamp: Stamp, bill: "Bill", payment_id: str, changes: PaymentChanges) -> None:
    """Correct a payment; leaving VIRTUAL_ACCOUNT drops its accounts. Nothing given: nothing happens.

    Raises NotFound; InvalidState when payment or bill has ended; InvalidParameter for wrong values.
    """
    payment = bill.payment(payment_id)
    bill.check_open("have its payments changed")
    if not payment.live:
        raise InvalidState(f"Payment {payment_id} is cancelled; it can only be deleted.")
    if changes == PaymentChanges():
        return
    method = payment.payment_method if changes.payment_method is None else changes.payment_method
    kept_accounts = payment.virtual_accounts if method == VIRTUAL_ACCOUNT else ()
    corrected = check_payment(
        NewPayment(
            payment_method=method,
            amount=payment.amount if changes.amount is None else changes.amount,
            paid_at=changes.paid_at or payment.paid_at,
            virtual_accounts=kept_accounts if changes.virtual_accounts is None else changes.virtual_accounts,
        )
    )
    effect = payment.applied_amount - corrected.amount if payment.applied else 0
    bill.record(
        PaymentUpdated,
        stamp,
        balance_effect=effect,
        pointer="/amount",
        payment_id=payment_id,
        **vars(corrected),
    )


def cancel_payment(stamp: Stamp, bill: "Bill", payment_id: str) -> None:
    """Give the money back; allowed on a cancelled or transferred bill. Raises NotFound, InvalidState."""
    payment = bill.payment(payment_id)
    if not payment.live:
        raise InvalidState(f"Payment {payment_id} is cancelled already; it can only be deleted.")
    bill.record(PaymentCancelled, stamp, balance_effect=payment.applied_amount, payment_id=payment_id)


def delete_payment(stamp: Stamp, bill: "Bill", payment_id: str) -> None:
    """Remove the payment from every view; allowed on a cancelled or transferred bill. Raises NotFound."""
    payment = bill.payment(payment_id)
    bill.record(PaymentDeleted, stamp, balance_effect=payment.applied_amount, payment_id=payment_id)
