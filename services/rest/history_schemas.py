"""The forms of the answers about history, for the description and for tests that hold answers against it."""

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from services.desk.sentences import ALL_KINDS
from services.rest.schemas import Schema


class Actor(Schema):
    """Who did it: `by` is the person to show, `key` the API key, `user` the PMS user."""

    by: str
    key: str
    user: str | None


class FieldChange(Schema):
    """A field of the bill, payment or payment request before and after; null where there was nothing.

    Of settlements only those that were added are told.
    """

    field: str = Field(examples=["totalAmount"])
    before: Any
    after: Any


class BalanceChange(Schema):
    """What was owed before the event and after it, and what the event has added."""

    before: int
    after: int
    effect: int


class HistoryLink(Schema):
    """The other side of a transfer or settlement: its bill, that bill's folio, the position of its event."""

    relation: Literal["MOVED_TO", "MOVED_FROM", "PAYS", "PAID_BY"]
    bill_id: str
    folio_id: str
    position: int
    path: str
    folio_path: str


class HistoryCallback(Schema):
    """The provider's callback that the event rests on. Number and time are null when it is kept no longer.

    Its SHA-256 is for the roles auditor and admin.
    """

    number: int | None
    received_at: AwareDatetime | None
    sha256: str | None


class HistoryEntry(Schema):
    """An event. `businessDate` is the day that reports count it to, by the accommodation's zone and cut-off hour.

    `data` is what the feed shows of it.
    """

    position: int
    recorded_at: AwareDatetime
    business_date: date
    event: str = Field(examples=["bill.added"])
    bill_id: str | None
    bill_code: str | None
    payment_id: str | None
    payment_request_id: str | None
    actor: Actor
    reason: str | None
    request_id: str
    changes: list[FieldChange]
    bill_balance: BalanceChange | None
    folio_balance: BalanceChange
    data: dict[str, Any]
    links: list[HistoryLink]
    callback: HistoryCallback | None


class HistoryPage(Schema):
    """A page of entries, oldest first; `nextCursor` is null on the last."""

    items: list[HistoryEntry]
    next_cursor: str | None


class ExplainedEvent(Schema):
    """An event with an effect on the balance, and the balance after it. `businessDate` is as in the history."""

    position: int
    recorded_at: AwareDatetime
    business_date: date
    event: str
    bill_id: str | None
    sentence: str = Field(examples=['Bill B261122-7K3Q9MX2AD "Minibar" was added: 12,000 KRW.'])
    effect: int
    running_balance: int


class Explanation(Schema):
    """How a balance came about. `billId` is null for that of a folio."""

    folio_id: str
    bill_id: str | None
    currency: str
    balance_amount: int
    items: list[ExplainedEvent]


class Point(Schema):
    """A point of the past. `time` is as asked for, else that of the folio's last event up to the position, null before
    the first.
    """

    position: int
    time: AwareDatetime | None


class FolioChange(Schema):
    """A change of a folio; `balanceEffect` is what it has added to what the folio owes."""

    kind: Literal[ALL_KINDS]  # type: ignore[valid-type]
    position: int
    recorded_at: AwareDatetime
    bill_id: str | None
    bill_code: str | None
    payment_id: str | None
    payment_request_id: str | None
    values: list[FieldChange]
    balance_effect: int
    sentence: str


class FolioDifference(Schema):
    """A folio at two points, and all that happened between them."""

    folio_id: str
    accommodation_id: str
    currency: str
    from_: Point = Field(alias="from")
    to: Point
    total_amount: BalanceChange
    paid_amount: BalanceChange
    balance_amount: BalanceChange
    changes: list[FolioChange]


HISTORY_ANSWERS: tuple[type[BaseModel], ...] = (HistoryPage, Explanation, FolioDifference)
