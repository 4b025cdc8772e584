"""Faults on demand: which one befalls the next call, and what becomes of the next payment's callback."""

import random
from collections import deque
from typing import Annotated, Literal

import msgspec

from services.payssam.sandbox.dialects import Operation

FaultName = Literal[
    "delay", "drop_before", "drop_after", "error_500", "error_500_after", "html", "html_after", "maintenance"
]
CallbackMode = Literal["normal", "duplicate", "reorder", "early", "wrong_amount", "missing", "pays_other_amount"]

FAULT_NAMES: tuple[FaultName, ...] = (
    "delay",
    "drop_before",
    "drop_after",
    "error_500",
    "error_500_after",
    "html",
    "html_after",
    "maintenance",
)
# Neither a payment of another amount, which is the guest's doing, nor what cannot go wrong.
RANDOM_MODES: tuple[CallbackMode, ...] = ("duplicate", "reorder", "early", "wrong_amount", "missing")

ORDERS_MAX = 1_000
"""How many orders may wait in a queue."""
COPIES_MAX = 100

Times = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=600)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**15)]


class FaultOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What `POST /sandbox/faults` takes: a fault for the next `times` calls; `seconds` is for `delay` only."""

    fault: FaultName
    operation: Operation | Literal["any"] = "any"
    times: Times = 1
    seconds: Seconds = 1.0


class CallbackOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What `POST /sandbox/callbacks` takes: what happens to the callbacks of the next `times` payments.

    `copies` is how many more are sent (duplicate), `seconds` how long the payment is not final (early),
    `amount` the other amount in won (wrong_amount, pays_other_amount; None: 1000 more than the price).
    """

    mode: CallbackMode
    times: Times = 1
    copies: Annotated[int, msgspec.Meta(ge=1, le=COPIES_MAX)] = 1
    seconds: Seconds = 1.0
    amount: Amount | None = None


class RandomOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What `POST /sandbox/random` takes: the share of calls and callbacks that go wrong, 0 to switch off.

    `seconds` is the longest delay, and how long an early callback comes before its payment.
    """

    rate: Annotated[float, msgspec.Meta(ge=0, le=1)]
    seed: int = 0
    seconds: Seconds = 0.2


class TooManyOrders(Exception):
    """The queue is full; delete the faults first."""


class Faults:
    """The faults to come. They live in memory: a restart begins without any."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._faults: deque[FaultOrder] = deque()
        self._modes: deque[CallbackOrder] = deque()
        self.set_random(RandomOrder(rate=0))

    def set_random(self, order: RandomOrder) -> None:
        """Let calls go wrong at random. The same seed brings the same faults in the same order.

        Calls and payments draw from generators of their own: how the two mix in time changes nothing.
        """
        self._random = order
        self._random_calls = random.Random(f"{order.seed} calls")  # noqa: S311
        self._random_modes = random.Random(f"{order.seed} callbacks")  # noqa: S311

    def add_fault(self, order: FaultOrder) -> None:
        """Queue a fault. Raises TooManyOrders."""
        if len(self._faults) >= ORDERS_MAX:
            raise TooManyOrders
        self._faults.append(order)

    def add_mode(self, order: CallbackOrder) -> None:
        """Queue a mode of callbacks. Raises TooManyOrders."""
        if len(self._modes) >= ORDERS_MAX:
            raise TooManyOrders
        self._modes.append(order)

    def take_fault(self, operation: Operation) -> FaultOrder | None:
        """The fault of this call: the first that was ordered for it, or one at random, or none."""
        for order in self._faults:
            if order.operation in (operation, "any"):
                order.times -= 1
                if order.times == 0:
                    self._faults.remove(order)
                return order
        if self._random_calls.random() >= self._random.rate:
            return None
        fault = self._random_calls.choice(FAULT_NAMES)
        return FaultOrder(fault, operation, seconds=self._random_calls.uniform(0, self._random.seconds))

    def take_mode(self) -> CallbackOrder:
        """What happens to this payment's callback; of a `reorder`, `times` says how many are still to come."""
        if self._modes:
            order = self._modes[0]
            order.times -= 1
            if order.times == 0:
                self._modes.popleft()
            return order
        if self._random_modes.random() >= self._random.rate:
            return CallbackOrder("normal", times=0)
        mode = self._random_modes.choice(RANDOM_MODES)
        if mode == "reorder":
            self._modes.append(CallbackOrder("reorder"))  # what is held goes after the next payment's
            return CallbackOrder("reorder", times=1)
        return CallbackOrder(mode, times=0, seconds=self._random.seconds)
