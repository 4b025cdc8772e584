"""From "the n-th bill" in a generated command to a bill of the run: one that takes the command more often than not."""

from collections.abc import Sequence
from dataclasses import replace

from tests.properties.commands import (
    NOBODY,
    UNKNOWN_ID,
    WHOLE,
    AddBill,
    ChangeBill,
    ChangePayment,
    Command,
    Configure,
    DeleteBill,
    EndPayment,
    Pay,
    Settle,
    Target,
    Transfer,
)
from tests.properties.model import Model

Parts = tuple[tuple[Target, int], ...]


def aimed(command: Command, model: Model) -> Command:
    """The command with ids in the place of numbers."""
    bills = _bills(model)
    match command:
        case AddBill():
            return replace(command, settlements=_targets(model, command.folio, command.settlements))
        case Settle():
            payer = _at(bills, command.bill)
            folio = model.bills[payer].folio if payer in model.bills else ""
            return replace(command, bill=payer, settlements=_targets(model, folio, command.settlements))
        case Transfer():
            pairs = [(_at(bills, target), split) for target, split in command.bills]
            return replace(command, bills=tuple((bill_id, _split(model, bill_id, split)) for bill_id, split in pairs))
        case ChangeBill() | DeleteBill() | Pay():
            return replace(command, bill=_at(bills, command.bill))
        case ChangePayment() | EndPayment():
            return replace(command, payment=_at(_payments(model), command.payment))
        case Configure():
            return command


def _at(ids: Sequence[str], target: Target) -> str:
    if isinstance(target, str):
        return target
    return ids[target % len(ids)] if ids and target != NOBODY else UNKNOWN_ID


def _split(model: Model, bill_id: str, split: int | None) -> int | None:
    """The split amount; the bill's total for a whole one, and none for the whole of a discount or of nothing."""
    if split != WHOLE:
        return split
    total = model.bills[bill_id].total if bill_id in model.bills else 1
    return total if total >= 1 else None


def _bills(model: Model) -> list[str]:
    """Bills that still take commands, and every bill."""
    return [bill_id for bill_id, bill in model.bills.items() if bill.end == ""] * 4 + list(model.bills)


def _payments(model: Model) -> list[str]:
    """Payments that still take commands, cancelled ones, those of bills that have ended, a few that may be gone."""
    kept = [(bill, *item) for bill in model.bills.values() if bill.end != "DELETED" for item in bill.payments.items()]
    live = [payment_id for bill, payment_id, payment in kept if bill.end == "" and not payment.cancelled]
    cancelled = [payment_id for _, payment_id, payment in kept if payment.cancelled]
    return live * 2 + cancelled * 2 + [payment_id for _, payment_id, _ in kept] + list(model.payments)[-3:]


def _targets(model: Model, folio: str, settlements: Parts) -> Parts:
    """Targets on the folio that owe something, and every bill."""
    owing = [
        bill_id for bill_id, bill in model.bills.items() if (bill.folio, bill.end) == (folio, "") and bill.balance > 0
    ]
    return tuple((_at(owing * 5 + list(model.bills), target), amount) for target, amount in settlements)
