"""What the provider says is written down, once, whatever has become of the request or its bill here."""

from collections.abc import Callable
from typing import Literal

import pytest

from services.billing.errors import InvalidState
from services.collection.payment_request import PaymentRequest, Status
from services.collection.provider import Refused
from tests.collection.fake_provider import PAID_AT, FakeProvider
from tests.collection.given import Reception
from tests.unit.given import Hotel

Ended = Literal["DESTROYED", "EXPIRED", "REFUSED"]


def ended(reception: Reception, end: Ended) -> PaymentRequest:
    """A request that has come to this end, and whose bill of 100,000 is still live."""
    if end == "DESTROYED":
        return reception.destroyed()
    if end == "REFUSED":
        request = reception.ask()
        reception.provider.next("send", Refused("PARTNER_002", "no such merchant"))
        return reception.attend(request).after
    request = reception.sent(expires_on=reception.hotel.now.date())
    reception.hotel.now = reception.hotel.now.replace(day=23)
    return reception.look(request)


@pytest.mark.parametrize("end", ["DESTROYED", "EXPIRED", "REFUSED"])
@pytest.mark.parametrize("bill_end", ["", "BILL_CANCELLED", "BILL_TRANSFERRED", "BILL_DELETED"])
def test_money_that_came_after_the_end_is_recorded_and_flagged(
    reception: Reception, provider: FakeProvider, end: Ended, bill_end: str
) -> None:
    request = ended(reception, end)
    assert request.status == end
    end_bill(reception.hotel, request, bill_end)
    balance = reception.bill_of(request).balance_amount
    provider.become(request.id, "PAID", paid=30_000)
    after = reception.look(request)
    assert after.status == "PAID"
    assert after.flags == tuple(flag for flag in ("PAID_AFTER_END", bill_end) if flag)
    assert reception.bill_of(request).balance_amount == balance - 30_000
    payment = reception.payment_of(request)
    assert (payment.id, payment.amount, payment.applied, payment.payment_method) == (
        after.payment_id, 30_000, True, "CARD",
    )  # fmt: skip
    assert (payment.payment_request_id, payment.paid_at) == (request.id, PAID_AT)
    assert reception.hotel.store.aliases[payment.id] == request.asked.bill_id


def end_bill(hotel: Hotel, request: PaymentRequest, flag: str) -> None:
    """End the bill of a request in the way that this flag names."""
    ends: dict[str, Callable[[str], object]] = {
        "": lambda bill: None,
        "BILL_CANCELLED": hotel.cancel_bill,
        "BILL_TRANSFERRED": hotel.transfer,
        "BILL_DELETED": hotel.delete_bill,
    }
    ends[flag](request.asked.bill_id)


@pytest.mark.parametrize("flag", ["BILL_CANCELLED", "BILL_TRANSFERRED"])
def test_money_for_an_open_request_of_a_bill_that_has_ended_is_recorded_and_flagged(
    reception: Reception, provider: FakeProvider, flag: str
) -> None:
    request = reception.sent()
    end_bill(reception.hotel, request, flag)
    balance = reception.bill_of(request).balance_amount
    provider.pay(request.id)
    assert reception.look(request).flags == (flag,)
    bill = reception.bill_of(request)
    assert (bill.balance_amount, bill.open_requests) == (balance - 30_000, {})


@pytest.mark.parametrize("amount", [1, 29_999, 30_001, 9_999_999_999])
def test_another_amount_than_asked_is_recorded_as_it_was_paid(
    reception: Reception, provider: FakeProvider, amount: int
) -> None:
    request = reception.sent()
    provider.pay(request.id, amount)
    after = reception.look(request)
    assert after.flags == ("AMOUNT_DIFFERS",)
    assert after.receipt is not None
    assert (after.receipt.amount, after.asked.amount) == (amount, 30_000)
    bill = reception.bill_of(request)
    assert (bill.balance_amount, bill.open_requests) == (100_000 - amount, {})


def test_money_as_it_was_asked_for_has_no_flag(reception: Reception) -> None:
    request = reception.paid()
    assert (request.status, request.flags) == ("PAID", ())
    assert reception.bill_of(request).balance_amount == 70_000


def test_money_that_came_and_went_unseen_is_recorded_as_both_once(reception: Reception, provider: FakeProvider) -> None:
    request = reception.sent()
    provider.become(request.id, "REFUNDED", paid=30_000)
    events = reception.recorded(lambda: reception.look(request))
    assert sorted(event.TOPIC for event in events) == [
        "payment.cancelled", "payment.recorded", "payment_request.paid", "payment_request.refunded",
    ]  # fmt: skip
    assert reception.request(request).status == "REFUNDED"
    bill = reception.bill_of(request)
    assert (bill.balance_amount, bill.open_requests, reception.payment_of(request).live) == (100_000, {}, False)
    assert reception.recorded(lambda: reception.look(request)) == []


def test_a_refund_without_the_payments_amount_frees_what_was_asked(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent()
    provider.become(request.id, "REFUNDED")
    assert reception.look(request).status == "REFUNDED"
    bill = reception.bill_of(request)
    assert (bill.balance_amount, bill.open_requests, bill.payments) == (100_000, {}, {})
    assert reception.recorded(lambda: reception.look(request)) == []


def test_a_refund_in_the_providers_own_app_is_found(reception: Reception, provider: FakeProvider) -> None:
    request = reception.paid()
    provider.become(request.id, "REFUNDED", paid=30_000)
    after = reception.look(request)
    assert (after.status, after.payment_id) == ("REFUNDED", request.payment_id)
    assert (reception.bill_of(request).balance_amount, reception.payment_of(request).live) == (100_000, False)


def test_a_bill_destroyed_in_the_providers_own_app_frees_its_amount(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent()
    provider.become(request.id, "DESTROYED")
    assert reception.look(request).status == "DESTROYED"
    assert reception.bill_of(request).open_requests == {}


@pytest.mark.parametrize("undo", [Hotel.cancel_payment, Hotel.delete_payment])
def test_a_refund_of_money_that_was_undone_here_before_counts_once(
    reception: Reception, provider: FakeProvider, undo: Callable[[Hotel, str], object]
) -> None:
    request = reception.paid()
    assert request.payment_id is not None
    undo(reception.hotel, request.payment_id)
    provider.become(request.id, "REFUNDED", paid=30_000)
    assert reception.look(request).status == "REFUNDED"
    assert reception.bill_of(request).balance_amount == 100_000


@pytest.mark.parametrize("undo", [Hotel.cancel_payment, Hotel.delete_payment])
def test_money_that_was_undone_here_does_not_come_again_by_looking(
    reception: Reception, undo: Callable[[Hotel, str], object]
) -> None:
    request = reception.paid()
    assert request.payment_id is not None
    undo(reception.hotel, request.payment_id)
    assert reception.recorded(lambda: reception.look(request)) == []


def looked_at(reception: Reception, status: Status) -> PaymentRequest:
    """A request that the provider has brought to this status by a look."""
    request = reception.sent()
    match status:
        case "PAID":
            reception.provider.pay(request.id)
        case "REFUNDED":
            reception.provider.become(request.id, "REFUNDED", paid=30_000)
        case "DESTROYED":
            reception.provider.become(request.id, "DESTROYED")
        case _:
            pass
    return reception.look(request)


@pytest.mark.parametrize("status", ["SENT", "PAID", "REFUNDED", "DESTROYED"])
def test_repeated_looks_record_nothing_more(reception: Reception, status: Status) -> None:
    request = looked_at(reception, status)
    assert request.status == status
    for ask_first in (True, False, True):
        assert reception.recorded(lambda first=ask_first: reception.attend(request, ask_first=first)) == []  # type: ignore[misc]


@pytest.mark.parametrize("status", ["PAID", "REFUNDED", "DESTROYED"])
def test_an_older_word_of_the_provider_undoes_nothing(
    reception: Reception, provider: FakeProvider, status: Status
) -> None:
    request = looked_at(reception, status)
    provider.become(request.id, "UNPAID")
    assert reception.recorded(lambda: reception.look(request)) == []
    assert reception.request(request).status == status


def test_what_a_fact_rests_on_is_kept_with_it(reception: Reception, provider: FakeProvider) -> None:
    request = reception.sent()
    provider.pay(request.id)
    reception.attend(request, ask_first=True, callback="digest of the callback")
    evidence = vars(reception.hotel.store.stream(request.id)[-1])["evidence"]
    assert evidence.callback == "digest of the callback"
    assert len(evidence.reply) == 64
    provider.become(request.id, "REFUNDED", paid=30_000)
    reception.look(request)
    evidence = vars(reception.hotel.store.stream(request.id)[-1])["evidence"]
    assert (evidence.callback, len(evidence.reply)) == (None, 64)


def test_a_bill_that_the_guest_may_still_pay_is_not_deleted(reception: Reception, provider: FakeProvider) -> None:
    request = reception.sent()
    with pytest.raises(InvalidState):
        reception.hotel.delete_bill(request.asked.bill_id)
    provider.become(request.id, "DESTROYED")
    reception.look(request)
    assert reception.hotel.delete_bill(request.asked.bill_id).deleted


def test_a_payment_and_a_change_of_the_bill_at_the_same_time_both_count(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent()
    provider.pay(request.id)
    reception.hotel.store.before_commit = [lambda: reception.hotel.update_bill(request.asked.bill_id, total=90_000)]
    reception.look(request)
    bill = reception.bill_of(request)
    assert (bill.balance_amount, bill.total_amount, len(bill.payments)) == (60_000, 90_000, 1)
