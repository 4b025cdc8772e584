"""What an event changes of a bill, a payment or a payment request, in the names and forms of the interface.

Guests and account numbers stay masked as in the feed. `version` and `updatedAt`, which every event moves, are left out,
and `payments`, whose events say what they change of one payment. Of the lists of settlements a change holds what was
added.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.billing.bill import Bill, BillDeleted
from services.billing.event import LedgerEvent
from services.billing.event_views import MASK
from services.billing.payment import Payment
from services.billing.settlement import Settled
from services.billing.views import View, bill_view, payment_view, settlement_view
from services.collection.payment_request import PaymentRequest
from services.collection.views import request_view

LEFT_OUT = frozenset({"version", "updatedAt", "payments", "settlementsMade", "settlementsReceived"})
OF_THE_BILL = ("balanceAmount", "status")
"""What a payment changes of its bill."""


@dataclass(frozen=True)
class Change:
    """A field before an event and after it; None where it had no value, or its thing was not there."""

    field: str
    before: Any
    after: Any

    @property
    def view(self) -> View:
        """As every interface shows it."""
        return {"field": self.field, "before": self.before, "after": self.after}


def shown_of(thing: Any, event: LedgerEvent) -> View:
    """What of a thing (a bill or a request; None before it is there) an event may change, still sealed."""
    payment_id = getattr(event, "payment_id", None)
    if isinstance(thing, PaymentRequest):
        return {name: value for name, value in request_view(thing).items() if name not in LEFT_OUT}
    if not isinstance(thing, Bill) or (isinstance(event, BillDeleted) and thing.deleted):
        return {}
    if payment_id is None:
        return {name: value for name, value in view_without_lists(thing).items() if name not in LEFT_OUT}
    bill = {"balanceAmount": thing.balance_amount, "status": thing.status}
    payment = thing.payments.get(payment_id)
    return bill if payment is None else {**payment_view(thing.id, thing.folio_id, payment), **bill}


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any], event: LedgerEvent) -> tuple[Change, ...]:
    """The fields that differ, in the order of the interface, sealed values masked."""
    names = [*after, *(name for name in before if name not in after)]
    found = [
        Change(shown, *(_masked(value) for value in values))
        for name in names
        if (values := (before.get(name), after.get(name)))[0] != values[1]
        for shown in (("customerName", "maskedPhone") if name == "guest" else (name,))
    ]
    if isinstance(event, Settled):
        side = "settlementsMade" if event.on_paying_bill else "settlementsReceived"
        found.append(Change(side, [], [settlement_view(event.settlement)]))
    return tuple(found)


def view_without_lists(bill: Bill) -> View:
    """The bill's own fields and empty lists, at the same cost however many payments it has."""
    bare = object.__new__(Bill)
    bare.__dict__.update(vars(bill), payments={}, settlements_made=[], settlements_received=[])
    return bill_view(bare)


def _masked(value: Any) -> Any:
    """The value with a mask for what is sealed in it."""
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if not isinstance(value, dict) or "sealed" not in value:
        return value
    if "bankCode" in value:
        return {"bankCode": value["bankCode"], "accountNumber": MASK, "accountHolder": MASK}
    return MASK


def masked_view(view: Any) -> Any:
    """A view with a mask for everything that is sealed in it, however deep."""
    if isinstance(view, dict) and "sealed" not in view:
        return {name: masked_view(value) for name, value in view.items()}
    return [masked_view(item) for item in view] if isinstance(view, list) else _masked(view)


def payment_of(before: Bill | None, event: LedgerEvent) -> Payment | None:
    """The payment that an event is about, as the bill has it."""
    payment_id = getattr(event, "payment_id", None)
    return None if before is None or payment_id is None else before.payments.get(payment_id)
