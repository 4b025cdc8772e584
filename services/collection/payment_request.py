"""A payment request: one bill sent to one guest through the provider, and everything that became of it.

Its id is the provider's bill id: 20 of A-Z and 0-9, made here, so that it is known before the first send and
tells nobody anything.
"""

import secrets
import string
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from eventsourcing.domain import BaseAggregate

from services.billing.event import CreatedEvent, LedgerEvent
from services.billing.stamp import Stamp
from services.collection.provider import Merchant, SendType

Status = Literal["REQUESTED", "SENT", "UNKNOWN", "REFUSED", "PAID", "REFUNDED", "DESTROYED", "EXPIRED"]
OPEN_STATUSES: frozenset[Status] = frozenset({"REQUESTED", "SENT", "UNKNOWN"})

Flag = Literal["AMOUNT_DIFFERS", "PAID_AFTER_END", "BILL_CANCELLED", "BILL_TRANSFERRED", "BILL_DELETED"]
"""What somebody should look at: money that came otherwise than asked, or for a bill that is no more."""

PROVIDER = "provider"
"""Whose doing an event is that tells what the provider said without anybody having asked for it."""

ID_LENGTH = 20
ID_ALPHABET = string.ascii_uppercase + string.digits
ID_PATTERN = r"^[A-Z0-9]{20}$"


def new_request_id() -> str:
    """A new id: 103 random bits, in the form that the provider takes."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))


@dataclass(frozen=True)
class Asked:
    """What was asked for. `amount` in won; `guest` sealed under the folio's data key."""

    bill_id: str
    folio_id: str
    accommodation_id: str
    amount: int
    send_type: SendType
    product_name: str
    bill_issuer: str | None
    expires_on: date
    guest: str
    merchant: Merchant
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """A payment as the provider reports it: won, when it was paid, how, and its approval."""

    amount: int
    paid_at: datetime
    payment_method: str
    pay_type: str | None = None
    issuer: str | None = None
    approval_number: str | None = None


@dataclass(frozen=True)
class Evidence:
    """What a fact rests on: SHA-256 (hex) of the provider's reply and of the callback, byte for byte."""

    reply: str | None = None
    callback: str | None = None


class PaymentRequested(CreatedEvent):
    """The front desk wants the guest asked; nothing has left the house yet."""

    TOPIC = "payment_request.requested"

    asked: Asked

    def apply(self, aggregate: "PaymentRequest") -> None:
        """Take the facts over."""
        aggregate.asked = self.asked


class PaymentRequestSent(LedgerEvent):
    """The provider has the bill. `points` is what it cost."""

    TOPIC = "payment_request.sent"

    url: str | None
    points: int

    def apply(self, aggregate: "PaymentRequest") -> None:
        """It is with the guest, unless it ended here before this came to light."""
        aggregate.status = "SENT" if aggregate.open else aggregate.status
        aggregate.url = self.url
        aggregate.sent_at = self.timestamp
        aggregate.points_spent += self.points
        aggregate.last_error = None if aggregate.open else aggregate.last_error


class PaymentRequestUnknown(LedgerEvent):
    """The provider may have the bill or not: it gave no answer that can be relied on."""

    TOPIC = "payment_request.unknown"

    why: str

    def apply(self, aggregate: "PaymentRequest") -> None:
        """To be asked about."""
        aggregate.status = "UNKNOWN"
        aggregate.last_error = self.why


class PaymentRequestRefused(LedgerEvent):
    """The provider will not send it: its code and message, `no_points` when the points have run out."""

    TOPIC = "payment_request.refused"

    code: str
    message: str
    no_points: bool

    def apply(self, aggregate: "PaymentRequest") -> None:
        """It ends here."""
        aggregate.status = "REFUSED"
        aggregate.last_error = f"{self.code}: {self.message}"


class PaymentRequestResent(LedgerEvent):
    """The provider was told to send the guest the same bill once more.

    `doubt` says why it is not known whether it did. The points are counted all the same: to try again unasked
    could spend them twice.
    """

    TOPIC = "payment_request.resent"

    points: int
    doubt: str | None

    def apply(self, aggregate: "PaymentRequest") -> None:
        """Count it."""
        aggregate.resend_count += 1
        aggregate.points_spent += self.points
        aggregate.last_error = self.doubt


class PaymentRequestPaid(LedgerEvent):
    """The guest has paid; the money is on the bill as `payment_id`, in the same commit."""

    TOPIC = "payment_request.paid"

    payment_id: str
    receipt: Receipt
    evidence: Evidence
    flags: tuple[Flag, ...]

    def apply(self, aggregate: "PaymentRequest") -> None:
        """Keep the receipt."""
        aggregate.status = "PAID"
        aggregate.payment_id = self.payment_id
        aggregate.receipt = self.receipt
        aggregate.flags = self.flags
        aggregate.last_error = None


class PaymentRequestRefunded(LedgerEvent):
    """The guest has the money back."""

    TOPIC = "payment_request.refunded"

    evidence: Evidence

    def apply(self, aggregate: "PaymentRequest") -> None:
        """It ends here."""
        aggregate.status = "REFUNDED"


class PaymentRequestDestroyed(LedgerEvent):
    """The bill was voided before it was paid, here or in the provider's own app."""

    TOPIC = "payment_request.destroyed"

    evidence: Evidence

    def apply(self, aggregate: "PaymentRequest") -> None:
        """It ends here."""
        aggregate.status = "DESTROYED"


class PaymentRequestExpired(LedgerEvent):
    """Its last day has ended in Asia/Seoul, and the provider had no money then."""

    TOPIC = "payment_request.expired"

    evidence: Evidence

    def apply(self, aggregate: "PaymentRequest") -> None:
        """It ends here."""
        aggregate.status = "EXPIRED"


class PaymentRequest(BaseAggregate[str]):
    """One request for money."""

    TOPIC = "payment_request"
    Event = LedgerEvent

    def __init__(self) -> None:
        """The parts that a new request does not have yet; the rest comes with PaymentRequested."""
        self.asked: Asked
        self.status: Status = "REQUESTED"
        self.url: str | None = None
        self.sent_at: datetime | None = None
        self.payment_id: str | None = None
        self.receipt: Receipt | None = None
        self.flags: tuple[Flag, ...] = ()
        self.resend_count = 0
        self.points_spent = 0
        self.last_error: str | None = None

    @property
    def open(self) -> bool:
        """Whether the guest may still pay it, as far as we know."""
        return self.status in OPEN_STATUSES

    @property
    def unsent(self) -> bool:
        """Whether it is still to be sent, as far as we know."""
        return self.status in {"REQUESTED", "UNKNOWN"}

    @classmethod
    def requested(cls, stamp: Stamp, request_id: str, asked: Asked) -> "PaymentRequest":
        """A new request."""
        return cls._create(PaymentRequested, id=request_id, asked=asked, **stamp)

    def record(self, event: type[LedgerEvent], stamp: Stamp, **facts: Any) -> None:
        """Record what has become of it."""
        self.trigger_event(event, **facts, **stamp)
