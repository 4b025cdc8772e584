"""The forms of the answers, for the description at /docs and for tests that hold answers against it."""

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Schema(BaseModel):
    """An answer: every member is always there, None when it has no value."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class VirtualAccount(Schema):
    """Number and holder are null once the guest was forgotten."""

    bank_code: str
    account_number: str | None
    account_holder: str | None


class Payment(Schema):
    """A payment on a bill; amounts in minor units."""

    id: str
    bill_id: str
    payment_method: str
    amount: int
    applied_to_balance: bool
    paid_at: AwareDatetime
    paid_by: str
    cancelled_at: AwareDatetime | None
    cancelled_by: str | None
    virtual_accounts: list[VirtualAccount] | None
    payment_request_id: str | None


class Settlement(Schema):
    """Debt that moved from the target bill to the paying bill."""

    payment_bill_id: str
    target_bill_id: str
    settled_amount: int
    settled_at: AwareDatetime
    settled_by: str


class Bill(Schema):
    """A bill; `balanceAmount` is what is still owed, negative is credit."""

    id: str
    bill_code: str = Field(examples=["B261122-7K3Q9MX2AD"])
    accommodation_id: str
    folio_id: str
    reservation_id: str | None
    name: str
    total_amount: int
    balance_amount: int
    currency: str
    status: Literal["OPEN", "SETTLED", "TRANSFERRED", "CANCELLED"]
    transfer_origin_folio_id: str | None
    transfer_origin_bill_id: str | None
    origin_rate_snapshot: str | None
    origin_inclusion_snapshot: str | None
    payments: list[Payment]
    settlements_made: list[Settlement]
    settlements_received: list[Settlement]
    created_at: AwareDatetime
    created_by: str
    updated_at: AwareDatetime
    cancelled_at: AwareDatetime | None
    cancelled_by: str | None
    version: int


class Bills(Schema):
    """Bills, in the order of the request."""

    items: list[Bill]


class BillPage(Schema):
    """A page of bills; `nextCursor` is null on the last."""

    items: list[Bill]
    next_cursor: str | None


class PaymentPage(Schema):
    """A page of payments."""

    items: list[Payment]
    next_cursor: str | None


class Folio(Schema):
    """A folio: the total over its live bills, what was paid, what all its bills still owe."""

    folio_id: str
    accommodation_id: str
    currency: str
    total_amount: int
    paid_amount: int
    balance_amount: int
    bills: list[Bill]


class PaymentRequest(Schema):
    """A bill sent to a guest; the guest is masked. `flags` are what somebody should look at."""

    id: str = Field(pattern="^[A-Z0-9]{20}$")
    bill_id: str
    folio_id: str
    accommodation_id: str
    amount: int
    status: Literal["REQUESTED", "SENT", "UNKNOWN", "REFUSED", "PAID", "REFUNDED", "DESTROYED", "EXPIRED"]
    send_type: Literal["TALK", "URL"]
    expires_on: date
    url: str | None
    customer_name: str | None = Field(examples=["홍*동"])
    masked_phone: str | None = Field(examples=["010****5678"])
    product_name: str
    bill_issuer: str | None
    requested_at: AwareDatetime
    sent_at: AwareDatetime | None
    paid_at: AwareDatetime | None
    paid_amount: int | None
    payment_id: str | None
    resend_count: int
    points_spent: int
    flags: list[Literal["AMOUNT_DIFFERS", "PAID_AFTER_END", "BILL_CANCELLED", "BILL_TRANSFERRED", "BILL_DELETED"]]
    warnings: list[str]
    last_error: str | None
    version: int


class PaymentRequestPage(Schema):
    """A page of payment requests."""

    items: list[PaymentRequest]
    next_cursor: str | None


class Points(Schema):
    """What is left to send messages with."""

    balance: int
    charge_url: str | None


class Payssam(Schema):
    """The account at the payment provider."""

    member: str | None
    merchant: str | None


class Accommodation(Schema):
    """An accommodation's settings."""

    id: str
    name: str | None
    currency: str
    time_zone: str
    business_day_starts_at: str
    payssam: Payssam | None


class ClosedDay(Schema):
    """A business day that is closed: what is recorded later belongs to the next one, or to one after it."""

    accommodation_id: str
    business_date: date
    closed_at: AwareDatetime
    closed_by: str
    reason: str | None
    next_business_date: date


class CloudEvent(BaseModel):
    """An event of the log, CloudEvents 1.0. `id` is its position, `type` its topic, `subject` its stream.

    `version` counts the events of the stream. `data` holds what is public of the event, and who caused it: `by` is
    the person to show, `key` the API key, `user` the PMS user.
    """

    model_config = ConfigDict(extra="forbid")

    specversion: Literal["1.0"]
    id: str = Field(examples=["4711"])
    source: str = Field(examples=["/v1/accommodations/HOTEL-1"])
    type: str = Field(examples=["bill.added"])
    subject: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"]
    accommodationid: str
    folioid: str | None = None
    version: int
    data: dict[str, Any]


class EventPage(Schema):
    """Events in their order. `next` is the position to read on after; at `head` there are no more for now."""

    items: list[CloudEvent]
    next: int
    head: int


class BatchResult(Schema):
    """What one command of a batch answered."""

    status: int
    body: dict[str, Any] | None


class BatchResults(Schema):
    """The answers of a batch, in order."""

    results: list[BatchResult]


class BillBalance(Schema):
    """What a bill would owe: null where it is not there, before it is added and after it is deleted."""

    bill_id: str
    folio_id: str
    before: int | None
    after: int | None


class FolioBalance(Schema):
    """What a folio would owe over all its bills: null before it is opened."""

    folio_id: str
    before: int | None
    after: int


class DryRunResults(BatchResults):
    """What a batch would answer, record and change, had it been carried out. All ids of new things are provisional."""

    dry_run: Literal[True]
    events: list[CloudEvent]
    balances: list[BillBalance]
    folios: list[FolioBalance]


class Fault(Schema):
    """One value that is wrong; `pointer` is its JSON pointer in the body, or /name of another parameter."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """An error, RFC 9457."""

    model_config = ConfigDict(alias_generator=to_camel)

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Fault]
    request_id: str


ANSWERS: tuple[type[BaseModel], ...] = (
    Bill, Bills, BillPage, Payment, PaymentPage, Folio, Accommodation, BatchResults, DryRunResults, PaymentRequest,
    PaymentRequestPage, Points, Problem, CloudEvent, EventPage, ClosedDay,
)  # fmt: skip
