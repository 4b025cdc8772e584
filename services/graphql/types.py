"""What the schema shows: the views of the desk, member by member.

A field without a resolver is the view's member of the same name. `graphql_type` says what a resolver's view is shown
as.
"""

from enum import Enum

import strawberry
from strawberry import ID

from services.billing.views import View
from services.graphql.fields import field
from services.graphql.scalars import Amount, Date, DateTime, Json
from services.graphql.session import Info


@strawberry.enum(description="SETTLED is a balance of 0; TRANSFERRED and CANCELLED bills take no more commands.")
class BillStatus(Enum):
    """As billing has it."""

    OPEN = "OPEN"
    SETTLED = "SETTLED"
    TRANSFERRED = "TRANSFERRED"
    CANCELLED = "CANCELLED"


@strawberry.enum(description="How a payment request stands at the provider.")
class PaymentRequestStatus(Enum):
    """As collection has it."""

    REQUESTED = "REQUESTED"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    REFUSED = "REFUSED"
    PAID = "PAID"
    REFUNDED = "REFUNDED"
    DESTROYED = "DESTROYED"
    EXPIRED = "EXPIRED"


@strawberry.type(description="A virtual account. Number and holder are null once the guest was forgotten.")
class VirtualAccount:
    bank_code: str
    account_number: str | None
    account_holder: str | None


@strawberry.type(description="A payment on a bill.")
class Payment:
    id: ID
    bill_id: ID
    payment_method: str = strawberry.field(
        description="CARD, CASH, TRANSFER, VIRTUAL_ACCOUNT, or another such as MILEAGE."
    )
    amount: Amount
    applied_to_balance: bool = strawberry.field(description="Whether the bill's balance counts it.")
    paid_at: DateTime
    paid_by: str
    cancelled_at: DateTime | None
    cancelled_by: str | None
    virtual_accounts: list[VirtualAccount] | None
    payment_request_id: ID | None

    @field("Bill | None", "The bill that it is on, whose version counts for it; null when it was deleted.")
    async def bill(self: View, info: Info) -> View | None:
        return await info.context.loaders.bill(self["billId"], self)


@strawberry.type(description="Debt that moved from the target bill to the paying bill.")
class BillSettlement:
    payment_bill_id: ID
    target_bill_id: ID
    settled_amount: Amount
    settled_at: DateTime
    settled_by: str

    @field("Bill | None", "The bill that pays; null when it was deleted.")
    async def payment_bill(self: View, info: Info) -> View | None:
        return await info.context.loaders.bill(self["paymentBillId"], self)

    @field("Bill | None", "The bill that is paid; null when it was deleted.")
    async def target_bill(self: View, info: Info) -> View | None:
        return await info.context.loaders.bill(self["targetBillId"], self)


@strawberry.type(description="What a folio owes for one thing.")
class Bill:
    id: ID
    bill_code: str = strawberry.field(description="Short enough to read out loud, as B261122-7K3Q9MX2AD.")
    accommodation_id: ID
    folio_id: ID
    reservation_id: ID | None
    name: str
    total_amount: Amount
    balance_amount: Amount = strawberry.field(description="What is still owed; negative is credit.")
    currency: str
    status: BillStatus
    transfer_origin_folio_id: ID | None
    transfer_origin_bill_id: ID | None
    origin_rate_snapshot: str | None
    origin_inclusion_snapshot: str | None
    payments: list[Payment]
    settlements_made: list[BillSettlement]
    settlements_received: list[BillSettlement]
    created_at: DateTime
    created_by: str
    updated_at: DateTime
    cancelled_at: DateTime | None
    cancelled_by: str | None
    version: int = strawberry.field(description="For expectedVersion of a later mutation.")

    @field("list[PaymentRequest]", "What the guest was asked to pay of it, newest first.")
    async def payment_requests(self: View, info: Info) -> list[View]:
        return await info.context.loaders.payment_requests(self["id"], self)

    @field("Bill | None", "The bill that it was moved from by a transfer.")
    async def transfer_origin_bill(self: View, info: Info) -> View | None:
        origin = self["transferOriginBillId"]
        return None if origin is None else await info.context.loaders.bill(origin, self)


@strawberry.type(description="Where a page stands among the pages of its list.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool = strawberry.field(description="Whether the page was asked for with a cursor.")
    start_cursor: str | None
    end_cursor: str | None = strawberry.field(description="Give it as `after` to get the next page.")


@strawberry.type(description="A bill of a page.")
class BillEdge:
    cursor: str
    node: Bill


@strawberry.type(description="A page of bills, newest first, stable while others are added.")
class BillConnection:
    edges: list[BillEdge]
    nodes: list[Bill]
    page_info: PageInfo


@strawberry.type(description="A folio: the total over its live bills, what was paid, what all its bills still owe.")
class Folio:
    folio_id: ID
    accommodation_id: ID
    currency: str
    total_amount: Amount
    paid_amount: Amount
    balance_amount: Amount
    bills: list[Bill] = strawberry.field(description="In the order in which they were posted.")


@strawberry.type(description="The account at the payment provider.")
class Payssam:
    member: str | None
    merchant: str | None


@strawberry.type(description="An accommodation's settings, the defaults when it was never configured.")
class Accommodation:
    id: ID
    name: str | None
    currency: str
    time_zone: str
    business_day_starts_at: str
    payssam: Payssam | None
    version: int = strawberry.field(description="0 when it was never configured.")


@strawberry.type(description="A bill sent to a guest, who is masked.")
class PaymentRequest:
    id: ID
    bill_id: ID
    folio_id: ID
    accommodation_id: ID
    amount: Amount
    status: PaymentRequestStatus
    send_type: str = strawberry.field(description="TALK, a message to the phone, or URL, a link.")
    expires_on: Date
    url: str | None
    customer_name: str | None
    masked_phone: str | None
    product_name: str
    bill_issuer: str | None
    requested_at: DateTime
    sent_at: DateTime | None
    paid_at: DateTime | None
    paid_amount: Amount | None
    payment_id: ID | None
    resend_count: int
    points_spent: int
    flags: list[str] = strawberry.field(description="What somebody should look at, such as AMOUNT_DIFFERS.")
    warnings: list[str]
    last_error: str | None
    version: int

    @field(Bill | None, "The bill that is to be paid; null when it was deleted.")
    async def bill(self: View, info: Info) -> View | None:
        return await info.context.loaders.bill(self["billId"], self)


@strawberry.type(description="A payment request of a page.")
class PaymentRequestEdge:
    cursor: str
    node: PaymentRequest


@strawberry.type(description="A page of payment requests, newest first.")
class PaymentRequestConnection:
    edges: list[PaymentRequestEdge]
    nodes: list[PaymentRequest]
    page_info: PageInfo


@strawberry.type(description="An event of the log, as the feed at /v1/events shows it.")
class FolioEvent:
    id: ID = strawberry.field(description="Its position in the log; give it as `after` to go on from here.")
    type: str = strawberry.field(description="Its topic, such as bill.added. There will be more of them.")
    subject: str = strawberry.field(description="The stream: the bill's id, the folio's or the payment request's.")
    time: DateTime
    accommodation_id: ID | None
    folio_id: ID | None
    version: int = strawberry.field(description="Counts the events of the stream.")
    data: Json = strawberry.field(description="What the event says and who caused it; the guest stays covered.")

    @field(Folio | None, "The folio as it is by now; null without a bill yet.")
    async def folio(self: View, info: Info) -> View | None:
        return await info.context.folio_now(self["folioId"])
