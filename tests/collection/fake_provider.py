"""A provider that holds bills in memory and answers as it is told to."""

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from services.collection.provider import (
    Ask,
    Done,
    Merchant,
    Points,
    ProviderBill,
    Refused,
    Sent,
    State,
    Unknown,
    Why,
)

Operation = Literal["send", "resend", "read", "destroy", "cancel", "points"]
Failure = Refused | Unknown

MESSAGE_POINTS = 55
PAID_AT = datetime(2026, 11, 22, 2, 45, tzinfo=UTC)
TIMED_OUT = Unknown("no answer in time")
BUSY = Refused("MAINTAINED_METHOD", "maintenance", Why.TRY_LATER)
NOT_FOUND = Refused("BILL_003", "no such bill", Why.NOT_FOUND)
ALREADY_USED = Refused("9800", "the id was used before", Why.ALREADY_USED)
WRONG_STATE = Refused("BILL_005", "not in a state that allows this")


@dataclass
class HeldBill:
    """A bill as the provider has it; `paid` is the amount of its payment, None where it does not say."""

    amount: int
    state: State = "UNPAID"
    paid: int | None = None


@dataclass
class FakeProvider:
    """Does what a provider does. `next` replaces answers that are still to come, before or after it has acted."""

    bills: dict[str, HeldBill] = field(default_factory=dict)
    calls: list[tuple[Operation, str]] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    merchants: list[Merchant] = field(default_factory=list)
    amounts: list[int] = field(default_factory=list)
    left: Points = field(default_factory=lambda: Points(1_000, "https://provider.test/charge"))
    closed: bool = False
    _instead: dict[Operation, deque[tuple[Failure, bool]]] = field(default_factory=lambda: defaultdict(deque))

    @property
    def message_points(self) -> int:
        """What a message costs."""
        return MESSAGE_POINTS

    def next(self, operation: Operation, *failures: Failure, acts: bool = False) -> None:
        """Answer the next calls like this; `acts`: after it was done all the same."""
        self._instead[operation].extend((failure, acts) for failure in failures)

    def pay(self, request_id: str, amount: int | None = None) -> None:
        """The guest pays."""
        bill = self.bills[request_id]
        bill.state, bill.paid = "PAID", bill.amount if amount is None else amount

    def become(self, request_id: str, state: State, *, paid: int | None = None) -> None:
        """Somebody changes the bill in the provider's own app, or the answer to its send was lost."""
        held = self.bills.setdefault(request_id, HeldBill(paid or 0))
        held.state, held.paid = state, paid

    def count(self, operation: Operation) -> int:
        """How often it was called for this."""
        return [called for called, _ in self.calls].count(operation)

    async def send(self, merchant: Merchant, ask: Ask) -> Done[Sent] | Refused | Unknown:
        """Hold a new bill."""
        failure, acts = self._called("send", ask.request_id)
        if failure is not None and not acts:
            return failure
        if ask.request_id in self.bills:
            return failure or ALREADY_USED
        self.asks.append(ask)
        self.merchants.append(merchant)
        self.bills[ask.request_id] = HeldBill(ask.amount)
        return failure or Done(Sent(url_of(ask.request_id)))

    async def resend(self, merchant: Merchant, request_id: str) -> Done[None] | Refused | Unknown:
        """Nothing changes but the points."""
        failure, acts = self._called("resend", request_id)
        if failure is not None and not acts:
            return failure
        bill = self.bills.get(request_id)
        if bill is None or bill.state != "UNPAID":
            return failure or (NOT_FOUND if bill is None else WRONG_STATE)
        return failure or Done(None)

    async def read(self, merchant: Merchant, request_id: str) -> Done[ProviderBill] | Refused | Unknown:
        """The bill as it is held."""
        failure, _ = self._called("read", request_id)
        bill = self.bills.get(request_id)
        if failure is not None or bill is None:
            return failure or NOT_FOUND
        raw = json.dumps([request_id, bill.state, bill.paid]).encode()
        if bill.state in ("UNPAID", "DESTROYED"):
            return Done(ProviderBill(bill.state, raw, url=url_of(request_id)))
        return Done(
            ProviderBill(
                bill.state, raw, amount=bill.paid, paid_at=PAID_AT, payment_method="CARD", pay_type="CARD_VAN",
                issuer="현대카드", approval_number="30012345", url=url_of(request_id),
            )
        )  # fmt: skip

    async def destroy(self, merchant: Merchant, request_id: str, amount: int) -> Done[None] | Refused | Unknown:
        """Void an unpaid bill."""
        return self._change("destroy", request_id, amount, "UNPAID", "DESTROYED")

    async def cancel(self, merchant: Merchant, request_id: str, amount: int) -> Done[None] | Refused | Unknown:
        """Give the money of a paid bill back."""
        return self._change("cancel", request_id, amount, "PAID", "REFUNDED")

    async def points(self) -> Done[Points] | Refused | Unknown:
        """What is left."""
        failure, _ = self._called("points", "")
        return failure or Done(self.left)

    async def aclose(self) -> None:
        """Nothing was open."""
        self.closed = True

    def _called(self, operation: Operation, request_id: str) -> tuple[Failure | None, bool]:
        self.calls.append((operation, request_id))
        waiting = self._instead[operation]
        return waiting.popleft() if waiting else (None, False)

    def _change(
        self, operation: Operation, request_id: str, amount: int, before: State, after: State
    ) -> Done[None] | Refused | Unknown:
        failure, acts = self._called(operation, request_id)
        self.amounts.append(amount)
        if failure is not None and not acts:
            return failure
        bill = self.bills.get(request_id)
        if bill is None or bill.state != before or bill.amount != amount:
            return failure or (NOT_FOUND if bill is None else WRONG_STATE)
        bill.state = after
        return failure or Done(None)


def url_of(request_id: str) -> str:
    """The page on which the guest pays."""
    return f"https://provider.test/{request_id}"
