"""What the provider does with bills: its rules, whatever generation of the API asked."""

from secrets import randbelow

import msgspec

from services.payssam.sandbox.bill import DESTROYED, PAID, REFUNDED, TALK, UNPAID, Approval, Bill
from services.payssam.sandbox.refusals import (
    CANCELLED_ALREADY,
    ID_USED,
    NO_POINTS,
    NOT_FOUND,
    NOT_PAID,
    PAID_ALREADY,
    WRONG_FIELD,
    WRONG_HASH,
    Refusal,
)
from services.payssam.sandbox.settings import SandboxSettings
from services.payssam.sandbox.store import Store

KAKAOTALK_POINTS = 55
"""What a message costs. A bill sent as a URL costs nothing: no message leaves the provider."""

replace = msgspec.structs.replace


class Provider:
    """The bills and points of one store. Every method is one step: nothing else happens in between."""

    def __init__(self, settings: SandboxSettings, store: Store) -> None:
        self._clock = settings.clock
        self._store = store
        store.set_counter("points", settings.points, keep=True)

    def bill(self, bill_id: str) -> Bill:
        """The bill as it is now. Refusal when there is none."""
        self._store.make_final(self._clock())
        bill = self._store.bill(bill_id)
        if bill is None:
            raise Refusal(NOT_FOUND, "there is no such bill")
        return bill

    def send(self, bill: Bill) -> None:
        """Take a new bill in. Refusal when its id was ever used, or the points do not suffice."""
        if self._store.bill(bill.bill_id) is not None:
            raise Refusal(ID_USED, "the id of this bill has been used already")
        if bill.send_type == TALK:
            self._spend_points()
        self._store.save(bill)
        self._store.count("sends")

    def resend(self, bill_id: str) -> Bill:
        """Send the message of an unpaid bill again. Refusal for a URL bill too: it never had one."""
        bill = self.bill(bill_id)
        _check_unpaid(bill)
        if bill.send_type != TALK:
            raise Refusal(WRONG_FIELD, "the bill was sent as a URL; there is no message to send again")
        self._spend_points()
        self._store.count("resends")
        return bill

    def destroy(self, bill_id: str, price: str | None = None) -> Bill:
        """Void an unpaid bill; `price` as the partner gave it, None in the manager app. Refusal."""
        bill = self.bill(bill_id)
        _check_price(bill, price)
        _check_unpaid(bill)
        destroyed = replace(bill, state=DESTROYED)
        self._store.save(destroyed)
        return destroyed

    def cancel(self, bill_id: str, price: str | None = None) -> Bill:
        """Refund a paid bill, all of it; `price` as the partner gave it, None in the manager app. Refusal."""
        bill = self.bill(bill_id)
        _check_price(bill, price)
        if bill.state in (REFUNDED, DESTROYED):
            raise Refusal(CANCELLED_ALREADY, "the bill has been cancelled already")
        if bill.state != PAID:
            raise Refusal(NOT_PAID, "the bill has not been paid")
        refunded = replace(bill, state=REFUNDED, refunded_at=self._clock(), refund_number=_number())
        self._store.save(refunded)
        return refunded

    def payable(self, bill_id: str) -> Bill:
        """The bill, if it can be paid now. Refusal."""
        bill = self.bill(bill_id)
        _check_unpaid(bill)
        if bill.expired(self._clock()):
            raise Refusal(CANCELLED_ALREADY, "the last day to pay this bill is over")
        return bill

    def pay(self, bill_id: str, amount: int | None, pay_type: str, final_after: float | None) -> Bill:
        """Pay a bill; `amount` in won (None: its price), final after so many seconds (None: at once). Refusal."""
        bill = self.payable(bill_id)
        now = self._clock()
        approval = Approval(pay_type, bill.price if amount is None else amount, now, _number())
        if final_after is None:
            paid = replace(bill, approval=approval, state=PAID)
        else:
            paid = replace(bill, approval=approval, final_at=now + final_after)
        self._store.save(paid)
        return paid

    def points(self) -> int:
        """The points that are left."""
        return self._store.counter("points")

    def _spend_points(self) -> None:
        if self.points() < KAKAOTALK_POINTS:
            raise Refusal(NO_POINTS, "there are not enough points")
        self._store.count("points", -KAKAOTALK_POINTS)
        self._store.count("pointsSpent", KAKAOTALK_POINTS)


def _check_unpaid(bill: Bill) -> None:
    # A payment that is announced but not final holds the bill too: voiding it would lose the guest's money.
    if bill.state == PAID or bill.final_at is not None:
        raise Refusal(PAID_ALREADY, "the bill has been paid already")
    if bill.state != UNPAID:
        raise Refusal(CANCELLED_ALREADY, "the bill has been cancelled already")


def _check_price(bill: Bill, price: str | None) -> None:
    # As the provider sees it: the hash is not that of the bill it has. Digits are compared, so "0500" is not "500".
    if price is not None and price != str(bill.price):
        raise Refusal(WRONG_HASH, "the price is not the one that was sent")


def _number() -> str:
    return f"{randbelow(100_000_000):08}"
