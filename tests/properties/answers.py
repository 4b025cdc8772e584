"""What a run answers, and its comparison with the model, whichever way the commands went."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.properties.commands import Command
from tests.properties.model import Bill, Model, Payment, Refused

View = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """The answer to a command: the code of its refusal with all that is told of it, or the bills or the payment."""

    code: str | None = None
    bills: Sequence[View] = ()
    payment: View | None = None
    detail: str | None = None
    faults: Sequence[View] = ()

    @property
    def ids(self) -> Iterator[str]:
        """The ids in the answer, in the order in which the model asks for new ones."""
        for bill in self.bills:
            yield bill["id"]
            yield from (payment["id"] for payment in bill["payments"] if len(self.bills) == 1)
        if self.payment is not None:
            yield self.payment["id"]


def follow(model: Model, command: Command, outcome: Outcome) -> Model:
    """The model after the command, which must have answered as the model does."""
    try:
        following = model.after(command, outcome.ids)
    except Refused as refused:
        assert outcome.code in refused.codes, f"{command}: {outcome.code} instead of {refused}"
        return model
    assert outcome.code is None, f"{command}: refused with {outcome.code}, though nothing is wrong with it"
    for view in outcome.bills:
        assert seen(view) == shown(following, view["id"])
    if outcome.payment is not None:
        payment_id = outcome.payment["id"]
        owner = following.bills[following.payments[payment_id]]
        assert seen_payment(outcome.payment) == shown_payment(payment_id, owner.payments[payment_id])
    return following


def shown(model: Model, bill_id: str) -> dict[str, Any]:
    """A bill of the model, as `seen` makes it of a view."""
    bill: Bill = model.bills[bill_id]
    folio, origin = bill.origin or (None, None)
    return {
        "id": bill_id,
        "accommodationId": bill.accommodation,
        "folioId": bill.folio,
        "reservationId": bill.reservation,
        "name": bill.name,
        "totalAmount": bill.total,
        "balanceAmount": bill.balance,
        "currency": model.currencies.get(bill.accommodation, "KRW"),
        "status": bill.status,
        "transferOriginFolioId": folio,
        "transferOriginBillId": origin,
        "cancelled": bill.end == "CANCELLED",
        "payments": [shown_payment(*item) for item in bill.payments.items()],
        "settlementsMade": [(bill_id, target, amount) for target, amount in bill.made],
        "settlementsReceived": [(payer, bill_id, amount) for payer, amount in bill.received],
    }


def seen(view: View) -> dict[str, Any]:
    """The part of a bill's view that the model speaks about."""
    names = [
        "id", "accommodationId", "folioId", "reservationId", "name", "totalAmount", "balanceAmount", "currency",
        "status", "transferOriginFolioId", "transferOriginBillId",
    ]  # fmt: skip
    return {
        **{name: view[name] for name in names},
        "cancelled": view["cancelledAt"] is not None,
        "payments": [seen_payment(payment) for payment in view["payments"]],
        **{
            side: [(each["paymentBillId"], each["targetBillId"], each["settledAmount"]) for each in view[side]]
            for side in ("settlementsMade", "settlementsReceived")
        },
    }


def shown_payment(payment_id: str, payment: Payment) -> dict[str, Any]:
    """A payment of the model, as `seen_payment` makes it of a view."""
    return {
        "id": payment_id,
        "paymentMethod": payment.method,
        "amount": payment.amount,
        "appliedToBalance": payment.applied,
        "cancelled": payment.cancelled,
        "accounts": None if payment.account is None else [payment.account],
    }


def seen_payment(view: View) -> dict[str, Any]:
    """The part of a payment's view that the model speaks about."""
    accounts = view["virtualAccounts"]
    return {
        **{name: view[name] for name in ("id", "paymentMethod", "amount", "appliedToBalance")},
        "cancelled": view["cancelledAt"] is not None,
        "accounts": accounts and [account["accountNumber"] for account in accounts],
    }


def owed(views: Sequence[View]) -> tuple[int, int]:
    """The sums that transfers and settlements must not change: of totals over live bills, and of balances."""
    live = [view for view in views if view["status"] in {"OPEN", "SETTLED"}]
    return sum(view["totalAmount"] for view in live), sum(view["balanceAmount"] for view in views)
