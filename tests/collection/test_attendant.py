"""The attendant's agenda: what is due is dealt with and put off, and nothing stops it for good."""

import asyncio
from datetime import timedelta

import pytest

from services.billing.ports import StoreUnavailable
from services.collection import attendant as attendants
from services.collection.pace import LOOK_FIRST, RETRY_FIRST, RETRY_MAX
from services.collection.ports import Difference
from services.store.tasks import end
from tests.collection.fake_provider import TIMED_OUT, FakeProvider
from tests.collection.working import SECONDS_MAX, Entry, Office, within


async def test_what_is_due_is_sent_and_looked_at_again_soon(office: Office, provider: FakeProvider) -> None:
    requests = [office.plan(office.reception.ask()) for _ in range(20)]
    await office.work()
    for request in requests:
        assert office.reception.request(request).status == "SENT"
        assert within(office.waits(request), LOOK_FIRST)
    assert (provider.count("send"), office.agenda.differences) == (20, [])


@pytest.mark.parametrize("attempts", [0, 1, 5, 50])
async def test_what_failed_is_tried_again_later_each_time(
    office: Office, provider: FakeProvider, attempts: int
) -> None:
    request = office.plan(office.reception.ask(), attempts)
    provider.next("send", TIMED_OUT)
    await office.work()
    entry = office.agenda.entries[request.id]
    assert (entry.attempts, entry.reason) == (attempts + 1, TIMED_OUT.reason)
    assert within(office.waits(request), min(RETRY_FIRST * 2 ** min(attempts, 9), RETRY_MAX))
    assert provider.count("read") == (1 if attempts else 0)


async def test_a_success_forgets_the_failures_before_it(office: Office) -> None:
    request = office.plan(office.reception.ask(), attempts=7)
    await office.work()
    assert (office.agenda.entries[request.id].attempts, office.agenda.entries[request.id].reason) == (0, None)


async def test_what_another_process_deals_with_is_put_off_alone(office: Office, provider: FakeProvider) -> None:
    request, other = office.plan(office.reception.ask()), office.plan(office.reception.ask())
    office.reception.locks.taken.add(request.id)
    await office.work()
    assert within(office.waits(request), RETRY_FIRST)
    assert [ask.request_id for ask in provider.asks] == [other.id]


async def test_one_request_that_cannot_be_dealt_with_holds_up_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendants, "FAILED_PAUSE_SECONDS", 0.0)
    office.agenda.entries = {"Z" * 19 + str(number): Entry(office.reception.hotel.now) for number in range(9)}
    request = office.plan(office.reception.ask())
    async with asyncio.timeout(SECONDS_MAX / 10):
        await office.work()
    assert office.reception.request(request).status == "SENT"


async def test_a_database_that_was_away_stops_nothing_for_good(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendants, "FAILED_PAUSE_SECONDS", 0.0)
    request = office.plan(office.reception.ask())
    office.agenda.broken = [StoreUnavailable("away"), RuntimeError("a fault")]
    task = asyncio.create_task(office.attendant.work_agenda())
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while office.reception.request(request).status != "SENT":
                await asyncio.sleep(0)
    finally:
        await end([task])
    assert office.agenda.broken == []


async def test_money_that_no_callback_told_of_is_a_difference_and_what_one_told_of_is_none(
    office: Office, provider: FakeProvider
) -> None:
    told, untold = office.reception.sent(), office.reception.sent()
    for request in (told, untold):
        provider.pay(request.id)
    office.inbox.arrive(told.id)
    office.plan(untold)
    await office.work()
    assert office.agenda.differences == [Difference(untold.id, "SENT", "PAID", 30_000)]
    assert office.reception.request(told).status == "PAID"


async def test_a_request_of_which_nothing_more_is_to_be_expected_is_on_the_agenda_no_more(
    office: Office, provider: FakeProvider
) -> None:
    request = office.plan(office.reception.paid())
    provider.become(request.id, "REFUNDED", paid=30_000)
    await office.work()
    office.reception.hotel.now += timedelta(minutes=30)
    office.plan(request)
    await office.work()
    assert office.agenda.entries[request.id].next_at is None
