"""The attendant's inbox: a callback leads to a question, and is done with when the provider has answered it."""

import pytest

from services.collection.pace import LOOK_FIRST, RETRY_FIRST
from tests.collection.fake_provider import BUSY, TIMED_OUT, FakeProvider
from tests.collection.working import Office, within


async def test_a_callback_of_a_payment_leads_to_the_payment(office: Office, provider: FakeProvider) -> None:
    request = office.reception.sent()
    provider.pay(request.id)
    office.inbox.arrive(request.id)
    await office.work()
    assert office.inbox.letters == {}
    assert office.reception.request(request).status == "PAID"
    evidence = vars(office.reception.hotel.store.stream(request.id)[-1])["evidence"]
    assert evidence.callback == "digest 1"
    assert within(office.waits(request), LOOK_FIRST * 60)


async def test_several_callbacks_of_one_request_ask_the_provider_once(office: Office, provider: FakeProvider) -> None:
    request = office.reception.sent()
    provider.pay(request.id)
    for says_paid in (True, False, True, True):
        office.inbox.arrive(request.id, says_paid=says_paid)
    await office.work()
    assert (office.inbox.letters, provider.count("read")) == ({}, 1)
    assert len(office.reception.bill_of(request).payments) == 1


async def test_a_callback_that_says_paid_too_early_waits_until_the_provider_says_so(
    office: Office, provider: FakeProvider
) -> None:
    request = office.reception.sent()
    number = office.inbox.arrive(request.id)
    for attempts in range(3):
        await office.work()
        assert office.inbox.letters[number].attempts == attempts + 1
        assert "paid" in office.inbox.reasons[number]
        assert within(office.inbox.next_at[number] - office.reception.hotel.now, RETRY_FIRST * 2**attempts)
        office.reception.hotel.now = office.inbox.next_at[number]
    assert office.reception.request(request).status == "SENT"
    provider.pay(request.id)
    await office.work()
    assert (office.inbox.letters, office.reception.request(request).status) == ({}, "PAID")


async def test_a_callback_of_a_payment_that_is_known_asks_nobody_and_any_other_does(
    office: Office, provider: FakeProvider
) -> None:
    request = office.reception.paid()
    provider.calls.clear()
    office.inbox.arrive(request.id)
    await office.work()
    assert (office.inbox.letters, provider.calls) == ({}, [])
    provider.become(request.id, "REFUNDED", paid=30_000)
    for says_paid in (True, False):
        office.inbox.arrive(request.id, says_paid=says_paid)
    await office.work()
    assert (office.inbox.letters, provider.count("read")) == ({}, 1)
    assert office.reception.request(request).status == "REFUNDED"


async def test_a_callback_that_does_not_say_paid_is_done_with_once_the_provider_was_asked(
    office: Office, provider: FakeProvider
) -> None:
    request = office.reception.sent()
    office.inbox.arrive(request.id, says_paid=False)
    await office.work()
    assert (office.inbox.letters, provider.count("read")) == ({}, 1)


@pytest.mark.parametrize("request_id", ["Z" * 20, "", "folio/FOLIO-1", "accommodation/HOTEL-1"])
async def test_a_callback_of_an_unknown_request_waits_and_the_provider_is_not_asked(
    office: Office, provider: FakeProvider, request_id: str
) -> None:
    office.reception.hotel.add_bill()
    number = office.inbox.arrive(request_id)
    await office.work()
    assert office.inbox.reasons == {number: "there is no such payment request here"}
    assert (office.inbox.letters[number].attempts, provider.calls) == (1, [])


async def test_a_callback_waits_while_the_provider_or_the_request_cannot_be_reached(
    office: Office, provider: FakeProvider
) -> None:
    silent, busy, held = [office.reception.sent() for _ in range(3)]
    numbers = [office.inbox.arrive(request.id, says_paid=False) for request in (silent, busy, held)]
    office.reception.locks.taken.add(held.id)
    provider.next("read", TIMED_OUT, BUSY)
    await office.work()
    assert [office.inbox.letters[number].attempts for number in numbers] == [1, 1, 1]


async def test_a_callback_of_a_bill_whose_send_is_not_known_yet_sends_nothing_twice(
    office: Office, provider: FakeProvider
) -> None:
    request = office.reception.ask()
    provider.become(request.id, "PAID", paid=30_000)
    office.inbox.arrive(request.id)
    await office.work()
    assert office.reception.request(request).status == "PAID"
    assert provider.count("send") == 0
