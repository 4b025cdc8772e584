"""What a payment provider does for us, and the three ways in which it may answer.

Every call ends as Done, Refused or Unknown, and raises nothing. Unknown means that the provider may have
acted or not: the caller asks `read` before it does anything else.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Generic, Literal, Protocol, TypeVar

Value_co = TypeVar("Value_co", covariant=True)

SendType = Literal["TALK", "URL"]
"""TALK sends the guest a message; URL only makes a link, for the front desk to pass on."""

State = Literal["UNPAID", "PAID", "REFUNDED", "DESTROYED"]


@dataclass(frozen=True)
class Merchant:
    """The accommodation's account at the provider, None where it has none of its own."""

    member: str | None = None
    merchant: str | None = None


@dataclass(frozen=True)
class Ask:
    """A bill as the guest gets it. `contact` is the phone's digits, or for a URL the PMS's own customer key."""

    request_id: str
    amount: int
    customer_name: str
    contact: str
    send_type: SendType
    product_name: str
    expires_on: date
    message: str | None = None
    bill_issuer: str | None = None


class Why(Enum):
    """What a refusal means for what to do next."""

    ALREADY_USED = "the request's id was used before, perhaps by our own earlier send"
    NOT_FOUND = "the provider knows no such bill"
    NO_POINTS = "the points have run out"
    TRY_LATER = "the provider cannot do it now"
    OTHER = "it will not do it"


@dataclass(frozen=True)
class Done(Generic[Value_co]):
    """The provider did it."""

    value: Value_co


@dataclass(frozen=True)
class Refused:
    """The provider did not do it, and says why: its own code and message."""

    code: str
    message: str
    why: Why = Why.OTHER


@dataclass(frozen=True)
class Unknown:
    """No answer that can be relied on: a time-out, a broken connection, a 5xx, something that is not JSON."""

    reason: str


@dataclass(frozen=True)
class Sent:
    """The provider has taken the bill; `url` is its page, where the reply said one."""

    url: str | None = None


@dataclass(frozen=True)
class ProviderBill:
    """The bill as the provider has it.

    `amount` (won) and `paid_at` are those of the payment, None while there is none. `payment_method` is ours
    (CARD, CASH, TRANSFER or PAYSSAM), `pay_type` the provider's own. `raw` is the reply, byte for byte.
    """

    state: State
    raw: bytes = field(repr=False)
    amount: int | None = None
    paid_at: datetime | None = None
    payment_method: str = "PAYSSAM"
    pay_type: str | None = None
    issuer: str | None = None
    approval_number: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Points:
    """What is left to send with, and where to buy more."""

    balance: int
    charge_url: str | None = None


class Provider(Protocol):
    """Sends bills to guests and takes their money."""

    @property
    def message_points(self) -> int:
        """What a message to a guest costs, in points: each send by TALK and each resend."""
        ...

    async def send(self, merchant: Merchant, ask: Ask) -> Done[Sent] | Refused | Unknown:
        """Give the guest a bill. An id that was used before is refused."""
        ...

    async def resend(self, merchant: Merchant, request_id: str) -> Done[None] | Refused | Unknown:
        """Send the guest the same bill again, for points."""
        ...

    async def read(self, merchant: Merchant, request_id: str) -> Done[ProviderBill] | Refused | Unknown:
        """How the bill stands; changes nothing."""
        ...

    async def destroy(self, merchant: Merchant, request_id: str, amount: int) -> Done[None] | Refused | Unknown:
        """Void an unpaid bill; `amount` as it was sent."""
        ...

    async def cancel(self, merchant: Merchant, request_id: str, amount: int) -> Done[None] | Refused | Unknown:
        """Give the whole money of a paid bill back; `amount` as it was sent."""
        ...

    async def points(self) -> Done[Points] | Refused | Unknown:
        """The points that are left."""
        ...

    async def aclose(self) -> None:
        """End the connections."""
        ...
