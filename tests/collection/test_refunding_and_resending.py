"""Giving money back, and sending the guest the same bill again, whatever the provider answers."""

from collections.abc import Callable

import pytest

from services.billing.errors import InvalidState
from services.collection.errors import ProviderUnavailable
from services.collection.provider import Refused, State
from tests.collection.fake_provider import BUSY, MESSAGE_POINTS, TIMED_OUT, WRONG_STATE, Failure, FakeProvider
from tests.collection.given import Reception
from tests.unit.given import Hotel

Raised = type[Exception] | tuple[type[Exception], ...]
EITHER = (InvalidState, ProviderUnavailable)
Undo = Callable[[Hotel, str], object]


def test_a_paid_request_is_refunded_and_its_payment_cancelled(reception: Reception, provider: FakeProvider) -> None:
    request = reception.paid()
    assert reception.operate("refund", request).status == "REFUNDED"
    assert (provider.bills[request.id].state, provider.amounts) == ("REFUNDED", [30_000])
    assert (reception.bill_of(request).balance_amount, reception.payment_of(request).live) == (100_000, False)
    assert reception.recorded(lambda: reception.look(request)) == []


def test_a_refund_is_asked_for_with_the_amount_that_was_sent_whatever_was_paid(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent()
    provider.pay(request.id, 29_000)
    reception.look(request)
    reception.operate("refund", request)
    assert provider.amounts == [30_000]
    assert reception.bill_of(request).balance_amount == 100_000


@pytest.mark.parametrize("end", [Hotel.cancel_bill, Hotel.transfer])
def test_money_of_a_bill_that_has_ended_is_refunded(reception: Reception, end: Undo) -> None:
    request = reception.paid()
    end(reception.hotel, request.asked.bill_id)
    balance = reception.bill_of(request).balance_amount
    reception.operate("refund", request)
    assert reception.bill_of(request).balance_amount == balance + 30_000


def test_money_of_a_deleted_bill_is_refunded(reception: Reception, provider: FakeProvider) -> None:
    request = reception.destroyed()
    reception.hotel.delete_bill(request.asked.bill_id)
    provider.become(request.id, "PAID", paid=30_000)
    assert reception.look(request).flags == ("PAID_AFTER_END", "BILL_DELETED")
    assert reception.bill_of(request).balance_amount == -30_000
    assert reception.operate("refund", request).status == "REFUNDED"
    assert reception.bill_of(request).balance_amount == 0


@pytest.mark.parametrize("undo", [Hotel.cancel_payment, Hotel.delete_payment])
def test_a_payment_that_was_undone_here_is_refunded_and_counted_once(reception: Reception, undo: Undo) -> None:
    request = reception.paid()
    assert request.payment_id is not None
    undo(reception.hotel, request.payment_id)
    assert reception.operate("refund", request).status == "REFUNDED"
    assert reception.bill_of(request).balance_amount == 100_000


@pytest.mark.parametrize("failure", [TIMED_OUT, WRONG_STATE, BUSY])
def test_what_was_refunded_in_spite_of_the_answer_is_refunded(
    reception: Reception, provider: FakeProvider, failure: Failure
) -> None:
    request = reception.paid()
    provider.next("cancel", failure, acts=True)
    assert reception.operate("refund", request).status == "REFUNDED"
    assert vars(reception.hotel.store.stream(request.id)[-1])["evidence"].reply is not None


@pytest.mark.parametrize(
    ("failure", "raised"), [(TIMED_OUT, ProviderUnavailable), (WRONG_STATE, InvalidState), (BUSY, EITHER)]
)
@pytest.mark.parametrize("readable", [True, False])
def test_what_was_not_refunded_stays_paid(
    reception: Reception, provider: FakeProvider, failure: Failure, raised: Raised, readable: bool
) -> None:
    request = reception.paid()
    provider.next("cancel", failure)
    if not readable:
        provider.next("read", TIMED_OUT)
    with pytest.raises(raised):
        reception.operate("refund", request)
    assert reception.request(request) == request
    assert reception.bill_of(request).balance_amount == 70_000


@pytest.mark.parametrize("state", ["UNPAID", "REFUNDED", "DESTROYED"])
def test_what_is_not_paid_is_not_refunded_and_the_provider_not_called(
    reception: Reception, provider: FakeProvider, state: State
) -> None:
    request = reception.sent()
    provider.become(request.id, state, paid=30_000 if state == "REFUNDED" else None)
    reception.look(request)
    provider.calls.clear()
    with pytest.raises(InvalidState):
        reception.operate("refund", request)
    assert provider.calls == []


def test_each_resend_costs_its_points(reception: Reception, provider: FakeProvider) -> None:
    request = reception.sent()
    for number in (1, 2):
        after = reception.operate("resend", request)
        assert (after.status, after.resend_count, after.last_error) == ("SENT", number, None)
        assert after.points_spent == MESSAGE_POINTS * (1 + number)
    assert provider.count("resend") == 2


@pytest.mark.parametrize("acts", [True, False])
def test_a_resend_of_which_nothing_is_known_counts_once_and_says_so(
    reception: Reception, provider: FakeProvider, acts: bool
) -> None:
    request = reception.sent()
    provider.next("resend", TIMED_OUT, acts=acts)
    after = reception.operate("resend", request)
    assert (after.resend_count, after.points_spent) == (1, 2 * MESSAGE_POINTS)
    assert after.last_error == TIMED_OUT.reason
    reception.look(request)
    assert reception.request(request) == after
    assert reception.operate("resend", request).last_error is None


def failure_code(failure: Failure) -> str:
    """What a refusal must be told by."""
    return failure.code if isinstance(failure, Refused) else failure.reason


def test_a_link_that_is_resent_costs_points_as_well(reception: Reception) -> None:
    request = reception.sent(send_type="URL")
    assert reception.operate("resend", request).points_spent == MESSAGE_POINTS


@pytest.mark.parametrize("failure", [WRONG_STATE, BUSY])
def test_a_resend_that_is_refused_costs_nothing(reception: Reception, provider: FakeProvider, failure: Failure) -> None:
    request = reception.sent()
    provider.next("resend", failure)
    with pytest.raises((InvalidState, ProviderUnavailable), match=failure_code(failure)):
        reception.operate("resend", request)
    assert reception.request(request) == request


def test_a_resend_that_is_refused_because_it_was_paid_finds_the_money(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent()
    provider.pay(request.id)
    with pytest.raises(InvalidState):
        reception.operate("resend", request)
    after = reception.request(request)
    assert (after.status, after.resend_count, after.points_spent) == ("PAID", 0, MESSAGE_POINTS)
    assert reception.bill_of(request).balance_amount == 70_000


@pytest.mark.parametrize("state", ["DESTROYED", "REFUNDED"])
def test_a_resend_that_is_refused_because_it_ended_at_the_provider_finds_the_end(
    reception: Reception, provider: FakeProvider, state: State
) -> None:
    request = reception.sent()
    provider.become(request.id, state, paid=30_000 if state == "REFUNDED" else None)
    with pytest.raises(InvalidState):
        reception.operate("resend", request)
    assert reception.request(request).status == state


def test_what_is_not_with_the_guest_is_not_resent_and_the_provider_not_called(
    reception: Reception, provider: FakeProvider
) -> None:
    requests = [reception.ask(amount=1), reception.paid(), reception.destroyed()]
    provider.calls.clear()
    for request in requests:
        with pytest.raises(InvalidState, match="only one that is SENT"):
            reception.operate("resend", request)
    assert provider.calls == []
