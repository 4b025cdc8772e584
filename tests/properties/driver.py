"""From the commands of these properties to what a PMS would send, and back from the answers."""

from abc import ABC, abstractmethod
from typing import Any

import httpx

from tests.conftest import PAID_AT
from tests.operations import Answer, Asked
from tests.properties.answers import Outcome
from tests.properties.commands import (
    AddBill,
    ChangeBill,
    ChangePayment,
    Command,
    Configure,
    DeleteBill,
    EndPayment,
    Money,
    Pay,
    Settle,
    Target,
    Transfer,
)

Members = dict[str, Any]


class Driver(ABC):
    """The running service, commanded through one of its faces.

    `house` is put before the ids of accommodations and folios, so that runs do not meet in one ledger. `reason` goes
    with every command.
    """

    def __init__(self, client: httpx.AsyncClient, house: str = "", reason: str | None = None) -> None:
        self.client = client
        self.house = house
        self._reason = reason

    @abstractmethod
    async def ask(self, asked: Asked) -> Answer:
        """The answer to a command, its ids as they are."""

    @abstractmethod
    async def bill(self, bill_id: str) -> Any:
        """A bill as it is now, or the code of the error."""

    @abstractmethod
    async def payment(self, payment_id: str) -> Any:
        """A payment as it is now, or the code of the error."""

    @abstractmethod
    async def payments(self, bill_id: str) -> Any:
        """All payments of a bill, or the code of the error."""

    @abstractmethod
    async def folio(self, folio_id: str) -> Any:
        """A folio as it is now, or the code of the error."""

    @abstractmethod
    async def bills(self, accommodation_id: str) -> Any:
        """All bills of an accommodation, newest first."""

    async def run(self, command: Command) -> Outcome:
        """The answer to a command."""
        answer = await self.ask(self.asked(command))
        if answer.code is not None:
            return Outcome(answer.code, detail=answer.detail, faults=answer.faults)
        if answer.view is True or isinstance(command, Configure):
            return Outcome()
        view = self.at_home(answer.view)
        if isinstance(command, Pay | ChangePayment | EndPayment):
            return Outcome(payment=view)
        return Outcome(bills=view if isinstance(command, Transfer) else [view])

    def at_home(self, value: Any) -> Any:
        """An answer with the ids that the run knows."""
        if isinstance(value, dict):
            return {name: self.at_home(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.at_home(each) for each in value]
        return value.removeprefix(self.house) if isinstance(value, str) else value

    def asked(self, command: Command) -> Asked:
        """What a PMS would ask for."""
        mutation, id_, members = self._words(command)
        return Asked(mutation, str(id_), {**members, **_given(reason=self._reason)})

    def _words(self, command: Command) -> tuple[str, Target, Members]:
        match command:
            case Configure(accommodation, currency):
                return "configureAccommodation", self.house + accommodation, _given(currency=currency)
            case AddBill():
                return "addBillToFolio", self.house + command.folio, self._bill(command)
            case ChangeBill(bill, name, total, balance, cancel):
                changes = _given(name=name, totalAmount=total, balanceAmount=balance)
                return "cancelBill" if cancel else "updateBill", bill, changes
            case DeleteBill(bill):
                return "deleteBill", bill, {}
            case Settle(bill, settlements):
                return "settleBills", bill, {"settlements": _settlements(settlements)}
            case Transfer(bills, folio, reservation):
                items = [_given(id=bill, splitAmount=split) for bill, split in bills]
                return "transferBills", "", _given(bills=items, folioId=self.house + folio, reservationId=reservation)
            case Pay(bill, money, apply):
                return "addPaymentToBill", bill, {**_payment(money), **_given(applyToBalance=apply)}
            case ChangePayment(payment, method, amount, account):
                accounts = None if account is None else _accounts(account)
                return "updatePayment", payment, _given(paymentMethod=method, amount=amount, virtualAccounts=accounts)
            case EndPayment(payment, delete):
                return "deletePayment" if delete else "cancelPayment", payment, {}

    def _bill(self, command: AddBill) -> Members:
        return _given(
            name=command.name,
            totalAmount=command.total,
            balanceAmount=command.balance,
            reservationId=command.reservation,
            accommodationId=command.accommodation and self.house + command.accommodation,
            payments=[_payment(money) for money in command.payments] or None,
            settlements=_settlements(command.settlements) or None,
        )


def _given(**members: Any) -> Members:
    return {name: value for name, value in members.items() if value is not None}


def _accounts(number: str) -> list[Members]:
    return [{"bankCode": "088", "accountNumber": number, "accountHolder": "홍길동"}] if number else []


def _payment(money: Money) -> Members:
    members: Members = {"paymentMethod": money.method, "amount": money.amount, "paidAt": PAID_AT}
    return {**members, "virtualAccounts": _accounts(money.account)} if money.account else members


def _settlements(wanted: tuple[tuple[Target, int], ...]) -> list[Members]:
    return [{"targetBillId": target, "settledAmount": amount} for target, amount in wanted]
