"""Transfers: a bill, or a part of it, moves to another folio or reservation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.billing.errors import InvalidParameter, RequiredParameter
from services.billing.event import BillEvent
from services.billing.stamp import Stamp

if TYPE_CHECKING:
    from services.billing.bill import Bill


@dataclass(frozen=True)
class TransferWanted:
    """A bill to transfer; `split_amount` of its total (minor units), or None for all of it."""

    bill_id: str
    split_amount: int | None = None


@dataclass(frozen=True)
class Destination:
    """Where bills go: a folio, and a reservation or None."""

    folio_id: str
    reservation_id: str | None


class BillTransferred(BillEvent):
    """The bill, or `moved_total` of it, went elsewhere.

    To another folio: `to_bill_id` carries it on there. Within the folio: only the reservation changed.
    """

    TOPIC = "bill.transferred"

    to_folio_id: str
    to_bill_id: str
    to_reservation_id: str | None
    moved_total: int
    whole: bool

    def evolve(self, bill: "Bill") -> None:
        """Take away what moved."""
        if self.to_bill_id == self.originator_id:
            bill.reservation_id = self.to_reservation_id
        elif self.whole:
            bill.transferred = True
        else:
            bill.total_amount -= self.moved_total


def change_reservation(stamp: Stamp, bill: "Bill", destination: Destination, pointer: str) -> None:
    """Move a bill to another reservation of its own folio.

    Raises RequiredParameter without a reservation, InvalidState for a cancelled or transferred bill.
    """
    bill.check_open("be transferred")
    if destination.reservation_id is None:
        raise RequiredParameter(
            f"Bill {bill.id} is on folio {bill.folio_id} already; name the reservation to move it to.",
            "/reservationId",
        )
    bill.record(
        BillTransferred,
        stamp,
        pointer=pointer,
        to_folio_id=bill.folio_id,
        to_bill_id=bill.id,
        to_reservation_id=destination.reservation_id,
        moved_total=0,
        whole=False,
    )


def moving_part(bill: "Bill", split_amount: int | None, pointer: str) -> tuple[int, int]:
    """The total and the balance that a transfer of this bill moves.

    All of it without a split or with one equal to the total; otherwise `split_amount` of the total and
    at most as much of the balance. Raises InvalidParameter for a split below 1 or above the total.
    """
    if split_amount is None or split_amount == bill.total_amount:
        return bill.total_amount, bill.balance_amount
    if not 1 <= split_amount < bill.total_amount:
        raise InvalidParameter(
            f"splitAmount is {split_amount}; it must be from 1 to the bill's total, {bill.total_amount}.",
            pointer,
        )
    return split_amount, min(split_amount, bill.balance_amount)
