"""Open requests of a bill and the provider's payments on it, each as one call."""

from collections.abc import Callable

import pytest

from services.billing.bill import Bill
from services.billing.event import LedgerEvent
from services.billing.ids import new_ulid
from services.billing.open_request import (
    close_request,
    open_request,
    record_provider_payment,
    return_provider_payment,
)
from services.billing.payment import NewPayment
from services.billing.work import Work
from tests.unit.given import PAID_AT, Hotel

FIRST, SECOND, THIRD = "A" * 20, "B" * 20, "C" * 20

End = Callable[[Hotel, Bill], object]


def on(work: Work, bill: Bill) -> Bill:
    """The bill as this work has it."""
    found = work.find(Bill, bill.id)
    assert found is not None
    return found


def ask(hotel: Hotel, bill: Bill, amount: int | None = None, request_id: str = FIRST) -> int:
    """Open a request; returns its amount."""
    return hotel.when(lambda work: open_request(work.stamp, on(work, bill), request_id, amount))


def close(hotel: Hotel, bill: Bill, request_id: str = FIRST) -> None:
    """The guest is no longer asked."""
    hotel.when(lambda work: close_request(work.stamp, on(work, bill), request_id))


def provider_pays(hotel: Hotel, bill: Bill, amount: int, request_id: str = FIRST) -> str:
    """The provider has taken this much; returns the payment's id."""
    payment_id = new_ulid()

    def decide(work: Work) -> None:
        payment = NewPayment("PAYSSAM", amount, PAID_AT)
        record_provider_payment(work.stamp, on(work, bill), payment_id, payment, request_id)
        work.name(payment_id, bill.id)

    hotel.when(decide)
    return payment_id


def provider_returns(hotel: Hotel, bill: Bill, payment_id: str) -> list[LedgerEvent]:
    """The provider has given the money back; returns what that records."""
    return hotel.events_of(
        lambda: hotel.when(lambda work: return_provider_payment(work.stamp, on(work, bill), payment_id))
    )


def delete(hotel: Hotel, bill: Bill) -> None:
    """Delete the bill."""
    hotel.delete_bill(bill)


def cancel_and_delete(hotel: Hotel, bill: Bill) -> None:
    """Cancel the bill, then delete it."""
    hotel.cancel_bill(bill)
    hotel.delete_bill(bill)


ENDS: dict[str, End] = {
    "cancelled": lambda hotel, bill: hotel.cancel_bill(bill),
    "transferred": lambda hotel, bill: hotel.transfer(bill),
    "deleted": delete,
    "cancelled and deleted": cancel_and_delete,
}
each_end = pytest.mark.parametrize("end", ENDS.values(), ids=[name.replace(" ", "-") for name in ENDS])
