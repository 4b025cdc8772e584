"""Payment requests: their bodies, and how each operation becomes a command for the desk."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from services.billing.errors import InvalidParameter, NotFound, Refusal, RequiredParameter, check_version
from services.billing.event import Context
from services.billing.ids import new_ulid
from services.billing.ledger import Ledger
from services.billing.work import Work
from services.collection import commands
from services.collection.collector import Collector
from services.collection.errors import ProviderUnavailable
from services.collection.guest import PHONE, Guest
from services.collection.payment_request import PaymentRequest
from services.collection.views import request_view
from services.collection.word import Decide
from services.desk.bodies import Body, Day, Line, ReasonBody, no_control_characters
from services.desk.commands import Command
from services.desk.desk import AnsweredMeanwhile, Call, Key
from services.desk.outcomes import Outcome


def _phone(text: str) -> str:
    digits = re.sub(r"^\+82[ -]?0?", "0", text).replace("-", "").replace(" ", "")
    if not PHONE.fullmatch(digits):
        raise ValueError("must be a Korean phone number, such as 010-1234-5678")
    return digits


def _lines(text: str) -> str:
    """Each line as any other text; empty ones may stand between them."""
    for line in text.split("\n"):
        if line:
            no_control_characters(line)
    return text


Phone = Annotated[
    str,
    Field(max_length=20, examples=["010-1234-5678"], description="The guest's; a message needs it"),
    AfterValidator(_phone),
]

CustomerKey = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._-]{1,50}$", examples=["user-001"], description="The guest at the PMS; enough for a link"
    ),
]
AMOUNT = "Won; by default all that is left to ask"
PRODUCT_NAME = "What the guest is to pay for; by default the bill's name"
LAST_DAY = (
    f"The last day to pay, in Asia/Seoul; by default {commands.DAYS_TO_PAY} days from today, at most"
    f" {commands.DAYS_TO_PAY_MAX}"
)
SEND_TYPE = "TALK, a message to the phone, or URL, a link"


class PaymentRequestBody(Body):
    """Whom to ask for how much of the bill; without an amount, for all that is left to ask.

    `TALK` sends a message to `phone`; `URL`, the default with a `customerKey` alone, makes a link. The texts' limits
    are the provider's.
    """

    model_config = ConfigDict(
        json_schema_extra={"example": {"customerName": "홍길동", "phone": "010-1234-5678", "amount": 50000}}
    )

    customer_name: Annotated[str, Field(min_length=1, max_length=30), Line]
    phone: Phone | None = None
    customer_key: CustomerKey | None = None
    amount: Annotated[int, Field(ge=1, le=commands.AMOUNT_MAX, description=AMOUNT)] | None = None
    product_name: Annotated[str, Field(min_length=1, max_length=100, description=PRODUCT_NAME), Line] | None = None
    message: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_lines)] | None = None
    bill_issuer: Annotated[str, Field(min_length=1, max_length=100), Line] | None = None
    expires_on: Annotated[Day, Field(description=LAST_DAY)] | None = None
    send_type: Annotated[Literal["TALK", "URL"], Field(description=SEND_TYPE)] | None = None


def new_request(body: PaymentRequestBody, *, automatic_card_payment: bool) -> commands.NewRequest:
    """What the body asks for. Raises RequiredParameter without anybody to ask."""
    send_type = body.send_type or ("URL" if body.phone is None and body.customer_key is not None else "TALK")
    contact = body.phone
    warnings: tuple[str, ...] = ()
    if send_type == "TALK":
        if contact is None:
            raise RequiredParameter("A message needs the guest's phone; without one choose sendType URL.", "/phone")
    elif body.customer_key is not None or (automatic_card_payment and body.phone is not None):
        contact = body.customer_key or f"guest-{new_ulid()}"
        if automatic_card_payment and PHONE.fullmatch(contact):
            raise InvalidParameter(
                "Cards are charged automatically here: a customer key must be no phone number.", "/customerKey"
            )
        warnings = (PHONE_LEFT_OUT,) if automatic_card_payment and body.phone is not None else ()
    if contact is None:
        raise RequiredParameter("Name the guest by customerKey or phone.", "/customerKey")
    return commands.NewRequest(
        guest=Guest(body.customer_name, contact, body.message),
        send_type=send_type,
        amount=body.amount,
        product_name=body.product_name,
        bill_issuer=body.bill_issuer,
        expires_on=body.expires_on,
        warnings=warnings,
    )


PHONE_LEFT_OUT = (
    "Cards are charged automatically here: a phone number in a link could charge another guest's card, so the link"
    " was made for a customer key instead."
)


def request_outcome(request: PaymentRequest, status: int = 200) -> Outcome:
    """A payment request as it is now; a new one (202) with its location."""
    location = f"/v1/payment-requests/{request.id}" if status == 202 else None  # noqa: PLR2004
    return Outcome(status, request_view(request), request.version, location)


def request_payment_command(automatic_card_payment: bool) -> Command:
    """The command that stores a request; it is sent after its commit."""

    def request_payment(ledger: Ledger, work: Work, target: str, body: PaymentRequestBody) -> Outcome:
        new = new_request(body, automatic_card_payment=automatic_card_payment)
        return request_outcome(commands.request_payment(work, target, new), 202)

    return Command(
        "POST", "/v1/bills/{billId}/payment-requests", PaymentRequestBody, 202, "PaymentRequest",
        "Ask the guest to pay a bill", request_payment,
    )  # fmt: skip


Replay = Callable[[Key | None], Awaitable[Outcome | None]]
"""Finds what a key was answered before."""

Operation = Callable[[Collector, PaymentRequest], Awaitable[Decide]]
"""Deals with the provider while the request is held; returns what is to be written down."""


def _nothing_decided(ledger: Ledger, work: Work, target: str, body: ReasonBody) -> Outcome:
    raise NotImplementedError("an operation's decision is made after the provider has answered")


def _operation_command(name: str, summary: str) -> Command:
    decide = _nothing_decided
    path = f"/v1/payment-requests/{{paymentRequestId}}/{name}"
    return Command("POST", path, ReasonBody, 200, "PaymentRequest", summary, decide, own_name=f"{name}_payment_request")


OPERATIONS: tuple[tuple[Command, Operation], ...] = (
    (_operation_command("resend", "Send the guest the same bill again, for points"), Collector.resend),
    (_operation_command("destroy", "Void an unpaid request"), Collector.destroy),
    (_operation_command("refund", "Give the whole money back"), Collector.refund),
)
SYNC = _operation_command("sync", "Ask the provider now how it stands")


@asynccontextmanager
async def operated(collector: Collector, operation: Operation, call: Call, replay: Replay) -> AsyncIterator[Call]:
    """The call with its decision, after the provider was dealt with; the request stays held until it is committed.

    Raises AnsweredMeanwhile when another process held it until now, under the same key: nothing is sent again.
    Raises ProviderUnavailable, TooBusy, StoreUnavailable.
    """
    async with AsyncExitStack() as stack:
        try:
            request = await stack.enter_async_context(collector.holding(call.id))
            if await replay(call.key) is not None:
                raise AnsweredMeanwhile
            _check(request, call.context)
            decision = await operation(collector, request)
        except Refusal as refusal:
            decision = _refusing(refusal)
        yield decided(call, decision)


@asynccontextmanager
async def synchronised(collector: Collector, call: Call) -> AsyncIterator[Call]:
    """The call that shows the request as the provider has it now. Raises as `operated`."""

    def decision(work: Work) -> PaymentRequest:
        return commands.find_request(work, call.id)

    try:
        async with collector.holding(call.id) as request:
            _check(request, call.context)
        attended = await collector.attend(call.id, ask_first=True)
    except Refusal as refusal:
        yield decided(call, _refusing(refusal))
        return
    if attended.reason is not None:
        raise ProviderUnavailable(attended.reason)
    yield decided(call, decision)


def decided(call: Call, decision: Decide) -> Call:
    """The call that writes a decision down."""

    def decide(ledger: Ledger, work: Work, target: str, body: ReasonBody) -> Outcome:
        return request_outcome(decision(work))

    return replace(call, command=replace(call.command, decide=decide))


def _check(request: PaymentRequest, context: Context) -> None:
    if not context.sees(request.asked.accommodation_id):
        raise NotFound(f"There is no payment request {request.id}.", "/paymentRequestId")
    check_version(f"Payment request {request.id}", request.version, context.expected_version)


def _refusing(refusal: Refusal) -> Decide:
    def decide(_: Work) -> PaymentRequest:
        raise refusal

    return decide
