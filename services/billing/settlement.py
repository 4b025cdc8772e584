"""Settlements: debt moved from one bill of a folio to another. No money comes in."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from services.billing.errors import InvalidParameter
from services.billing.event import BillEvent
from services.billing.money import at_least_one
from services.billing.stamp import Stamp

if TYPE_CHECKING:
    from services.billing.bill import Bill


@dataclass(frozen=True)
class SettlementWanted:
    """Pay this much (minor units) of the target bill."""

    target_bill_id: str
    settled_amount: int


@dataclass(frozen=True)
class Settlement:
    """A settlement as both its bills show it."""

    payment_bill_id: str
    target_bill_id: str
    settled_amount: int
    settled_at: datetime
    settled_by: str


class Settled(BillEvent):
    """One side of a settlement: the paying bill's balance rises by what the target's falls."""

    TOPIC = "bill.settled"

    payment_bill_id: str
    target_bill_id: str
    settled_amount: int

    @property
    def settlement(self) -> Settlement:
        """The settlement as both its bills show it."""
        return Settlement(
            payment_bill_id=self.payment_bill_id,
            target_bill_id=self.target_bill_id,
            settled_amount=self.settled_amount,
            settled_at=self.timestamp,
            settled_by=self.by,
        )

    @property
    def on_paying_bill(self) -> bool:
        """Which side this event is on."""
        return self.originator_id == self.payment_bill_id

    def evolve(self, bill: "Bill") -> None:
        """Keep the settlement on the side that this bill is on."""
        (bill.settlements_made if self.on_paying_bill else bill.settlements_received).append(self.settlement)


def settle(stamp: Stamp, payer: "Bill", target: "Bill", amount: int, pointer: str) -> None:
    """Move `amount` of debt from `target` to `payer`.

    Raises InvalidParameter for a bill with itself, across folios, an amount below 1 or beyond the
    target's balance; InvalidState for a cancelled or transferred bill on either side.
    """
    if payer.id == target.id:
        raise InvalidParameter("A bill cannot settle itself.", f"{pointer}/targetBillId")
    if payer.folio_id != target.folio_id:
        raise InvalidParameter(
            f"Bill {target.id} is not on folio {payer.folio_id}; only bills of one folio settle each other.",
            f"{pointer}/targetBillId",
        )
    payer.check_open("be settled from")
    target.check_open("be settled")
    at_least_one(amount, f"{pointer}/settledAmount")
    if amount > target.balance_amount:
        raise InvalidParameter(
            f"Bill {target.id} owes {target.balance_amount}; {amount} is more than that.",
            f"{pointer}/settledAmount",
        )
    sides = ((target, -amount), (payer, +amount))
    for bill, effect in sides:
        bill.record(
            Settled,
            stamp,
            balance_effect=effect,
            pointer=f"{pointer}/settledAmount",
            payment_bill_id=payer.id,
            target_bill_id=target.id,
            settled_amount=amount,
        )
