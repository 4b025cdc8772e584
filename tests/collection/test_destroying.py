"""Voiding a request: only what nobody has paid, and never against the provider's word."""

import pytest

from services.billing.errors import InvalidState
from services.collection.errors import ProviderUnavailable
from services.collection.payment_request import PaymentRequest
from services.collection.provider import State
from tests.collection.fake_provider import BUSY, TIMED_OUT, WRONG_STATE, Failure, FakeProvider
from tests.collection.given import Reception

Raised = type[Exception] | tuple[type[Exception], ...]
EITHER = (InvalidState, ProviderUnavailable)


def unknown(reception: Reception, *, arrived: bool) -> PaymentRequest:
    """A request whose send had no answer that can be relied on."""
    request = reception.ask()
    reception.provider.next("send", TIMED_OUT, acts=arrived)
    return reception.attend(request).after


def test_a_request_that_is_with_the_guest_is_destroyed_for_the_amount_that_was_sent(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent()
    assert reception.operate("destroy", request).status == "DESTROYED"
    assert (provider.bills[request.id].state, provider.amounts) == ("DESTROYED", [30_000])
    assert reception.bill_of(request).open_requests == {}
    assert reception.recorded(lambda: reception.look(request)) == []


@pytest.mark.parametrize("status", ["REQUESTED", "UNKNOWN"])
def test_a_request_that_never_left_the_house_is_destroyed_here_alone(
    reception: Reception, provider: FakeProvider, status: str
) -> None:
    request = reception.ask() if status == "REQUESTED" else unknown(reception, arrived=False)
    assert request.status == status
    assert reception.operate("destroy", request).status == "DESTROYED"
    assert provider.count("destroy") == 0
    reception.attend(request)
    assert (provider.bills, reception.request(request).status) == ({}, "DESTROYED")


def test_looking_at_a_destroyed_request_that_never_left_the_house_is_settled(reception: Reception) -> None:
    request = reception.ask()
    reception.operate("destroy", request)
    assert reception.attend(request, ask_first=True).reason is None


def test_an_unknown_request_that_arrived_is_destroyed_at_the_provider_too(
    reception: Reception, provider: FakeProvider
) -> None:
    request = unknown(reception, arrived=True)
    assert reception.operate("destroy", request).status == "DESTROYED"
    assert provider.bills[request.id].state == "DESTROYED"


def test_an_unknown_request_that_arrived_has_cost_its_points_though_it_is_destroyed(
    reception: Reception, provider: FakeProvider
) -> None:
    request = unknown(reception, arrived=True)
    assert reception.operate("destroy", request).points_spent == provider.message_points


@pytest.mark.parametrize("failure", [TIMED_OUT, BUSY])
def test_an_unknown_request_is_not_destroyed_while_the_provider_cannot_be_asked(
    reception: Reception, provider: FakeProvider, failure: Failure
) -> None:
    request = unknown(reception, arrived=False)
    provider.next("read", failure)
    with pytest.raises(ProviderUnavailable):
        reception.operate("destroy", request)
    assert reception.request(request).status == "UNKNOWN"


def test_a_send_that_comes_through_after_the_end_is_destroyed_at_the_provider(
    reception: Reception, provider: FakeProvider
) -> None:
    request = unknown(reception, arrived=False)
    reception.operate("destroy", request)
    provider.become(request.id, "UNPAID")
    provider.bills[request.id].amount = 30_000
    assert reception.look(request).status == "DESTROYED"
    assert provider.bills[request.id].state == "DESTROYED"


@pytest.mark.parametrize("failure", [TIMED_OUT, WRONG_STATE, BUSY])
def test_what_was_destroyed_in_spite_of_the_answer_is_destroyed(
    reception: Reception, provider: FakeProvider, failure: Failure
) -> None:
    request = reception.sent()
    provider.next("destroy", failure, acts=True)
    assert reception.operate("destroy", request).status == "DESTROYED"
    evidence = vars(reception.hotel.store.stream(request.id)[-1])["evidence"]
    assert evidence.reply is not None


@pytest.mark.parametrize(
    ("failure", "raised"), [(TIMED_OUT, ProviderUnavailable), (WRONG_STATE, InvalidState), (BUSY, EITHER)]
)
@pytest.mark.parametrize("readable", [True, False])
def test_what_was_not_destroyed_stays_with_the_guest(
    reception: Reception, provider: FakeProvider, failure: Failure, raised: Raised, readable: bool
) -> None:
    request = reception.sent()
    provider.next("destroy", failure)
    if not readable:
        provider.next("read", TIMED_OUT)
    with pytest.raises(raised):
        reception.operate("destroy", request)
    assert reception.request(request) == request
    assert reception.bill_of(request).open_requests == {request.id: 30_000}


@pytest.mark.parametrize("failure", [None, TIMED_OUT])
def test_a_request_that_was_paid_meanwhile_is_not_destroyed_and_its_money_is_recorded(
    reception: Reception, provider: FakeProvider, failure: Failure | None
) -> None:
    request = reception.sent()
    provider.pay(request.id)
    if failure is not None:
        provider.next("destroy", failure)
    with pytest.raises(InvalidState, match="paid meanwhile"):
        reception.operate("destroy", request)
    after = reception.request(request)
    assert (after.status, after.flags) == ("PAID", ())
    assert reception.bill_of(request).balance_amount == 70_000
    assert reception.payment_of(request).id == after.payment_id


def test_an_unknown_request_that_was_paid_meanwhile_is_recorded_with_its_send(
    reception: Reception, provider: FakeProvider
) -> None:
    request = unknown(reception, arrived=True)
    provider.pay(request.id)
    with pytest.raises(InvalidState):
        reception.operate("destroy", request)
    assert reception.topics(request) == ["requested", "unknown", "sent", "paid"]
    assert reception.request(request).points_spent == provider.message_points


def test_money_that_came_and_went_before_a_destroy_is_recorded_at_once(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent()
    provider.become(request.id, "REFUNDED", paid=30_000)
    with pytest.raises(InvalidState):
        reception.operate("destroy", request)
    assert reception.request(request).status == "REFUNDED"


def test_a_request_that_was_destroyed_in_the_providers_own_app_is_destroyed(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent()
    provider.become(request.id, "DESTROYED")
    assert reception.operate("destroy", request).status == "DESTROYED"
    assert reception.bill_of(request).open_requests == {}


@pytest.mark.parametrize("state", ["PAID", "REFUNDED", "DESTROYED"])
def test_what_is_not_open_is_not_destroyed_and_the_provider_not_called(
    reception: Reception, provider: FakeProvider, state: State
) -> None:
    request = reception.sent()
    provider.become(request.id, state, paid=30_000)
    reception.look(request)
    provider.calls.clear()
    with pytest.raises(InvalidState, match=state):
        reception.operate("destroy", request)
    assert provider.calls == []


def test_a_request_that_the_provider_has_lost_is_destroyed_here(reception: Reception, provider: FakeProvider) -> None:
    request = reception.sent()
    del provider.bills[request.id]
    assert reception.operate("destroy", request).status == "DESTROYED"
    assert reception.bill_of(request).open_requests == {}
