"""The commands: one table, a line each, and what each makes of its body."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pydantic import BaseModel

from services.access import ADMIN_ROLES, COMMAND_ROLES, Role
from services.billing.bill import BillChanges
from services.billing.ledger import Ledger, NewBill, PaymentGiven
from services.billing.payment import NewPayment, PaymentChanges
from services.billing.personal_data import VirtualAccountDetails
from services.billing.settlement import SettlementWanted
from services.billing.transfer import Destination, TransferWanted
from services.billing.views import bill_view
from services.billing.work import Work
from services.desk import bodies
from services.desk.outcomes import (
    NO_CONTENT,
    Outcome,
    accommodation_outcome,
    bill_outcome,
    closed_day_outcome,
    forgotten_outcome,
    payment_outcome,
)

Decide = Callable[..., Outcome]
"""Decides a command: takes the ledger, the work, the values in the path in their order, and the parsed body."""


@dataclass(frozen=True)
class Command:
    """A command: where it is called, what it takes, what it answers, how it is decided, who may ask for it."""

    method: str
    path: str
    body: type[BaseModel]
    status: int
    answer: str
    summary: str
    decide: Decide
    own_name: str = ""
    roles: frozenset[Role] = COMMAND_ROLES

    @property
    def name(self) -> str:
        """Its name, such as add_bill; that of what decides it unless it has one of its own."""
        return self.own_name or self.decide.__name__

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of this command; its groups are the values in them, by their names."""
        return re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path) + "$")

    @cached_property
    def path_names(self) -> list[str]:
        """The names of the values in the path, such as billId; some paths hold none."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def id_name(self) -> str | None:
        """The name of the id of the thing that the command is about, which a path holds first."""
        return self.path_names[0] if self.path_names else None


def _accounts(given: list[bodies.VirtualAccountBody] | None) -> tuple[VirtualAccountDetails, ...]:
    return tuple(
        VirtualAccountDetails(account.bank_code, account.account_number, account.account_holder)
        for account in given or ()
    )


def _payment(part: bodies.PaymentPart | bodies.NewPaymentBody) -> PaymentGiven:
    payment = NewPayment(part.payment_method, part.amount, part.paid_at)
    return PaymentGiven(payment, _accounts(part.virtual_accounts))


def _settlements(parts: list[bodies.SettlementPart] | None) -> tuple[SettlementWanted, ...]:
    return tuple(SettlementWanted(part.target_bill_id, part.settled_amount) for part in parts or ())


def _changes(body: bodies.BillChangesBody) -> BillChanges:
    return BillChanges(body.name, body.total_amount, body.balance_amount)


def configure_accommodation(ledger: Ledger, work: Work, target: str, body: bodies.AccommodationBody) -> Outcome:
    given = {
        "name": body.name,
        "currency": body.currency,
        "time_zone": body.time_zone,
        "business_day_starts_at": body.business_day_starts_at,
        "payssam_member": body.payssam.member if body.payssam else None,
        "payssam_merchant": body.payssam.merchant if body.payssam else None,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    return accommodation_outcome(ledger.configure_accommodation(work, target, changes))


def close_day(ledger: Ledger, work: Work, target: str, day: date, body: bodies.CloseDayBody) -> Outcome:
    return closed_day_outcome(ledger.close_day(work, target, day))


def add_bill(ledger: Ledger, work: Work, target: str, body: bodies.NewBillBody) -> Outcome:
    new = NewBill(
        name=body.name,
        total_amount=body.total_amount,
        accommodation_id=body.accommodation_id,
        balance_amount=body.balance_amount,
        reservation_id=body.reservation_id,
        payments=tuple(_payment(part) for part in body.payments or ()),
        settlements=_settlements(body.settlements),
        origin_rate_snapshot=body.origin_rate_snapshot,
        origin_inclusion_snapshot=body.origin_inclusion_snapshot,
    )
    return bill_outcome(ledger.add_bill(work, target, new), 201)


def update_bill(ledger: Ledger, work: Work, target: str, body: bodies.BillChangesBody) -> Outcome:
    return bill_outcome(ledger.update_bill(work, target, _changes(body)))


def cancel_bill(ledger: Ledger, work: Work, target: str, body: bodies.BillChangesBody) -> Outcome:
    return bill_outcome(ledger.cancel_bill(work, target, _changes(body)))


def delete_bill(ledger: Ledger, work: Work, target: str, body: bodies.ReasonBody) -> Outcome:
    ledger.delete_bill(work, target)
    return NO_CONTENT


def transfer_bills(ledger: Ledger, work: Work, body: bodies.TransferBody) -> Outcome:
    wanted = [TransferWanted(part.id, part.split_amount) for part in body.bills]
    bills = ledger.transfer_bills(work, wanted, Destination(body.folio_id, body.reservation_id))
    return Outcome(200, {"items": [bill_view(bill) for bill in bills]})


def settle_bills(ledger: Ledger, work: Work, target: str, body: bodies.SettlementsBody) -> Outcome:
    return bill_outcome(ledger.settle_bills(work, target, _settlements(body.settlements)))


def add_payment(ledger: Ledger, work: Work, target: str, body: bodies.NewPaymentBody) -> Outcome:
    bill, payment = ledger.add_payment(work, target, _payment(body), apply_to_balance=bool(body.apply_to_balance))
    return payment_outcome(bill, payment, 201)


def update_payment(ledger: Ledger, work: Work, target: str, body: bodies.PaymentChangesBody) -> Outcome:
    changes = PaymentChanges(body.payment_method, body.amount, body.paid_at)
    accounts = None if body.virtual_accounts is None else _accounts(body.virtual_accounts)
    bill, payment = ledger.update_payment(work, target, changes, accounts)
    return payment_outcome(bill, payment)


def cancel_payment(ledger: Ledger, work: Work, target: str, body: bodies.ReasonBody) -> Outcome:
    bill, payment = ledger.cancel_payment(work, target)
    return payment_outcome(bill, payment)


def delete_payment(ledger: Ledger, work: Work, target: str, body: bodies.ReasonBody) -> Outcome:
    ledger.delete_payment(work, target)
    return NO_CONTENT


def forget_guest(ledger: Ledger, work: Work, target: str, body: bodies.ForgetGuestBody) -> Outcome:
    return forgotten_outcome(ledger.forget_guest(work, target))


# fmt: off
FORGET_GUEST = Command("POST", "/v1/folios/{folioId}/privacy/forget", bodies.ForgetGuestBody, 200, "ForgottenGuest",
                       "Forget a folio's guest, for good", forget_guest, roles=ADMIN_ROLES)
COMMANDS = (
    Command("PUT", "/v1/accommodations/{accommodationId}", bodies.AccommodationBody, 200, "Accommodation",
            "Set up an accommodation", configure_accommodation),
    Command("POST", "/v1/accommodations/{accommodationId}/days/{date}/close", bodies.CloseDayBody, 200, "ClosedDay",
            "Close a business day: what comes later belongs to the next", close_day),
    Command("POST", "/v1/folios/{folioId}/bills", bodies.NewBillBody, 201, "Bill",
            "Add a bill to a folio", add_bill),
    Command("POST", "/v1/bills/transfer", bodies.TransferBody, 200, "Bills",
            "Transfer bills, all or none", transfer_bills),
    Command("PATCH", "/v1/bills/{billId}", bodies.BillChangesBody, 200, "Bill",
            "Change a bill", update_bill),
    Command("POST", "/v1/bills/{billId}/cancel", bodies.BillChangesBody, 200, "Bill",
            "Cancel a bill and keep it", cancel_bill),
    Command("DELETE", "/v1/bills/{billId}", bodies.ReasonBody, 204, "",
            "Delete a bill from every view", delete_bill),
    Command("POST", "/v1/bills/{billId}/settlements", bodies.SettlementsBody, 200, "Bill",
            "Settle other bills of the folio from this one", settle_bills),
    Command("POST", "/v1/bills/{billId}/payments", bodies.NewPaymentBody, 201, "Payment",
            "Record a payment on a bill", add_payment),
    Command("PATCH", "/v1/payments/{paymentId}", bodies.PaymentChangesBody, 200, "Payment",
            "Correct a payment", update_payment),
    Command("POST", "/v1/payments/{paymentId}/cancel", bodies.ReasonBody, 200, "Payment",
            "Cancel a payment and keep it", cancel_payment),
    Command("DELETE", "/v1/payments/{paymentId}", bodies.ReasonBody, 204, "",
            "Delete a payment from every view", delete_payment),
    FORGET_GUEST,
)
# fmt: on


def find_command(method: str, path: str) -> tuple[Command, Mapping[str, str]] | None:
    """The command that a method and path call, and the values in the path by their names, whatever their form."""
    for command in COMMANDS:
        matched = command.pattern.fullmatch(path) if command.method == method else None
        if matched:
            return command, matched.groupdict()
    return None
