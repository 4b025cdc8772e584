"""A guest's stay: the folio, from arrival to departure, and what the desk does on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from services.billing.bill import Bill, BillChanges
from services.billing.ledger import NewBill, PaymentGiven
from services.billing.payment import VIRTUAL_ACCOUNT, NewPayment, Payment, PaymentChanges
from services.billing.personal_data import VirtualAccountDetails
from services.billing.settlement import SettlementWanted
from services.billing.transfer import Destination, TransferWanted
from services.demo.catalogue import BANK_CODES, EXTRAS, GUESTS, ROOMS, Charge
from tests.bench.hotel.desk import HOTEL, Account, Desk

WON = 1_000
"""What a unit of the catalogue's prices is worth."""
CHARGES = ROOMS * 3 + EXTRAS
METHODS = ("CARD",) * 12 + ("CASH",) * 4 + ("TRANSFER",) * 2 + ("MILEAGE", VIRTUAL_ACCOUNT)
CHECKOUT_MINUTES = 10


@dataclass(frozen=True)
class Stay:
    """One folio. `until` is the departure, or the end of the log if that comes first."""

    desk: Desk
    random: Random
    account: Account
    company: Account
    arrival: datetime
    departure: datetime
    until: datetime

    def during(self, after: datetime | None = None) -> datetime:
        """A moment of the stay, later than another one, which lies in it."""
        begin = after or self.arrival
        return begin + (self.until - begin) * self.random.random()

    def checkout(self) -> datetime:
        """A moment at the departure, which may lie after the end of the log."""
        return self.departure + timedelta(minutes=CHECKOUT_MINUTES) * self.random.random()

    def charge(self, *, paid: bool = False) -> Bill:
        """Post a charge, paid at once or not at all."""
        charge: Charge = self.random.choice(CHARGES)
        total = charge.price * WON
        new = NewBill(
            name=f"{charge.name} {self.desk.now:%m/%d}",
            total_amount=total,
            accommodation_id=HOTEL,
            reservation_id=f"R-{self.account.folio_id}",
            payments=(self._payment(total),) if paid else (),
            origin_rate_snapshot=f"{self.desk.now:%Y-%m} 공시 요금" if charge in ROOMS else None,
        )
        return self.desk.do(lambda work: self.desk.ledger.add_bill(work, self.account.folio_id, new), self.account)

    def pay(self, bill: Bill, *, applied: bool = True) -> Payment:
        """Record a payment of what the bill owes; of one that a company took over, the company's."""
        given = self._payment(bill.balance_amount, by_company=bill.folio_id != self.account.folio_id)
        _, payment = self.desk.do(
            lambda work: self.desk.ledger.add_payment(work, bill.id, given, apply_to_balance=applied), self.account
        )
        return payment

    def cancel_payment(self, payment: Payment, reason: str) -> None:
        """Give the money back."""
        self.desk.do(lambda work: self.desk.ledger.cancel_payment(work, payment.id), self.account, reason=reason)

    def correct_payment(self, payment: Payment, amount: int, reason: str) -> None:
        """Put a payment's amount right."""
        changes = PaymentChanges(amount=amount)
        self.desk.do(
            lambda work: self.desk.ledger.update_payment(work, payment.id, changes), self.account, reason=reason
        )

    def update(self, bill: Bill, changes: BillChanges, reason: str | None = None) -> Bill:
        """Change a bill."""
        return self.desk.do(
            lambda work: self.desk.ledger.update_bill(work, bill.id, changes), self.account, reason=reason
        )

    def cancel(self, bill: Bill, reason: str) -> None:
        """Take a charge back."""
        self.desk.do(
            lambda work: self.desk.ledger.cancel_bill(work, bill.id, BillChanges()), self.account, reason=reason
        )

    def delete(self, bill: Bill, reason: str) -> None:
        """Remove a bill."""
        self.desk.do(lambda work: self.desk.ledger.delete_bill(work, bill.id), self.account, reason=reason)

    def transfer(self, bill: Bill, split_amount: int | None) -> Bill:
        """Move a bill, or a part of it, to the company that pays for the guest; returns the company's."""
        wanted, destination = [TransferWanted(bill.id, split_amount)], Destination(self.company.folio_id, None)
        [moved] = self.desk.do(
            lambda work: self.desk.ledger.transfer_bills(work, wanted, destination), self.account, self.company
        )
        return moved

    def settle(self, bill: Bill) -> None:
        """Post a bill that takes the guest's payment, and settle another one from it."""
        new = NewBill(
            name="체크아웃 결제 Checkout",
            total_amount=0,
            payments=(self._payment(bill.balance_amount),),
            settlements=(SettlementWanted(bill.id, bill.balance_amount),),
        )
        self.desk.do(lambda work: self.desk.ledger.add_bill(work, self.account.folio_id, new), self.account)

    def _payment(self, amount: int, *, by_company: bool = False) -> PaymentGiven:
        payment = NewPayment("TRANSFER" if by_company else self.random.choice(METHODS), amount, self.desk.now)
        if payment.payment_method != VIRTUAL_ACCOUNT:
            return PaymentGiven(payment)
        self.desk.provide_key(self.account)
        number = f"{self.random.randint(100, 999)}-{self.random.randint(100_000, 999_999)}"
        account = VirtualAccountDetails(self.random.choice(BANK_CODES), number, self.random.choice(GUESTS))
        return PaymentGiven(payment, (account,))
