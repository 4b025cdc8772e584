"""What becomes of a bill: each life is a generator that gives the moment until which it waits, then does its next step.

What a life waits for after the end of the log never happens, so that some guests are still in the house there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.billing.bill import BillChanges
from tests.bench.hotel.asking import paid_by_phone
from tests.bench.hotel.stay import Stay

Life = Iterator[datetime]


def paid_at_once(stay: Stay) -> Life:
    """Posted with its payment."""
    yield stay.during()
    stay.charge(paid=True)


def paid_later(stay: Stay) -> Life:
    """Paid at the departure."""
    yield stay.during()
    bill = stay.charge()
    yield stay.checkout()
    stay.pay(bill)


def paid_without_effect(stay: Stay) -> Life:
    """The payment is only told; the PMS sets the balance itself."""
    yield stay.during()
    bill = stay.charge()
    yield stay.checkout()
    stay.pay(bill, applied=False)
    stay.update(bill, BillChanges(balance_amount=0))


def cancelled(stay: Stay) -> Life:
    """Taken back."""
    yield stay.during()
    bill = stay.charge()
    yield stay.during(stay.desk.now)
    stay.cancel(bill, "고객이 이용하지 않음")


def updated(stay: Stay) -> Life:
    """Made cheaper, then paid."""
    yield stay.during()
    bill = stay.charge()
    yield stay.during(stay.desk.now)
    bill = stay.update(bill, BillChanges(total_amount=bill.total_amount * 8 // 10), "서비스 지연으로 20% 할인")
    yield stay.checkout()
    stay.pay(bill)


def deleted(stay: Stay) -> Life:
    """A mistake."""
    yield stay.during()
    bill = stay.charge()
    yield stay.during(stay.desk.now)
    stay.delete(bill, "다른 객실 청구를 잘못 입력")


def transferred(stay: Stay) -> Life:
    """A company takes it over, whole or a half of it, and pays."""
    yield stay.during()
    bill = stay.charge()
    yield stay.during(stay.desk.now)
    moved = stay.transfer(bill, stay.random.choice((None, bill.total_amount // 2)))
    yield stay.checkout()
    stay.pay(moved)


def settled(stay: Stay) -> Life:
    """Settled from a bill that takes the guest's payment."""
    yield stay.during()
    bill = stay.charge()
    yield stay.during(stay.desk.now)
    stay.settle(bill)


def paid_again(stay: Stay) -> Life:
    """Paid with the wrong card, then with another one."""
    yield stay.during()
    bill = stay.charge()
    yield stay.checkout()
    payment = stay.pay(bill)
    yield stay.desk.now + timedelta(minutes=5)
    stay.cancel_payment(payment, "고객 요청으로 다른 카드로 재결제")
    stay.pay(bill)


def paid_wrongly(stay: Stay) -> Life:
    """A payment's amount is put right; the rest stays owed."""
    yield stay.during()
    bill = stay.charge()
    yield stay.checkout()
    payment = stay.pay(bill)
    yield stay.desk.now + timedelta(hours=1)
    stay.correct_payment(payment, bill.total_amount // 2, "금액 정정")


def left_open(stay: Stay) -> Life:
    """Never paid."""
    yield stay.during()
    stay.charge()


@dataclass(frozen=True)
class Fate:
    """A life, how many bills it makes, and for how many bills in 200 it is chosen."""

    live: Callable[[Stay], Life]
    in_200: int
    bills: int = 1


FATES = (
    Fate(paid_at_once, 80),
    Fate(paid_later, 80),
    Fate(paid_without_effect, 10),
    Fate(cancelled, 6),
    Fate(updated, 4),
    Fate(deleted, 2),
    Fate(transferred, 4, bills=2),
    Fate(settled, 6, bills=2),
    Fate(paid_again, 1),
    Fate(paid_wrongly, 1),
    Fate(paid_by_phone, 4),
    Fate(left_open, 2),
)
