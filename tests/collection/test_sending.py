"""Sending a request: at most once in effect, whatever the provider answers and whether or not it has acted."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from services.billing.errors import NotFound
from services.billing.ports import TooBusy
from services.collection.payment_request import Status
from services.collection.provider import Ask, Merchant, Refused, Unknown, Why
from tests.collection.fake_provider import (
    ALREADY_USED,
    BUSY,
    MESSAGE_POINTS,
    NOT_FOUND,
    TIMED_OUT,
    FakeProvider,
    HeldBill,
    url_of,
)
from tests.collection.given import GUEST, TODAY, Reception
from tests.unit.given import Hotel, finished

NO_POINTS = Refused("POINT_001", "no points left", Why.NO_POINTS)
WRONG_PARTNER = Refused("PARTNER_002", "no such merchant")


@dataclass(frozen=True)
class Case:
    """How the provider answers a first send, and what must have become of the request after it."""

    given: Callable[[FakeProvider], None]
    status: Status
    reason: str | None
    held: int
    error: str | None = None


def lost(provider: FakeProvider) -> None:
    """The answer is lost, the bill is there."""
    provider.next("send", TIMED_OUT, acts=True)


def refused_and_unreadable(provider: FakeProvider) -> None:
    provider.next("send", WRONG_PARTNER)
    provider.next("read", TIMED_OUT)


def refused_and_busy(provider: FakeProvider) -> None:
    provider.next("send", WRONG_PARTNER)
    provider.next("read", BUSY)


def without_points(provider: FakeProvider) -> None:
    provider.next("send", NO_POINTS)
    provider.next("points", TIMED_OUT)


def used_and_not_found(provider: FakeProvider) -> None:
    provider.next("send", ALREADY_USED)
    provider.next("read", NOT_FOUND)


def used_by_a_send_that_came_through(provider: FakeProvider) -> None:
    provider.next("send", ALREADY_USED, acts=True)


def refused_as_everything_is(provider: FakeProvider) -> None:
    """The provider does not know us, whatever we ask."""
    provider.next("send", WRONG_PARTNER)
    provider.next("read", WRONG_PARTNER)


FIRST_SENDS = {
    "done": Case(lambda provider: None, "SENT", None, 30_000),
    "unknown before acting": Case(
        lambda provider: provider.next("send", TIMED_OUT), "UNKNOWN", TIMED_OUT.reason, 30_000, TIMED_OUT.reason
    ),
    "unknown after acting": Case(lost, "UNKNOWN", TIMED_OUT.reason, 30_000, TIMED_OUT.reason),
    "already used by an own send": Case(used_by_a_send_that_came_through, "SENT", None, 30_000),
    "already used and not found": Case(
        used_and_not_found, "REFUSED", None, 0, f"{ALREADY_USED.code}: {ALREADY_USED.message}"
    ),
    "without points": Case(without_points, "REFUSED", None, 0, "POINT_001: no points left"),
    "a wrong merchant": Case(
        lambda provider: provider.next("send", WRONG_PARTNER), "REFUSED", None, 0, "PARTNER_002: no such merchant"
    ),
    "not found": Case(lambda provider: provider.next("send", NOT_FOUND), "REFUSED", None, 0, "BILL_003: no such bill"),
    "busy": Case(lambda provider: provider.next("send", BUSY), "REQUESTED", "MAINTAINED_METHOD: maintenance", 30_000),
    "busy after acting": Case(lambda provider: provider.next("send", BUSY, acts=True), "SENT", None, 30_000),
    "refused and unreadable": Case(
        refused_and_unreadable, "UNKNOWN", "PARTNER_002: no such merchant", 30_000, TIMED_OUT.reason
    ),
    "refused as everything is": Case(refused_as_everything_is, "REFUSED", None, 0, "PARTNER_002: no such merchant"),
    "refused and busy": Case(refused_and_busy, "REQUESTED", "PARTNER_002: no such merchant", 30_000),
}


@pytest.mark.parametrize("case", FIRST_SENDS.values(), ids=[name.replace(" ", "-") for name in FIRST_SENDS])
def test_a_first_send_ends_as_the_provider_says(reception: Reception, provider: FakeProvider, case: Case) -> None:
    request = reception.ask()
    case.given(provider)
    attended = reception.attend(request)
    after = reception.request(request)
    assert (after.status, attended.reason, after.last_error) == (case.status, case.reason, case.error)
    assert attended.before.status == "REQUESTED"
    assert attended.after.status == after.status
    assert sum(reception.bill_of(request).open_requests.values()) == case.held
    assert after.points_spent == (MESSAGE_POINTS if after.status == "SENT" else 0)
    assert provider.count("send") == 1


@pytest.mark.parametrize(
    "given", [FIRST_SENDS[name].given for name in FIRST_SENDS if FIRST_SENDS[name].reason is not None]
)
def test_a_send_that_must_be_dealt_with_again_is_settled_the_next_time_for_one_bill_and_one_price(
    reception: Reception, provider: FakeProvider, given: Callable[[FakeProvider], None]
) -> None:
    request = reception.ask()
    given(provider)
    reception.attend(request)
    again = reception.attend(request, ask_first=True)
    assert (again.after.status, again.reason, again.after.last_error) == ("SENT", None, None)
    assert again.after.points_spent == MESSAGE_POINTS
    assert len(provider.asks) == 1
    assert reception.topics(request).count("sent") == 1


def test_a_send_that_stays_unknown_is_noted_once_and_read_before_each_new_send(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.ask()
    provider.next("send", *[TIMED_OUT] * 4)
    reception.attend(request)
    for _ in range(3):
        reception.attend(request, ask_first=True)
    assert reception.topics(request) == ["requested", "unknown"]
    assert [operation for operation, _ in provider.calls] == ["send", *["read", "send"] * 3]


def test_a_request_whose_end_is_unknown_is_not_sent_while_the_provider_cannot_be_asked(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.ask()
    provider.next("send", TIMED_OUT, acts=True)
    reception.attend(request)
    provider.next("read", TIMED_OUT, BUSY)
    for _ in range(2):
        assert reception.attend(request, ask_first=True).reason is not None
    assert provider.count("send") == 1
    assert reception.topics(request) == ["requested", "unknown"]


def test_a_request_with_a_send_in_doubt_does_not_end_because_the_provider_refuses_everything(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.ask()
    provider.next("send", TIMED_OUT, WRONG_PARTNER)
    provider.next("read", NOT_FOUND, WRONG_PARTNER)
    reception.attend(request)
    attended = reception.attend(request, ask_first=True)
    assert (attended.after.status, attended.reason) == ("UNKNOWN", "PARTNER_002: no such merchant")
    assert reception.bill_of(request).open_requests == {request.id: request.asked.amount}


def test_an_unknown_request_is_asked_about_even_when_it_is_told_not_to(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.ask()
    provider.next("send", TIMED_OUT, acts=True)
    reception.attend(request)
    assert reception.attend(request, ask_first=False).after.status == "SENT"
    assert provider.count("send") == 1


def test_a_send_whose_process_died_is_found_by_its_second_copy(reception: Reception, provider: FakeProvider) -> None:
    request = reception.ask()
    provider.become(request.id, "UNPAID")
    assert reception.attend(request).after.status == "SENT"
    assert reception.request(request).points_spent == MESSAGE_POINTS


def test_a_bill_that_was_paid_before_its_send_was_known_is_sent_and_paid(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.ask()
    provider.next("send", TIMED_OUT, acts=True)
    reception.attend(request)
    provider.pay(request.id)
    after = reception.look(request)
    assert reception.topics(request) == ["requested", "unknown", "sent", "paid"]
    assert (after.status, after.points_spent, after.flags) == ("PAID", MESSAGE_POINTS, ())


def test_a_sent_request_is_never_sent_again(reception: Reception, provider: FakeProvider) -> None:
    request = reception.sent()
    provider.bills.clear()
    for ask_first in (False, True):
        assert reception.attend(request, ask_first=ask_first).reason == "BILL_003: no such bill"
    assert provider.count("send") == 1
    assert reception.request(request).status == "SENT"


def test_the_guest_gets_what_was_asked_for_from_the_account_of_the_hotel(
    hotel: Hotel, reception: Reception, provider: FakeProvider
) -> None:
    hotel.configure(payssam_member="member-1", payssam_merchant="merchant-1")
    bill = hotel.add_bill(name="Room 204")
    request = reception.sent(bill, 12_345, bill_issuer="Seoul Garden")
    assert provider.asks == [
        Ask(
            request.id, 12_345, GUEST.name, GUEST.contact, "TALK", "Room 204", request.asked.expires_on, GUEST.message,
            "Seoul Garden",
        )
    ]  # fmt: skip
    assert (request.asked.expires_on - TODAY).days == 7
    assert provider.merchants == [Merchant("member-1", "merchant-1")]
    assert request.url == url_of(request.id)


def test_a_link_costs_nothing_and_a_message_its_points_once(reception: Reception) -> None:
    link = reception.sent(send_type="URL")
    message = reception.sent()
    for request, points in ((link, 0), (message, MESSAGE_POINTS)):
        for _ in range(2):
            reception.look(request)
        assert reception.request(request).points_spent == points


@pytest.mark.parametrize("ask_first", [False, True])
def test_a_guest_who_was_forgotten_is_not_asked(reception: Reception, provider: FakeProvider, ask_first: bool) -> None:
    request = reception.ask()
    reception.forget_guest()
    attended = reception.attend(request, ask_first=ask_first)
    assert (attended.after.status, attended.reason) == ("REFUSED", None)
    assert attended.after.last_error is not None
    assert attended.after.last_error.startswith("GUEST_FORGOTTEN")
    assert provider.count("send") == 0
    assert reception.bill_of(request).open_requests == {}


def test_a_send_that_was_cut_off_counts_though_its_guest_was_forgotten_or_its_day_is_over(
    reception: Reception, provider: FakeProvider
) -> None:
    request = reception.ask()
    provider.bills[request.id] = HeldBill(request.asked.amount)  # the process died before it heard the answer
    reception.forget_guest()
    attended = reception.attend(request)
    assert (attended.after.status, attended.after.points_spent) == ("SENT", MESSAGE_POINTS)
    assert reception.bill_of(request).open_requests == {request.id: request.asked.amount}


def test_a_refusal_for_want_of_points_says_so_and_where_to_buy_some(
    reception: Reception, provider: FakeProvider
) -> None:
    for refused, no_points in ((NO_POINTS, True), (WRONG_PARTNER, False)):
        request = reception.ask()
        provider.next("send", refused)
        reception.attend(request)
        event = reception.hotel.store.stream(request.id)[-1]
        assert (event.TOPIC, vars(event)["no_points"]) == ("payment_request.refused", no_points)
        assert (str(provider.left.charge_url) in vars(event)["message"]) is no_points


def test_what_is_not_there_or_held_by_another_process_is_not_dealt_with(
    reception: Reception, provider: FakeProvider
) -> None:
    with pytest.raises(NotFound):
        finished(reception.collector.attend("Z" * 20, ask_first=False))
    request = reception.ask()
    reception.locks.taken.add(request.id)
    with pytest.raises(TooBusy):
        reception.attend(request)
    assert provider.calls == []


def test_what_the_provider_says_of_a_send_is_kept_without_the_guest(
    reception: Reception, provider: FakeProvider
) -> None:
    quoting = Refused("9999", f"{GUEST.name} at {GUEST.contact} was refused")
    provider.next("send", quoting)
    attended = reception.attend(reception.ask())
    assert attended.after.last_error == "9999: *** at *** was refused"
    provider.next("send", Unknown(f"nothing about {GUEST.name}"))
    assert reception.attend(reception.ask()).after.last_error == "nothing about ***"
