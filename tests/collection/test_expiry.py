"""A request ends with its last day in Asia/Seoul, wherever the hotel is; money that came all the same is found."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.billing.errors import InvalidParameter
from services.collection.commands import DAYS_TO_PAY_MAX
from tests.collection.fake_provider import TIMED_OUT, FakeProvider
from tests.collection.given import TODAY, Reception
from tests.unit.given import Hotel

LAST_MOMENT = datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC)
"""The end of the hotel's first day in Seoul, a second before midnight."""
MIDNIGHT = LAST_MOMENT + timedelta(seconds=1)


def test_a_request_expires_when_its_last_day_is_over_in_seoul(hotel: Hotel, reception: Reception) -> None:
    request = reception.sent(expires_on=TODAY)
    hotel.now = LAST_MOMENT
    assert reception.look(request).status == "SENT"
    hotel.now = MIDNIGHT
    assert reception.look(request).status == "EXPIRED"
    assert reception.bill_of(request).open_requests == {}
    assert reception.recorded(lambda: reception.look(request)) == []


def test_an_unsent_request_whose_last_day_is_over_is_not_sent(
    hotel: Hotel, reception: Reception, provider: FakeProvider
) -> None:
    first, second = reception.ask(expires_on=TODAY), reception.ask(expires_on=TODAY)
    hotel.now = LAST_MOMENT
    assert reception.attend(first).after.status == "SENT"
    hotel.now = MIDNIGHT
    attended = reception.attend(second)
    assert (attended.after.status, attended.reason) == ("EXPIRED", None)
    assert [ask.request_id for ask in provider.asks] == [first.id]
    assert reception.bill_of(second).open_requests == {}


def test_an_unknown_request_whose_last_day_is_over_is_asked_about_and_not_sent_again(
    hotel: Hotel, reception: Reception, provider: FakeProvider
) -> None:
    request = reception.ask(expires_on=TODAY)
    provider.next("send", TIMED_OUT)
    reception.attend(request)
    hotel.now = MIDNIGHT
    assert reception.attend(request, ask_first=True).after.status == "EXPIRED"
    assert provider.count("send") == 1


def test_an_unknown_request_that_was_with_the_guest_expires_and_has_cost_its_points(
    hotel: Hotel, reception: Reception, provider: FakeProvider
) -> None:
    request = reception.ask(expires_on=TODAY)
    provider.next("send", TIMED_OUT, acts=True)
    reception.attend(request)
    hotel.now = MIDNIGHT
    after = reception.look(request)
    assert (after.status, after.points_spent) == ("EXPIRED", provider.message_points)


def test_a_request_that_was_paid_in_time_does_not_expire(
    hotel: Hotel, reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent(expires_on=TODAY)
    provider.pay(request.id)
    hotel.now = MIDNIGHT
    after = reception.look(request)
    assert (after.status, after.flags) == ("PAID", ())


def test_nothing_expires_while_the_provider_does_not_say_how_it_stands(
    hotel: Hotel, reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent(expires_on=TODAY)
    hotel.now = MIDNIGHT
    provider.next("read", TIMED_OUT)
    attended = reception.attend(request)
    assert (attended.after.status, attended.reason) == ("SENT", TIMED_OUT.reason)


def test_a_sent_request_that_the_provider_has_lost_expires_as_well(
    hotel: Hotel, reception: Reception, provider: FakeProvider
) -> None:
    request = reception.sent(expires_on=TODAY)
    provider.bills.clear()
    hotel.now = MIDNIGHT
    assert reception.look(request).status == "EXPIRED"
    assert reception.bill_of(request).open_requests == {}


@pytest.mark.parametrize(("now", "today"), [(LAST_MOMENT, TODAY), (MIDNIGHT, TODAY + timedelta(days=1))])
@pytest.mark.parametrize("zone", ["Asia/Seoul", "Pacific/Honolulu", "Pacific/Kiritimati"])
def test_the_days_that_may_be_asked_for_are_those_of_seoul(
    hotel: Hotel, reception: Reception, now: datetime, today: date, zone: str
) -> None:
    hotel.configure(time_zone=zone)
    bill = hotel.add_bill()
    hotel.now = now
    last = today + timedelta(days=DAYS_TO_PAY_MAX)
    for day in (today - timedelta(days=1), last + timedelta(days=1), date.min, date.max):
        with hotel.refuses(InvalidParameter, "/expiresOn"):
            reception.ask(bill, 1, expires_on=day)
    for wanted in (today, last):
        assert reception.ask(bill, 1, expires_on=wanted).asked.expires_on == wanted
    assert reception.ask(bill, 1).asked.expires_on == today + timedelta(days=7)
