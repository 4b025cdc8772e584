"""Stays of the sample hotels, and the ways in which they end and are paid."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from services.demo.catalogue import BANK_CODES, COMPANIES, GUESTS, Hotel
from services.demo.plan import FolioPlan

OFFSET = "+09:00"
"""Of Korea and Japan, all year."""


@dataclass
class Stay:
    """A guest's stay: the folio's plan with the bills posted so far, and what the way of paying needs."""

    plan: FolioPlan
    hotel: Hotel
    random: Random
    departure: date
    clerk: str
    rooms: list[str]
    extras: list[str]

    def payment(self, method: str, amount: int) -> dict[str, Any]:
        """A payment on the morning of departure."""
        paid_at = f"{self.departure}T{self.random.randint(7, 11):02}:{self.random.randint(0, 59):02}:00{OFFSET}"
        return {"paymentMethod": method, "amount": amount, "paidAt": paid_at}

    def owed_here(self) -> int:
        """What the guest's own folio owes."""
        return sum(self.plan.owed.values())


def stays_in_house(stay: Stay) -> None:
    """Still there: a deposit through a virtual account covers a part of the first night, the rest is open."""
    first = stay.rooms[0]
    deposit = stay.plan.owed[first] // 2
    account = {
        "bankCode": stay.random.choice(BANK_CODES),
        "accountNumber": f"{stay.random.randint(100, 999)}-{stay.random.randint(100_000, 999_999)}",
        "accountHolder": stay.random.choice(GUESTS),
    }
    payment = {**stay.payment("VIRTUAL_ACCOUNT", deposit), "virtualAccounts": [account]}
    credit = stay.plan.add_bill(stay.clerk, "예약금 Deposit", 0, [payment])
    stay.plan.settle(stay.clerk, credit, first, deposit)
    stay.plan.pay(stay.clerk, stay.extras[0], stay.payment("CASH", stay.plan.owed[stay.extras[0]]))


def pays_at_once(stay: Stay) -> None:
    """One card for everything."""
    stay.plan.settle_all(stay.clerk, "체크아웃 결제 Checkout", [stay.payment("CARD", stay.owed_here())])


def pays_bill_by_bill(stay: Stay) -> None:
    """Each bill for itself, some in cash."""
    for bill, amount in list(stay.plan.owed.items()):
        if amount > 0:
            stay.plan.pay(stay.clerk, bill, stay.payment(stay.random.choice(("CARD", "CASH")), amount))


def company_pays_rooms(stay: Stay) -> None:
    """The rooms go to the company's folio, some are paid there already; the guest pays the rest."""
    folio_id = f"{stay.hotel.id}-{stay.random.choice(COMPANIES)}"
    moved = [stay.plan.transfer(stay.clerk, bill, folio_id, "법인 계약에 따라 회사 청구") for bill in stay.rooms]
    amounts = [stay.plan.owed.pop(bill) for bill in moved]
    stay.plan.settle_all(stay.clerk, "체크아웃 결제 Checkout", [stay.payment("CARD", stay.owed_here())])
    if stay.random.choice((True, False)):
        for bill, amount in zip(moved, amounts, strict=True):
            stay.plan.owed[bill] = amount
            stay.plan.pay(stay.clerk, bill, stay.payment("TRANSFER", amount))


def shares_with_companion(stay: Stay) -> None:
    """Half of each room goes to the companion's folio and is paid there."""
    companion = f"{stay.plan.folio_id}-B"
    for room in stay.rooms:
        half = stay.plan.transfer(
            stay.clerk, room, companion, "동반 투숙객과 반반 부담", split=stay.plan.owed[room] // 2
        )
        stay.plan.pay(stay.clerk, half, stay.payment("CARD", stay.plan.owed[half]))
    stay.plan.settle_all(stay.clerk, "체크아웃 결제 Checkout", [stay.payment("CASH", stay.owed_here())])


def extends_the_stay(stay: Stay) -> None:
    """The last night belongs to a second reservation; a part is paid with points."""
    second = f"{stay.plan.folio_id}-R2"
    stay.plan.change_reservation(stay.clerk, stay.rooms[-1], second, "투숙 연장, 새 예약으로 이동")
    owed = stay.owed_here()
    points = owed // 4
    payments = [stay.payment("MILEAGE", points), stay.payment("CARD", owed - points)]
    stay.plan.settle_all(stay.clerk, "마일리지 복합 결제 Checkout", payments)


def pays_with_another_card(stay: Stay) -> None:
    """The first card's payment is taken back, the second's stays."""
    room = stay.rooms[0]
    amount = stay.plan.owed[room]
    wrong = stay.plan.pay(stay.clerk, room, stay.payment("CARD", amount))
    stay.plan.cancel_payment(stay.clerk, room, wrong, amount, "고객 요청으로 다른 카드로 재결제")
    stay.plan.settle_all(stay.clerk, "체크아웃 결제 Checkout", [stay.payment("CARD", stay.owed_here())])


def leaves_early(stay: Stay) -> None:
    """The nights not stayed are cancelled, the first one is paid by bank transfer, the rest by card."""
    for room in stay.rooms[1:]:
        stay.plan.cancel_bill(stay.clerk, room, "조기 퇴실로 객실료 취소")
    stay.plan.pay(stay.clerk, stay.rooms[0], stay.payment("TRANSFER", stay.plan.owed[stay.rooms[0]]))
    stay.plan.settle_all(stay.clerk, "체크아웃 결제 Checkout", [stay.payment("CARD", stay.owed_here())])


ENDINGS: tuple[Callable[[Stay], None], ...] = (
    stays_in_house,
    pays_at_once,
    pays_bill_by_bill,
    company_pays_rooms,
    shares_with_companion,
    extends_the_stay,
    pays_with_another_card,
    leaves_early,
)
"""Guests take turns through these, so that each happens in every hotel."""
