"""Money that a guest was asked for through the payment provider, as the bill sees it.

An open request holds a part of the balance, so that a guest is not asked for the same money twice. Money that
the provider reports is recorded whatever has become of the bill: it was taken, so it is there.
"""

from typing import TYPE_CHECKING

from services.billing.errors import InvalidParameter
from services.billing.event import BillEvent
from services.billing.payment import NewPayment, PaymentCancelled, PaymentRecorded, check_payment
from services.billing.stamp import Stamp

if TYPE_CHECKING:
    from services.billing.bill import Bill


class RequestOpened(BillEvent):
    """The guest is asked for this much of the bill."""

    TOPIC = "bill.request_opened"

    payment_request_id: str
    amount: int

    def evolve(self, bill: "Bill") -> None:
        """Hold the amount."""
        bill.open_requests[self.payment_request_id] = self.amount


class RequestClosed(BillEvent):
    """The guest is no longer asked, and did not pay."""

    TOPIC = "bill.request_closed"

    payment_request_id: str

    def evolve(self, bill: "Bill") -> None:
        """Hold the amount no more."""
        bill.open_requests.pop(self.payment_request_id, None)


def open_request(stamp: Stamp, bill: "Bill", payment_request_id: str, amount: int | None) -> int:
    """Hold an amount (minor units; None for all that is left to ask); returns it.

    Raises InvalidState when the bill is cancelled or transferred, InvalidParameter for more than is left.
    """
    bill.check_open("be asked money for")
    left = bill.balance_amount - sum(bill.open_requests.values())
    asked = left if amount is None else amount
    if not 1 <= asked <= left:
        raise InvalidParameter(
            f"Bill {bill.id} owes {bill.balance_amount}, {left} of it not asked for yet; {asked} cannot be asked.",
            "/amount",
        )
    bill.record(RequestOpened, stamp, payment_request_id=payment_request_id, amount=asked)
    return asked


def close_request(stamp: Stamp, bill: "Bill", payment_request_id: str) -> None:
    """Hold nothing for this request any more; it may have been closed before."""
    if payment_request_id in bill.open_requests:
        bill.record(RequestClosed, stamp, payment_request_id=payment_request_id)


def record_provider_payment(
    stamp: Stamp, bill: "Bill", payment_id: str, payment: NewPayment, payment_request_id: str
) -> None:
    """Record money that the provider has taken, applied to the balance, whatever the bill's state or limits."""
    bill.record(
        PaymentRecorded,
        stamp,
        balance_effect=-payment.amount,
        beyond_limits=True,
        payment_id=payment_id,
        applied=True,
        payment_request_id=payment_request_id,
        **vars(check_payment(payment)),
    )


def return_provider_payment(stamp: Stamp, bill: "Bill", payment_id: str) -> None:
    """The provider gave the money back, whatever the bill's state; nothing if the payment was undone here before."""
    payment = bill.payments.get(payment_id)
    if payment is not None and payment.live:
        bill.record(
            PaymentCancelled,
            stamp,
            balance_effect=payment.applied_amount,
            beyond_limits=True,
            payment_id=payment_id,
        )
