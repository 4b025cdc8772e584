"""A small model of the domain in plain dicts, written from domain.md and not from the code.

A command that the rules refuse raises Refused with every code that domain.md allows for it: when a command
is wrong in two ways, either answer is right.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

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

MAX = 10**15
REQUIRED, INVALID = "REQUIRED_PARAMETER", "INVALID_PARAMETER"
NOT_FOUND, STATE = "DATA_NOT_FOUND_ON_ID", "INVALID_STATE"


class Refused(Exception):
    """The command is refused with one of these codes."""

    def __init__(self, codes: set[str]) -> None:
        super().__init__(", ".join(sorted(codes)))
        self.codes = codes


@dataclass
class Payment:
    """A payment on a bill."""

    method: str
    amount: int
    applied: bool
    account: str | None
    cancelled: bool = False


@dataclass
class Bill:
    """A bill; `end` is how it ended: "", CANCELLED, TRANSFERRED or DELETED."""

    accommodation: str
    folio: str
    name: str
    total: int
    balance: int
    reservation: str | None
    origin: tuple[str, str] | None = None
    end: str = ""
    payments: dict[str, Payment] = field(default_factory=dict)
    made: list[tuple[str, int]] = field(default_factory=list)
    received: list[tuple[str, int]] = field(default_factory=list)

    @property
    def status(self) -> str:
        """As section 3 has it."""
        return self.end or ("SETTLED" if self.balance == 0 else "OPEN")


class Model:
    """What should be true. `ids` are those that the service gave to what a command made."""

    def __init__(self) -> None:
        self.currencies: dict[str, str] = {}
        self.folios: dict[str, str] = {}
        self.bills: dict[str, Bill] = {}
        self.payments: dict[str, str] = {}
        self._faults: set[str] = set()

    def after(self, command: Command, ids: Iterator[str]) -> "Model":
        """The model after the command. Raises Refused."""
        following = deepcopy(self)
        match command:
            case Configure():
                following._configure(command)
            case AddBill():
                following._add_bill(command, ids)
            case ChangeBill():
                following._change_bill(command)
            case DeleteBill():
                following._delete_bill(command)
            case Settle():
                payer = following._bill(command.bill)
                for target, amount in command.settlements:
                    following._settle(command.bill, payer, target, amount)
            case Transfer():
                following._transfer(command, ids)
            case Pay():
                following._pay(following._bill(command.bill), command.money, ids, applied=command.apply is True)
            case ChangePayment():
                following._change_payment(command)
            case EndPayment():
                following._end_payment(command)
        if following._faults:
            raise Refused(following._faults)
        return following

    def _wrong(self, code: str, wrong: bool) -> None:
        if wrong:
            self._faults.add(code)

    def _limited(self, amount: int) -> None:
        self._wrong(INVALID, abs(amount) > MAX)

    def _bill(self, bill_id: Target) -> Bill | None:
        bill = self.bills.get(str(bill_id))
        found = bill is not None and bill.end != "DELETED"
        self._wrong(NOT_FOUND, not found)
        return bill if found else None

    def _used(self, accommodation: str) -> bool:
        return any(bill.accommodation == accommodation for bill in self.bills.values())

    def _configure(self, c: Configure) -> None:
        current = self.currencies.get(c.accommodation, "KRW")
        currency = c.currency or current
        self._wrong(STATE, currency != current and self._used(c.accommodation))
        self.currencies[c.accommodation] = currency

    def _add_bill(self, c: AddBill, ids: Iterator[str]) -> None:
        accommodation = self.folios.get(c.folio, c.accommodation)
        self._wrong(REQUIRED, accommodation is None)
        self._wrong(INVALID, c.accommodation is not None and c.accommodation != accommodation)
        balance = c.total if c.balance is None else c.balance
        self._limited(c.total)
        self._limited(balance)
        self.folios[c.folio] = accommodation or "?"
        bill = Bill(self.folios[c.folio], c.folio, c.name, c.total, balance, c.reservation)
        bill_id = next(ids, "?")
        self.bills[bill_id] = bill
        for money in c.payments:
            self._pay(bill, money, ids, applied=True)
        for target, amount in c.settlements:
            self._settle(bill_id, bill, target, amount)

    def _change_bill(self, c: ChangeBill) -> None:
        self._limited(c.total or 0)
        self._limited(c.balance or 0)
        bill = self._bill(c.bill)
        if bill is None:
            return
        self._wrong(STATE, bill.end != "")
        total = bill.total if c.total is None else c.total
        bill.balance = bill.balance + total - bill.total if c.balance is None else c.balance
        bill.total, bill.name = total, c.name or bill.name
        self._limited(bill.total)
        self._limited(bill.balance)
        if c.cancel:
            bill.balance -= bill.total
            bill.end = "CANCELLED"
            self._limited(bill.balance)

    def _delete_bill(self, c: DeleteBill) -> None:
        bill = self._bill(c.bill)
        if bill is None:
            return
        live_payments = any(not payment.cancelled for payment in bill.payments.values())
        self._wrong(STATE, bool(bill.end == "TRANSFERRED" or live_payments or bill.made or bill.received))
        bill.end = "DELETED"

    def _settle(self, payer_id: Target, payer: Bill | None, target_id: Target, amount: int) -> None:
        target = self._bill(target_id)
        self._wrong(INVALID, not 1 <= amount <= MAX)
        if payer is None or target is None:
            return
        self._wrong(INVALID, payer is target or payer.folio != target.folio or amount > target.balance)
        self._wrong(STATE, payer.end != "" or target.end != "")
        target.balance -= amount
        payer.balance += amount
        self._limited(payer.balance)
        payer.made.append((str(target_id), amount))
        target.received.append((str(payer_id), amount))

    def _transfer(self, c: Transfer, ids: Iterator[str]) -> None:
        named = [str(target) for target, _ in c.bills]
        self._wrong(INVALID, len(set(named)) < len(named))
        self._wrong(INVALID, any(split is not None and not 1 <= split <= MAX for _, split in c.bills))
        bills = [(bill, split) for target, split in c.bills if (bill := self._bill(target)) is not None]
        if len(bills) < len(named):
            return
        accommodation = self.folios.setdefault(c.folio, bills[0][0].accommodation)
        for target, (bill, split) in zip(named, bills, strict=True):
            moved_id = next(ids, "?")
            self._wrong(INVALID, bill.accommodation != accommodation)
            self._wrong(STATE, bill.end != "")
            if bill.folio == c.folio:
                self._wrong(REQUIRED, c.reservation is None)
                self._wrong(INVALID, split is not None)
                bill.reservation = c.reservation
                continue
            self._wrong(INVALID, split is not None and not 1 <= split <= bill.total)
            total = bill.total if split is None else split
            whole = total == bill.total
            balance = bill.balance if whole else min(total, bill.balance)
            origin = (bill.folio, target)
            moved = Bill(bill.accommodation, c.folio, bill.name, total, balance, c.reservation, origin)
            self.bills[moved_id] = moved
            bill.balance -= balance
            if whole:
                bill.end = "TRANSFERRED"
            else:
                bill.total -= total

    def _fitting(self, method: str, amount: int, account: str | None) -> None:
        self._wrong(INVALID, re.fullmatch("[A-Z][A-Z0-9_]{0,31}", method) is None)
        self._wrong(INVALID, not 1 <= amount <= MAX)
        self._wrong(INVALID, bool(account) and method != "VIRTUAL_ACCOUNT")

    def _pay(self, bill: Bill | None, money: Money, ids: Iterator[str], *, applied: bool) -> None:
        self._fitting(money.method, money.amount, money.account)
        if bill is None:
            return
        self._wrong(STATE, bill.end != "")
        payment_id = next(ids, "?")
        bill.payments[payment_id] = Payment(money.method, money.amount, applied, money.account)
        self.payments[payment_id] = next(key for key, each in self.bills.items() if each is bill)
        if applied:
            bill.balance -= money.amount
            self._limited(bill.balance)

    def _payment(self, payment_id: Target) -> tuple[Bill, Payment] | None:
        bill = self.bills.get(self.payments.get(str(payment_id), ""))
        if bill is None or bill.end == "DELETED" or payment_id not in bill.payments:
            self._wrong(NOT_FOUND, True)
            return None
        return bill, bill.payments[str(payment_id)]

    def _change_payment(self, c: ChangePayment) -> None:
        self._fitting(c.method or "CARD", 1 if c.amount is None else c.amount, None)
        found = self._payment(c.payment)
        if found is None:
            return
        bill, payment = found
        self._wrong(STATE, bill.end != "" or payment.cancelled)
        method = payment.method if c.method is None else c.method
        amount = payment.amount if c.amount is None else c.amount
        kept = payment.account if method == "VIRTUAL_ACCOUNT" else None
        account = kept if c.account is None else c.account or None
        self._fitting(method, amount, account)
        if payment.applied:
            bill.balance -= amount - payment.amount
            self._limited(bill.balance)
        payment.method, payment.amount, payment.account = method, amount, account

    def _end_payment(self, c: EndPayment) -> None:
        found = self._payment(c.payment)
        if found is None:
            return
        bill, payment = found
        self._wrong(STATE, payment.cancelled and not c.delete)
        if payment.applied and not payment.cancelled:
            bill.balance += payment.amount
            self._limited(bill.balance)
        payment.cancelled = True
        if c.delete:
            del bill.payments[str(c.payment)]
