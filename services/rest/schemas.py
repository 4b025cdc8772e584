"""The forms of the answers, for the description at /docs and for tests that hold answers against it."""

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


class BatchResult(Schema):
    """What one command of a batch answered."""

    status: int
    body: dict[str, Any] | None


class BatchResults(Schema):
    """The answers of a batch, in order."""

    results: list[BatchResult]


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
    Bill, Bills, BillPage, Payment, PaymentPage, Folio, Accommodation, BatchResults, Problem,
)  # fmt: skip
