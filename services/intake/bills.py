"""From a bill of the file to the command that adds it, or to everything that is wrong with it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, wraps
from typing import Annotated, Any

import msgspec
from pydantic import Field

from services.billing.errors import Refusal
from services.billing.event import Context
from services.billing.ids import new_ulid
from services.billing.ledger import Ledger
from services.billing.work import Work
from services.desk.bodies import Line, NewBillBody, PmsId
from services.desk.commands import Command, find_command
from services.desk.desk import Call, Key
from services.desk.outcomes import Outcome
from services.desk.parsing import parse
from services.desk.problems import Fault, Problem, problem_of
from services.intake.formats import Complaint, Entry

HOLDER = "import"
"""Whose the idempotency keys of imported bills are, and the name of the key in their events."""
EXTERNAL_ID_LENGTH_MAX = 128


class ImportedBill(NewBillBody):
    """The body of `POST /v1/folios/{folioId}/bills`, with the folio and the id that the export knows it by."""

    external_id: Annotated[str, Field(min_length=1, max_length=EXTERNAL_ID_LENGTH_MAX), Line]
    folio_id: PmsId
    accommodation_id: PmsId


@dataclass(frozen=True)
class Reject:
    """A bill that was not imported, and why."""

    entry: Entry
    code: str
    complaints: Sequence[Complaint]

    def encode(self) -> bytes:
        """The line of the rejects file: what is wrong, and the bill as it was, to be repaired."""
        errors = [
            {"column": each.column, "line": each.line, "code": each.code, "detail": each.detail}
            for each in self.complaints
        ]
        return msgspec.json.encode(
            {
                "line": self.entry.line,
                "externalId": self.entry.external_id,
                "code": self.code,
                "reason": " ".join(self._sentence(each) for each in self.complaints),
                "errors": errors,
                "row": msgspec.Raw(self.entry.row),
            }
        )

    def _sentence(self, complaint: Complaint) -> str:
        where = "" if complaint.line == self.entry.line else f"Line {complaint.line}: "
        return where + complaint.detail


class Refused(Exception):
    """The ledger's rules do not allow this bill."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def read_call(entry: Entry) -> Call | Reject:
    """The command that adds the bill, under a key made of its externalId; or why there is none."""
    if entry.unreadable:
        return Reject(entry, entry.complaints[0].code, entry.complaints)
    try:
        bill = parse(ImportedBill, entry.row)
    except Problem as problem:
        return reject(entry, problem)
    path = f"/v1/folios/{bill.folio_id}/bills"
    found = find_command("POST", path)
    if found is None:
        raise RuntimeError(f"no command is called by POST {path}")
    command, _ = found
    key = Key(HOLDER, f"{bill.accommodation_id}/{bill.external_id}", _fingerprint(path, bill))
    context = Context(key=HOLDER, request_id=new_ulid(), reason=bill.reason)
    return Call(_forgetting_refusals(command), (bill.folio_id,), bill, context, key)


def reject(entry: Entry, problem: Problem) -> Reject:
    """The bill with the problem's faults, each at its column and line, after what is known of it already."""
    if problem.code == "IDEMPOTENCY_KEY_REUSED":
        detail = f"externalId {entry.external_id!r} was imported before with other content; nothing was changed."
        return Reject(entry, problem.code, [Complaint(detail, entry.line, "externalId", problem.code)])
    known = {(complaint.column, complaint.line) for complaint in entry.complaints}
    faults = problem.faults or [Fault("", problem.code, problem.detail)]
    found = [_complaint(entry, fault) for fault in faults]
    more = [complaint for complaint in found if (complaint.column, complaint.line) not in known]
    return Reject(entry, problem.code, [*entry.complaints, *more])


def refused(entry: Entry, refusal: Refusal) -> Reject:
    """The bill with what the ledger's rules say against it."""
    return reject(entry, problem_of(refusal))


def _complaint(entry: Entry, fault: Fault) -> Complaint:
    column, line = entry.place_of(fault.pointer)
    if column is None:
        detail = fault.detail.replace("The body", "The line", 1).replace(" at line 1 column ", " at column ")
        return Complaint(detail, line, None, fault.code)
    detail = fault.detail
    detail = detail.replace(fault.pointer, column, 1) if detail.startswith(fault.pointer) else f"{column}: {detail}"
    return Complaint(detail, line, column, fault.code)


def _fingerprint(path: str, bill: ImportedBill) -> bytes:
    """What makes two bills the same: their values, not the format, nor whether something absent is null or empty.

    Made so that members which the API takes later, absent here, leave the fingerprints of earlier imports as they are.
    """
    empty = {name for name in ("payments", "settlements") if not getattr(bill, name)}
    content = bill.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=empty)
    return hashlib.sha256(f"POST {path}\n".encode() + msgspec.json.encode(content, order="sorted")).digest()


@cache
def _forgetting_refusals(command: Command) -> Command:
    """The command, with refusals that are not kept under its key: a repaired bill comes under the same one."""

    @wraps(command.decide)
    def decide(ledger: Ledger, work: Work, target: str, body: Any) -> Outcome:
        try:
            return command.decide(ledger, work, target, body)
        except Refusal as refusal:
            raise Refused(refusal) from refusal

    return replace(command, decide=decide)
