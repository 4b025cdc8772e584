"""The bodies of commands: their forms and limits, and nothing that depends on a bill's state."""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from services.billing.accommodation import BUSINESS_DAY_START_PATTERN
from services.billing.bill import NAME_LENGTH_MAX, SNAPSHOT_LENGTH_MAX
from services.billing.ids import PAYMENT_METHOD_PATTERN, PMS_ID_PATTERN, ULID_PATTERN
from services.billing.money import AMOUNT_MAX, CURRENCY_PATTERN

REASON_LENGTH_MAX = 500
ITEMS_MAX = 500
ACCOUNTS_MAX = 10
RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:[0-5]\d)", re.ASCII)
FULL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
CONTROL_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}


def no_control_characters(text: str) -> str:
    """The text, or ValueError when it is no single line that can be read."""
    if any(unicodedata.category(character) in CONTROL_CATEGORIES for character in text):
        raise ValueError("must not contain control characters or line breaks")
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


def _rfc3339(value: Any) -> Any:
    """Reads RFC 3339 alone: pydantic would take numbers as seconds since 1970, and dates without a time."""
    if not isinstance(value, str):
        return value
    if not RFC3339.fullmatch(value):
        raise ValueError("must be a time with an offset, as 2026-11-22T14:00:00+09:00 or 2026-11-22T05:00:00Z")
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("is no time that exists") from None


def read_day(value: Any) -> Any:
    """The day that a text YYYY-MM-DD names, or ValueError when it is none."""
    if not isinstance(value, str):
        return value
    if not FULL_DATE.fullmatch(value):
        raise ValueError("must be a day, as 2026-11-30")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is no day that exists") from None


Line = AfterValidator(no_control_characters)
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX), Line]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX, description="Why; the log keeps it"), Line]
Snapshot = Annotated[
    str, Field(min_length=1, max_length=SNAPSHOT_LENGTH_MAX, description="A reference of the PMS"), Line
]
ShortText = Annotated[str, Field(min_length=1, max_length=60), Line]
PmsId = Annotated[str, Field(pattern=PMS_ID_PATTERN, examples=["FOLIO-204"])]
Ulid = Annotated[str, Field(pattern=ULID_PATTERN, examples=["01JD9T7Q2M4Z8K6W3X5V1B0C9E"])]
Amount = Annotated[int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX, description="Minor units of the currency")]
PositiveAmount = Annotated[int, Field(ge=1, le=AMOUNT_MAX, description="Minor units of the currency")]
METHODS = "CARD, CASH, TRANSFER, VIRTUAL_ACCOUNT, or another such as MILEAGE"
PaymentMethod = Annotated[str, Field(pattern=PAYMENT_METHOD_PATTERN, examples=["CARD"], description=METHODS)]
Day = Annotated[date, BeforeValidator(read_day), Field(examples=["2026-11-30"])]
Moment = Annotated[AwareDatetime, BeforeValidator(_rfc3339), Field(examples=["2026-11-22T14:00:00+09:00"])]


class Body(BaseModel):
    """Strict: a value of another type, or a member of another name, is refused."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel, frozen=True)

    reason: Reason | None = None


class Part(BaseModel):
    """A part of a body, as strict."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel, frozen=True)


class VirtualAccountBody(Part):
    """A virtual account. Number and holder are stored encrypted."""

    bank_code: Annotated[ShortText, Field(examples=["088"])]
    account_number: Annotated[ShortText, Field(examples=["110-123-456789"])]
    account_holder: Annotated[ShortText, Field(examples=["홍길동"])] | None = None


VirtualAccounts = Annotated[
    list[VirtualAccountBody],
    Field(max_length=ACCOUNTS_MAX, description="Only with VIRTUAL_ACCOUNT; one may stand without a list"),
    BeforeValidator(_as_list),
]


class PaymentPart(Part):
    """A payment given together with a new bill; it is applied to the balance."""

    payment_method: PaymentMethod
    amount: PositiveAmount
    paid_at: Moment
    virtual_accounts: VirtualAccounts | None = None


class SettlementPart(Part):
    """How much of which bill to pay from this one."""

    target_bill_id: Ulid
    settled_amount: PositiveAmount


class NewBillBody(Body):
    """A bill to post. The balance is by default the total.

    `accommodationId` is needed for a new folio, but by a key that reaches one accommodation only.
    """

    model_config = ConfigDict(
        json_schema_extra={"example": {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 150000}}
    )

    name: Name
    total_amount: Amount
    accommodation_id: Annotated[PmsId, Field(description="Needed for a new folio")] | None = None
    balance_amount: Annotated[Amount, Field(description="Minor units of the currency; by default the total")] | None = (
        None
    )
    reservation_id: PmsId | None = None
    payments: Annotated[list[PaymentPart], Field(max_length=ITEMS_MAX)] | None = None
    settlements: Annotated[list[SettlementPart], Field(max_length=ITEMS_MAX)] | None = None
    origin_rate_snapshot: Snapshot | None = None
    origin_inclusion_snapshot: Snapshot | None = None


class BillChangesBody(Body):
    """What to change; a total given alone moves the balance along."""

    model_config = ConfigDict(json_schema_extra={"example": {"totalAmount": 120000, "reason": "Rate corrected"}})

    name: Name | None = None
    total_amount: Annotated[Amount, Field(description="Minor units; alone it moves the balance along")] | None = None
    balance_amount: Amount | None = None


class ReasonBody(Body):
    """Only a reason, or nothing at all."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "Posted by mistake"}})


class ForgetGuestBody(Body):
    """Why the guest is forgotten. The reason is kept in the clear for good: it names no guest."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "Asked for by the guest, case 2026-117"}})

    reason: Reason


class SettlementsBody(Body):
    """Bills of the same folio to pay from this one."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"settlements": [{"targetBillId": "01JD9T7Q2M4Z8K6W3X5V1B0C9E", "settledAmount": 20000}]}
        }
    )

    settlements: Annotated[list[SettlementPart], Field(min_length=1, max_length=ITEMS_MAX)]


class TransferPart(Part):
    """A bill to transfer: a part of its total, or without `splitAmount` all of it."""

    id: Ulid
    split_amount: Annotated[PositiveAmount, Field(description="Minor units of its total; by default all")] | None = None


class TransferBody(Body):
    """Bills to move to a folio of the same accommodation; within their own folio `reservationId` is needed."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "bills": [{"id": "01JD9T7Q2M4Z8K6W3X5V1B0C9E", "splitAmount": 40000}],
                "folioId": "FOLIO-205",
                "reservationId": "RES-77",
            }
        }
    )

    bills: Annotated[list[TransferPart], Field(min_length=1, max_length=ITEMS_MAX)]
    folio_id: Annotated[PmsId, Field(description="The folio to move them to")]
    reservation_id: Annotated[PmsId, Field(description="Needed within a bill's own folio")] | None = None


class NewPaymentBody(Body):
    """A payment for an existing bill; the balance moves only with `applyToBalance`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "paymentMethod": "CARD",
                "amount": 50000,
                "paidAt": "2026-11-22T14:00:00+09:00",
                "applyToBalance": True,
            }
        }
    )

    payment_method: PaymentMethod
    amount: PositiveAmount
    paid_at: Moment
    virtual_accounts: VirtualAccounts | None = None
    apply_to_balance: Annotated[bool, Field(description="Whether the balance counts it; by default not")] | None = None


class PaymentChangesBody(Body):
    """What to change of a payment."""

    model_config = ConfigDict(json_schema_extra={"example": {"amount": 45000, "reason": "Typed wrong"}})

    payment_method: PaymentMethod | None = None
    amount: PositiveAmount | None = None
    paid_at: Moment | None = None
    virtual_accounts: VirtualAccounts | None = None


class PayssamPart(Part):
    """The accommodation's account at the payment provider."""

    member: ShortText | None = None
    merchant: ShortText | None = None


class AccommodationBody(Body):
    """Settings; what is left out keeps its value. The currency is fixed once a bill exists."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "Seoul Garden Hotel", "currency": "KRW", "timeZone": "Asia/Seoul"}}
    )

    name: Name | None = None
    currency: Annotated[str, Field(pattern=CURRENCY_PATTERN)] | None = None
    time_zone: ShortText | None = None
    business_day_starts_at: Annotated[str, Field(pattern=BUSINESS_DAY_START_PATTERN)] | None = None
    payssam: PayssamPart | None = None


class CloseDayBody(Body):
    """Why the day is closed, if there is anything to say; the day itself stands in the path."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "Night audit"}})


class BatchItem(Part):
    """One command of a batch, as it would be sent alone."""

    method: Annotated[str, Field(pattern="^(POST|PUT|PATCH|DELETE)$", examples=["POST"])]
    path: Annotated[str, Field(max_length=300, examples=["/v1/folios/FOLIO-204/bills"])]
    body: dict[str, Any] | None = None
    idempotency_key: Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,255}$")] | None = None


class BatchBody(Part):
    """Commands in order; `atomic`: all of them or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "atomic": True,
                "commands": [
                    {
                        "method": "POST",
                        "path": "/v1/folios/FOLIO-204/bills",
                        "body": {"accommodationId": "HOTEL-1", "name": "Minibar", "totalAmount": 12000},
                        "idempotencyKey": "minibar-204-1",
                    }
                ],
            }
        }
    )

    atomic: bool | None = None
    commands: Annotated[list[BatchItem], Field(min_length=1, max_length=ITEMS_MAX)]
