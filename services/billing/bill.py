"""A bill: what a folio owes for one thing, and every rule about it.

Each method checks its rule first and records an event after; the event alone changes the state, so
that replay never meets a rule.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from eventsourcing.domain import BaseAggregate

from services.billing.errors import InvalidState, NotFound
from services.billing.event import BillEvent, CreatedEvent
from services.billing.money import within_limits
from services.billing.payment import Payment
from services.billing.settlement import Settlement
from services.billing.stamp import Stamp

Status = Literal["OPEN", "SETTLED", "TRANSFERRED", "CANCELLED"]
NAME_LENGTH_MAX = 200
SNAPSHOT_LENGTH_MAX = 200


@dataclass(frozen=True)
class BillOpening:
    """What a bill starts from; amounts in minor units, the balance by default the total."""

    bill_code: str
    accommodation_id: str
    folio_id: str
    currency: str
    name: str
    total_amount: int
    balance_amount: int
    reservation_id: str | None = None
    transfer_origin_folio_id: str | None = None
    transfer_origin_bill_id: str | None = None
    origin_rate_snapshot: str | None = None
    origin_inclusion_snapshot: str | None = None


@dataclass(frozen=True)
class BillChanges:
    """What to change of a bill; None keeps the value."""

    name: str | None = None
    total_amount: int | None = None
    balance_amount: int | None = None


class BillAdded(CreatedEvent, BillEvent):
    """A bill was posted to a folio, or came there by a transfer (`transfer_origin_bill_id`)."""

    TOPIC = "bill.added"

    bill_code: str
    currency: str
    name: str
    total_amount: int
    reservation_id: str | None
    transfer_origin_folio_id: str | None
    transfer_origin_bill_id: str | None
    origin_rate_snapshot: str | None
    origin_inclusion_snapshot: str | None

    def apply(self, aggregate: "Bill") -> None:
        """Start the bill; its first balance effect is its balance."""
        aggregate.balance_amount = 0
        BillEvent.apply(self, aggregate)

    def evolve(self, bill: "Bill") -> None:
        """Take the facts over."""
        bill.bill_code = self.bill_code
        bill.accommodation_id = self.accommodation_id
        bill.folio_id = self.folio_id
        bill.currency = self.currency
        bill.name = self.name
        bill.total_amount = self.total_amount
        bill.reservation_id = self.reservation_id
        bill.transfer_origin_folio_id = self.transfer_origin_folio_id
        bill.transfer_origin_bill_id = self.transfer_origin_bill_id
        bill.origin_rate_snapshot = self.origin_rate_snapshot
        bill.origin_inclusion_snapshot = self.origin_inclusion_snapshot
        bill.created_by = self.by


class BillUpdated(BillEvent):
    """Name, total or balance were changed; the event holds name and total as they are now."""

    TOPIC = "bill.updated"

    name: str
    total_amount: int

    def evolve(self, bill: "Bill") -> None:
        """Replace the values."""
        bill.name = self.name
        bill.total_amount = self.total_amount


class Cancelled(BillEvent):
    """The charge is gone; money already taken remains as credit."""

    TOPIC = "bill.cancelled"

    def evolve(self, bill: "Bill") -> None:
        """Mark it cancelled."""
        bill.cancelled_at = self.timestamp
        bill.cancelled_by = self.by


class BillDeleted(BillEvent):
    """The bill is gone from every view; the log keeps it."""

    TOPIC = "bill.deleted"

    def evolve(self, bill: "Bill") -> None:
        """Mark it deleted."""
        bill.deleted = True


class Bill(BaseAggregate[str]):
    """One bill, with its payments and settlements."""

    TOPIC = "bill"
    Event = BillEvent

    def __init__(self) -> None:
        """The parts that a new bill does not have yet; the rest comes with BillAdded."""
        self.bill_code: str
        self.accommodation_id: str
        self.folio_id: str
        self.currency: str
        self.name: str
        self.total_amount: int
        self.balance_amount: int
        self.reservation_id: str | None
        self.transfer_origin_folio_id: str | None
        self.transfer_origin_bill_id: str | None
        self.origin_rate_snapshot: str | None
        self.origin_inclusion_snapshot: str | None
        self.created_by: str
        self.payments: dict[str, Payment] = {}
        self.settlements_made: list[Settlement] = []
        self.settlements_received: list[Settlement] = []
        self.open_requests: dict[str, int] = {}
        self.cancelled_at: datetime | None = None
        self.cancelled_by: str | None = None
        self.transferred = False
        self.deleted = False

    @property
    def status(self) -> Status:
        """OPEN while something is owed either way, SETTLED at 0, else how the bill ended."""
        if self.cancelled_at is not None:
            return "CANCELLED"
        if self.transferred:
            return "TRANSFERRED"
        return "SETTLED" if self.balance_amount == 0 else "OPEN"

    @property
    def live(self) -> bool:
        """Whether its total counts in its folio's."""
        return self.status in {"OPEN", "SETTLED"} and not self.deleted

    @classmethod
    def add(cls, stamp: Stamp, bill_id: str, opening: BillOpening) -> "Bill":
        """A new bill. Raises InvalidParameter for amounts beyond the limits."""
        within_limits(opening.total_amount, "/totalAmount")
        facts = vars(opening).copy()
        return cls._create(
            BillAdded,
            id=bill_id,
            balance_effect=within_limits(facts.pop("balance_amount"), "/balanceAmount"),
            total_effect=opening.total_amount,
            **facts,
            **stamp,
        )

    def record(
        self,
        event: type[BillEvent],
        stamp: Stamp,
        *,
        balance_effect: int = 0,
        total_effect: int = 0,
        pointer: str = "",
        beyond_limits: bool = False,
        **facts: Any,
    ) -> None:
        """Record an event of this bill. Raises InvalidParameter when the balance would pass the limits."""
        if not beyond_limits:
            within_limits(self.balance_amount + balance_effect, pointer)
        self.trigger_event(
            event,
            accommodation_id=self.accommodation_id,
            folio_id=self.folio_id,
            balance_effect=balance_effect,
            total_effect=total_effect,
            **facts,
            **stamp,
        )

    def check_open(self, what: str) -> None:
        """Raise InvalidState when the bill is cancelled or transferred and so cannot `what` ("be paid")."""
        if not self.live:
            raise InvalidState(f"Bill {self.id} is {self.status} and can no longer {what}.")

    def update(self, stamp: Stamp, changes: BillChanges) -> None:
        """Change name, total, balance; a total given alone moves the balance along.

        Nothing given: nothing happens. Raises InvalidState when cancelled or transferred.
        """
        self.check_open("be changed")
        if changes == BillChanges():
            return
        total = self.total_amount if changes.total_amount is None else changes.total_amount
        total_effect = within_limits(total, "/totalAmount") - self.total_amount
        if changes.balance_amount is None:
            balance_effect = total_effect
        else:
            balance_effect = within_limits(changes.balance_amount, "/balanceAmount") - self.balance_amount
        name = self.name if changes.name is None else changes.name
        self.record(
            BillUpdated,
            stamp,
            balance_effect=balance_effect,
            total_effect=total_effect,
            pointer="/totalAmount",
            name=name,
            total_amount=total,
        )

    def cancel(self, stamp: Stamp, changes: BillChanges) -> None:
        """Take the charge back, after the changes given. Raises InvalidState when it has ended already."""
        self.check_open("be cancelled")
        self.update(stamp, changes)
        self.record(
            Cancelled,
            stamp,
            balance_effect=-self.total_amount,
            total_effect=-self.total_amount,
            pointer="/totalAmount",
        )

    def delete(self, stamp: Stamp) -> None:
        """Remove the bill from every view.

        Raises InvalidState while it has live payments, settlements or open payment requests, and when it
        was transferred.
        """
        if self.transferred:
            raise InvalidState(f"Bill {self.id} was transferred; its history stays. Cancel or delete the new bill.")
        if any(payment.live for payment in self.payments.values()):
            raise InvalidState(f"Bill {self.id} has payments; cancel or delete them first, or cancel the bill.")
        if self.settlements_made or self.settlements_received:
            raise InvalidState(f"Bill {self.id} has settlements and cannot be deleted; cancel it instead.")
        if self.open_requests:
            named = ", ".join(self.open_requests)
            raise InvalidState(f"Bill {self.id} has open payment requests; destroy them first: {named}.")
        live_total = self.total_amount if self.live else 0
        self.record(BillDeleted, stamp, balance_effect=-self.balance_amount, total_effect=-live_total)

    def payment(self, payment_id: str) -> Payment:
        """The payment, cancelled or not. Raises NotFound when this bill has none of that id, or it was deleted."""
        if self.deleted or payment_id not in self.payments:
            raise NotFound(f"There is no payment {payment_id}.", "/paymentId")
        return self.payments[payment_id]
