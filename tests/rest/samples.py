"""A good request for every command, and the kinds of its values."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from tests.operations import Asked
from tests.rest.support import PAYMENT

ACCOUNT = {"bankCode": "088", "accountNumber": "110-237", "accountHolder": "Hong"}
FULL_PAYMENT = {**PAYMENT, "paymentMethod": "VIRTUAL_ACCOUNT", "virtualAccounts": [ACCOUNT]}
PAYMENT_FIELDS = {
    "paymentMethod": "method!", "amount": "positive!", "paidAt": "time!", "virtualAccounts": "list",
    "virtualAccounts/0/bankCode": "short!", "virtualAccounts/0/accountNumber": "short!",
    "virtualAccounts/0/accountHolder": "short",
}  # fmt: skip
CHANGES = {"name": "Room", "totalAmount": 1, "balanceAmount": 1, "reason": "typed wrong"}
CHANGES_FIELDS = {"name": "text", "totalAmount": "amount", "balanceAmount": "amount", "reason": "reason"}

Sample = tuple[Asked, dict[str, str]]
"""A good command, and its values by their pointers with their kinds; `!` marks those that are required."""


def samples(bill: str, payment: str) -> Iterator[Sample]:
    """A command of every kind, on a bill of HOTEL-1 and a payment on it that exist."""
    inn = {"name": "Inn", "payssam": {"member": "M", "merchant": "X"}}
    yield Asked("configureAccommodation", "HOTEL-1", inn), {
        "name": "text", "payssam": "part", "payssam/member": "short", "payssam/merchant": "short", "reason": "reason",
    }  # fmt: skip
    new = {
        "accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 1, "balanceAmount": 1, "payments": [FULL_PAYMENT],
        "settlements": [{"targetBillId": bill, "settledAmount": 1}],
    }  # fmt: skip
    yield Asked("addBillToFolio", "FOLIO-1", new), {
        "name": "text!", "totalAmount": "amount!", "balanceAmount": "amount", "accommodationId": "id",
        "reservationId": "id", "originRateSnapshot": "text", "originInclusionSnapshot": "text", "reason": "reason",
        "payments": "list", **below("payments/0", PAYMENT_FIELDS), "settlements": "list",
        "settlements/0/targetBillId": "ulid!", "settlements/0/settledAmount": "positive!",
    }  # fmt: skip
    yield Asked("updateBill", bill, CHANGES), CHANGES_FIELDS
    yield Asked("cancelBill", bill, CHANGES), CHANGES_FIELDS
    yield Asked("deleteBill", bill), {"reason": "reason"}
    yield Asked("settleBills", bill, {"settlements": new["settlements"]}), {
        "settlements": "list!", "settlements/0/targetBillId": "ulid!", "settlements/0/settledAmount": "positive!",
        "reason": "reason",
    }  # fmt: skip
    yield Asked("transferBills", "", {"bills": [{"id": bill, "splitAmount": 1}], "folioId": "F-2"}), {
        "bills": "list!", "bills/0/id": "ulid!", "bills/0/splitAmount": "positive", "folioId": "id!",
        "reservationId": "id", "reason": "reason",
    }  # fmt: skip
    yield Asked("addPaymentToBill", bill, FULL_PAYMENT), {
        **PAYMENT_FIELDS, "applyToBalance": "flag", "reason": "reason",
    }  # fmt: skip
    optional = {name: kind.rstrip("!") if "/" not in name else kind for name, kind in PAYMENT_FIELDS.items()}
    yield Asked("updatePayment", payment, FULL_PAYMENT), {**optional, "reason": "reason"}
    yield Asked("cancelPayment", payment), {"reason": "reason"}
    yield Asked("deletePayment", payment), {"reason": "reason"}


def below(prefix: str, fields: dict[str, str]) -> dict[str, str]:
    """The fields of a part, by their pointers in the whole."""
    return {f"{prefix}/{name}": kind for name, kind in fields.items()}


def changed(body: Any, pointer: str, *values: Any) -> dict[str, Any]:
    """The body with another value at a pointer, or with none there."""
    new: dict[str, Any] = copy.deepcopy(body)
    place: Any = new
    *above, last = pointer.split("/")
    for step in above:
        place = place[int(step) if isinstance(place, list) else step]
    if values:
        place[last] = values[0]
    else:
        place.pop(last, None)
    return new


def objects_in(body: Mapping[str, Any], pointer: str = "") -> Iterator[str]:
    """The pointers of all objects in a body, its own included."""
    yield pointer
    for name, value in body.items():
        if isinstance(value, dict):
            yield from objects_in(value, f"{pointer}{name}/")
        if isinstance(value, list):
            yield from objects_in(value[0], f"{pointer}{name}/0/")
