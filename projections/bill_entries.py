"""Entries of bills: what each event did to a bill's balance, and how the bill stood after it.

An event's effect on the balance is split into what it was: charged, paid, transferred, settled or adjusted. Adjusted is
what no charge explains: a balance that the PMS states.
"""

from typing import Any

from projections.entries import ENTRY_COLUMNS, EntryModel, entry_table
from projections.read_model import Row
from services.billing.bill import BillAdded, BillDeleted, BillUpdated, Cancelled
from services.billing.business_day import Day
from services.billing.event import BillEvent, LedgerEvent
from services.billing.open_request import RequestClosed, RequestOpened
from services.billing.payment import PaymentCancelled, PaymentDeleted, PaymentRecorded, PaymentUpdated
from services.billing.settlement import Settled
from services.billing.transfer import BillTransferred

TABLE = "read_model.bill_entries"
DEFINITION = entry_table(
    "bill_entries",
    """
        bill_code        text   NOT NULL,
        name             text   NOT NULL,
        reservation_id   text,
        added_date       date   NOT NULL,
        concerned_date   date   NOT NULL,
        origin_bill_id   text,
        status           text   NOT NULL,
        total            bigint NOT NULL,
        balance          bigint NOT NULL,
        adjusted_so_far  numeric NOT NULL,
        balance_effect   bigint NOT NULL,
        charged          bigint NOT NULL,
        paid             bigint NOT NULL,
        transferred      bigint NOT NULL,
        settled          bigint NOT NULL,
        adjusted         bigint NOT NULL,
        other_folio_id   text,
        other_bill_id    text,
        moved_total      bigint
    """,
    f"bill_entries_owing ON {TABLE} (accommodation_id, next_position, position, balance) INCLUDE (folio_id)"
    " WHERE balance <> 0",
    f"bill_entries_adjusted ON {TABLE} (accommodation_id, next_position, position) INCLUDE (subject, adjusted_so_far)"
    " WHERE adjusted_so_far <> 0",
    f"bill_entries_moved ON {TABLE} (accommodation_id, business_date) WHERE other_bill_id IS NOT NULL",
)
"""The first two also hold what is asked of these few among very many, so that it need not be fetched from all over the
table."""
COLUMNS = (
    *ENTRY_COLUMNS, "bill_code", "name", "reservation_id", "added_date", "concerned_date", "origin_bill_id", "status",
    "total", "balance", "adjusted_so_far", "balance_effect", "charged", "paid", "transferred", "settled", "adjusted",
    "other_folio_id", "other_bill_id", "moved_total",
)  # fmt: skip
"""`added_date` is the business day on which the bill was added; `concerned_date` the one that this moment lies in,
closed or not, which its charge concerns unless it came by a transfer (`first_bills`). `balance`, `total`, `status` and
`adjusted_so_far` are as the event left them. A transfer's or settlement's entry names the other side; `moved_total` is
what moved."""

KEPT = ("bill_code", "name", "reservation_id", "added_date", "concerned_date", "origin_bill_id")
FLOWS = ("charged", "paid", "transferred", "settled", "adjusted")
PAYMENT_EVENTS = PaymentRecorded | PaymentUpdated | PaymentCancelled | PaymentDeleted
WITHOUT_EFFECT = RequestOpened | RequestClosed


def apply(before: Row | None, event: BillEvent, day: Day) -> Row:
    """The entry of a bill's event."""
    if isinstance(event, BillAdded):
        row = _added(event, day)
        before = {"status": "OPEN", "balance": 0, "adjusted_so_far": 0}
    else:
        assert before is not None, f"{event.originator_id} has no bill.added before position {day.position}"
        row = {name: before[name] for name in (*KEPT, "total")}
    row |= {"other_folio_id": None, "other_bill_id": None, "moved_total": None} | _changed(event, row["total"])
    flows = _flows(event)
    row |= flows
    row["balance_effect"] = event.balance_effect
    row["balance"] = before["balance"] + event.balance_effect
    row["adjusted_so_far"] = before["adjusted_so_far"] + flows["adjusted"]
    row["status"] = _status(before["status"], event, row["balance"])
    return row


def _added(event: BillAdded, day: Day) -> Row:
    return {
        "bill_code": event.bill_code,
        "name": event.name,
        "reservation_id": event.reservation_id,
        "added_date": day.business_date,
        "concerned_date": day.concerned_by(event.timestamp),
        "origin_bill_id": event.transfer_origin_bill_id,
        "total": event.total_amount,
    }


def _changed(event: BillEvent, total: int) -> dict[str, Any]:
    """What an event changes of a bill beside its balance, and the other side of a transfer or settlement."""
    if isinstance(event, BillUpdated):
        return {"name": event.name, "total": event.total_amount}
    if isinstance(event, Settled):
        other = event.target_bill_id if event.on_paying_bill else event.payment_bill_id
        return {"other_folio_id": event.folio_id, "other_bill_id": other}
    if isinstance(event, BillTransferred):
        other_side = {
            "other_folio_id": event.to_folio_id,
            "other_bill_id": event.to_bill_id,
            "moved_total": event.moved_total,
        }
        if event.to_bill_id == event.originator_id:
            return {**other_side, "reservation_id": event.to_reservation_id}
        return other_side if event.whole else {**other_side, "total": total - event.moved_total}
    return {}


def _flows(event: BillEvent) -> dict[str, int]:
    """The effect on the balance by what it was; the parts add up to it, paid counting against it."""
    flows = dict.fromkeys(FLOWS, 0)
    effect = event.balance_effect
    if isinstance(event, PAYMENT_EVENTS):
        flows["paid"] = -effect
    elif isinstance(event, Settled):
        flows["settled"] = effect
    elif isinstance(event, BillTransferred) or (isinstance(event, BillAdded) and event.transfer_origin_bill_id):
        flows["transferred"] = effect
    else:
        flows["charged"] = event.total_effect
        flows["adjusted"] = effect - event.total_effect
    return flows


def _status(before: str, event: BillEvent, balance: int) -> str:
    if isinstance(event, BillDeleted):
        return "DELETED"
    if isinstance(event, Cancelled):
        return "CANCELLED"
    if isinstance(event, BillTransferred) and event.whole:
        return "TRANSFERRED"
    if before in {"OPEN", "SETTLED"}:
        return "SETTLED" if balance == 0 else "OPEN"
    return before


def _key_of(event: LedgerEvent) -> str | None:
    return event.originator_id if isinstance(event, BillEvent) and not isinstance(event, WITHOUT_EFFECT) else None


BILL_ENTRIES = EntryModel("bill_entries", 1, DEFINITION, COLUMNS, _key_of, apply)
