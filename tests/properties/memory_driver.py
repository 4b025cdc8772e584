"""Runs commands on the domain itself, with everything in memory."""

from collections.abc import Callable
from typing import Any

from services.billing.bill import Bill
from services.billing.errors import Refusal
from services.billing.payment import Payment
from services.billing.personal_data import VirtualAccountDetails, open_account
from services.billing.settlement import SettlementWanted
from services.billing.views import bill_view, payment_view
from tests.properties.answers import Outcome
from tests.properties.commands import (
    AddBill,
    ChangeBill,
    ChangePayment,
    Command,
    Configure,
    DeleteBill,
    EndPayment,
    Pay,
    Settle,
    Transfer,
)
from tests.unit.given import Hotel, paid


def accounts_of(number: str | None) -> tuple[VirtualAccountDetails, ...]:
    """The virtual account of a payment, if it has one."""
    return (VirtualAccountDetails("088", number, "홍길동"),) if number else ()


class MemoryDriver:
    """A hotel in memory, commanded with the commands of these properties."""

    def __init__(self) -> None:
        self.hotel = Hotel()
        self.answered: list[Bill] = []

    def run(self, command: Command) -> Outcome:
        """The answer to a command; `answered` are the bills as the command left them."""
        self.answered = []
        try:
            return self._run(command)
        except Refusal as refusal:
            return Outcome(refusal.code)

    def bill(self, bill_id: str) -> Bill:
        """The bill as replaying its events gives it."""
        return self.hotel.bill(bill_id)

    def view(self, bill: Bill) -> dict[str, Any]:
        """A bill as an interface shows it, its virtual accounts opened."""
        view = bill_view(bill)
        return {**view, "payments": [self._open(payment) for payment in view["payments"]]}

    def _run(self, command: Command) -> Outcome:
        hotel = self.hotel
        match command:
            case Configure(accommodation, currency):
                hotel.configure(accommodation, **({} if currency is None else {"currency": currency}))
                return Outcome()
            case DeleteBill(bill):
                hotel.delete_bill(str(bill))
                return Outcome()
            case EndPayment(payment, delete):
                if delete:
                    hotel.delete_payment(str(payment))
                    return Outcome()
                return self._paid(hotel.cancel_payment(str(payment)))
            case ChangePayment():
                accounts = None if command.account is None else accounts_of(command.account)
                return self._paid(
                    hotel.update_payment(
                        str(command.payment), method=command.method, amount=command.amount, accounts=accounts
                    )
                )
            case Pay(bill, money, apply):
                accounts = accounts_of(money.account)
                return self._paid(hotel.pay(str(bill), money.amount, money.method, applied=apply, accounts=accounts))
            case AddBill():
                return self._billed(self._add_bill(command))
            case ChangeBill(bill, name, total, balance, cancel):
                change: Callable[..., Bill] = hotel.cancel_bill if cancel else hotel.update_bill
                return self._billed(change(str(bill), name=name, total=total, balance=balance))
            case Settle(bill, settlements):
                return self._billed(hotel.settle(str(bill), *((str(target), amount) for target, amount in settlements)))
            case Transfer(bills, folio, reservation):
                whole_or_split = [str(bill) if split is None else (str(bill), split) for bill, split in bills]
                return self._billed(*hotel.transfer(*whole_or_split, to=folio, reservation=reservation))

    def _add_bill(self, c: AddBill) -> Bill:
        return self.hotel.add_bill(
            c.folio,
            c.total,
            accommodation_id=c.accommodation,
            name=c.name,
            balance_amount=c.balance,
            reservation_id=c.reservation,
            payments=tuple(
                paid(money.amount, money.method, accounts=accounts_of(money.account)) for money in c.payments
            ),
            settlements=tuple(SettlementWanted(str(target), amount) for target, amount in c.settlements),
        )

    def _billed(self, *bills: Bill) -> Outcome:
        self.answered = list(bills)
        return Outcome(bills=[self.view(bill) for bill in bills])

    def _paid(self, payment: Payment) -> Outcome:
        bill = self.bill(self.hotel.store.aliases[payment.id])
        return Outcome(payment=self._open(payment_view(bill.id, bill.folio_id, payment)))

    def _open(self, payment: dict[str, Any]) -> dict[str, Any]:
        keys = self.hotel.store.data_keys
        accounts = payment["virtualAccounts"]
        opened = accounts and [open_account(account, keys[account["folioId"]]) for account in accounts]
        return {**payment, "virtualAccounts": opened}
