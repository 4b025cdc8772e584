"""The commands that properties are tried with, independent of the domain's own classes.

A command as it is generated aims at the n-th bill or payment of its run; `aiming` puts ids in their place.
"""

from dataclasses import dataclass

Target = int | str
"""The n-th bill or payment of a run (modulo how many there are), NOBODY for none; or its id."""

NOBODY = -1
WHOLE = 0
"""A split amount that is as large as the bill's total."""

UNKNOWN_ID = "01JD9T7Q2M4Z8K6W3X5V1B0C9E"


@dataclass(frozen=True)
class Money:
    """A payment: its method, amount, and the number of its virtual account if it has one."""

    method: str
    amount: int
    account: str | None = None


@dataclass(frozen=True)
class Configure:
    """Set an accommodation's currency, None for leaving it."""

    accommodation: str
    currency: str | None


@dataclass(frozen=True)
class AddBill:
    """Add a bill to a folio, with settlements (target, amount)."""

    folio: str
    accommodation: str | None
    name: str
    total: int
    balance: int | None
    reservation: str | None
    payments: tuple[Money, ...]
    settlements: tuple[tuple[Target, int], ...]


@dataclass(frozen=True)
class ChangeBill:
    """Update a bill, or cancel it with these fields."""

    bill: Target
    name: str | None
    total: int | None
    balance: int | None
    cancel: bool


@dataclass(frozen=True)
class DeleteBill:
    """Delete a bill."""

    bill: Target


@dataclass(frozen=True)
class Settle:
    """Settle targets, each with an amount, from a bill."""

    bill: Target
    settlements: tuple[tuple[Target, int], ...]


@dataclass(frozen=True)
class Transfer:
    """Transfer bills, each with its split amount or None."""

    bills: tuple[tuple[Target, int | None], ...]
    folio: str
    reservation: str | None


@dataclass(frozen=True)
class Pay:
    """Add a payment to a bill; `apply` is applyToBalance."""

    bill: Target
    money: Money
    apply: bool | None


@dataclass(frozen=True)
class ChangePayment:
    """Update a payment; an account of "" takes the accounts away."""

    payment: Target
    method: str | None
    amount: int | None
    account: str | None


@dataclass(frozen=True)
class EndPayment:
    """Cancel a payment, or delete it."""

    payment: Target
    delete: bool


Command = Configure | AddBill | ChangeBill | DeleteBill | Settle | Transfer | Pay | ChangePayment | EndPayment
