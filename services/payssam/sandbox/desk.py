"""What is done at the sandbox itself and not over the provider's API: paying, the manager app, the books."""

from collections.abc import Callable
from typing import Any

import msgspec

from services.payssam.sandbox.bill import PAID, REFUNDED, Bill
from services.payssam.sandbox.courier import Courier
from services.payssam.sandbox.deliveries import WAITING, Deliveries
from services.payssam.sandbox.dialects import SUCCESS
from services.payssam.sandbox.payments import DEFAULT_PAY_TYPE, Payments
from services.payssam.sandbox.provider import Provider
from services.payssam.sandbox.settings import SandboxSettings
from services.payssam.sandbox.store import Call, Store


class Desk:
    """The sandbox from the inside. Its methods raise Refusal where the provider would refuse."""

    def __init__(
        self,
        settings: SandboxSettings,
        store: Store,
        provider: Provider,
        payments: Payments,
        deliveries: Deliveries,
        courier: Courier,
    ) -> None:
        self._clock = settings.clock
        self._store = store
        self._provider = provider
        self._payments = payments
        self._deliveries = deliveries
        self._courier = courier

    def bill(self, bill_id: str) -> Bill:
        """The bill as it is now. Refusal when there is none."""
        return self._provider.bill(bill_id)

    def expired(self, bill: Bill) -> bool:
        """Whether it is too late to pay the bill."""
        return bill.expired(self._clock())

    def pay(self, bill_id: str, amount: int | None = None, pay_type: str = DEFAULT_PAY_TYPE, *, by: str) -> Bill:
        """Pay as the guest; `amount` in won, None the price; `by` is for the history. Refusal."""
        bill = self._do("pay", by, lambda: self._payments.pay(bill_id, amount, pay_type))
        self._courier.wake()
        return bill

    def cancel(self, bill_id: str) -> Bill:
        """Refund in the manager app: nobody is told. Refusal."""
        return self._do("cancel", "control", lambda: self._provider.cancel(bill_id))

    def destroy(self, bill_id: str) -> Bill:
        """Void in the manager app: nobody is told. Refusal."""
        return self._do("destroy", "control", lambda: self._provider.destroy(bill_id))

    def set_points(self, balance: int) -> None:
        """Set the points that are left."""
        self._store.set_counter("points", balance)

    def release_callbacks(self) -> None:
        """Send what is held to be reordered."""
        with self._store.transaction():
            self._deliveries.release()
        self._courier.wake()

    def bills(self, after: int, limit: int) -> dict[str, Any]:
        """Bills in the order they were sent; `next` is what to give as `after` for more, None at the end."""
        self._store.make_final(self._clock())
        found = self._store.bills(after, limit + 1)
        more = len(found) > limit
        return {
            "bills": [msgspec.to_builtins(bill) for _, bill in found[:limit]],
            "next": found[limit - 1][0] if more else None,
        }

    def all_of(self, bill_id: str) -> dict[str, Any]:
        """A bill with its history and its callbacks. Refusal when there is none."""
        return {
            **msgspec.to_builtins(self.bill(bill_id)),
            "history": msgspec.to_builtins(self._store.history(bill_id)),
            "callbacks": msgspec.to_builtins(self._deliveries.of_bill(bill_id)),
        }

    def totals(self) -> dict[str, int]:
        """The sandbox's own books; amounts in won."""
        self._store.make_final(self._clock())
        sums = self._store.sums_by_state()
        paid, paid_amount = sums.get(PAID, (0, 0))
        return {
            "bills": sum(bills for bills, _ in sums.values()),
            "paid": paid,
            "paidAmount": paid_amount,
            "refundedAmount": sums.get(REFUNDED, (0, 0))[1],
            "sends": self._store.counter("sends"),
            "resends": self._store.counter("resends"),
            "pointsSpent": self._store.counter("pointsSpent"),
            "callbacksDelivered": self._deliveries.count("delivered"),
            "callbacksWaiting": self._deliveries.count(WAITING),
        }

    def _do(self, operation: str, by: str, act: Callable[[], Bill]) -> Bill:
        with self._store.transaction():
            bill = act()
            self._store.record(bill.bill_id, Call(self._clock(), by, operation, SUCCESS))
        return bill
