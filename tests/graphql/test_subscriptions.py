"""Subscriptions: what happens on a folio, as it happens, to whom it concerns."""

import asyncio
import gc
from typing import Any

import pytest

from services.bootstrap import Service
from services.desk import following
from services.graphql import socket
from services.graphql.execution import Shape
from services.store.api_keys import create_key, revoke_key
from tests.conftest import Desk
from tests.graphql.conversation import FOLLOW, SECONDS_MAX, Address, Conversation, following_now, talking


async def test_what_happens_on_a_folio_comes_as_it_happens(address: Address, desk: Desk) -> None:
    before = await desk.add_bill()
    await desk.add_bill("FOLIO-2")
    async with talking(address) as conversation:
        await conversation.ask(FOLLOW, folio="FOLIO-1")
        await conversation.ask("{ __typename }", name="2")
        assert (await conversation.hear())["id"] == "2"
        assert (await conversation.hear())["type"] == "complete"
        await following_now(1)
        await desk.add_bill("FOLIO-2")
        await desk.pay(before, 40)
        [event] = await conversation.events(1)
        assert (event["type"], event["data"]["amount"]) == ("payment.recorded", 40)
        await desk.add_bill()
        assert (await conversation.events(1))[0]["type"] == "bill.added"


async def test_after_a_position_nothing_is_missed_and_nothing_comes_twice(address: Address, desk: Desk) -> None:
    bill = await desk.add_bill()
    for amount in range(1, 251):
        await desk.pay(bill, amount)
    expected = [event["id"] for event in await all_events(desk, "FOLIO-1")]
    async with talking(address) as conversation:
        await conversation.ask(FOLLOW, folio="FOLIO-1", after=0)
        first = [event["id"] for event in await conversation.events(101)]
        await conversation.say({"type": "complete", "id": "1"})
    async with talking(address) as conversation:
        await conversation.ask(FOLLOW, folio="FOLIO-1", after=first[-1])
        rest = [event["id"] for event in await conversation.events(len(expected) - 101)]
    assert first + rest == expected


async def all_events(desk: Desk, folio: str) -> list[Any]:
    """The events of a folio as the feed has them."""
    items: list[Any] = (await desk.client.get(f"/v1/events?folioId={folio}&limit=500")).json()["items"]
    return items


async def test_an_event_is_as_the_feed_shows_it_and_leads_to_the_folio(address: Address, desk: Desk) -> None:
    await desk.add_bill(total=70)
    document = """subscription { folioEvents(folioId: "FOLIO-1", after: 0) {
        id type subject time accommodationId folioId version data folio { balanceAmount bills { name } }
    } }"""
    expected = await all_events(desk, "FOLIO-1")
    async with talking(address) as conversation:
        await conversation.ask(document)
        events = await conversation.events(len(expected))
        assert [event.pop("folio") for event in events] == [
            {"balanceAmount": 70, "bills": [{"name": "Room charge"}]}
        ] * len(expected)
        for event, shown in zip(events, expected, strict=True):
            assert event.pop("accommodationId") == shown["accommodationid"]
            assert event.pop("folioId") == shown["folioid"]
            assert event == {name: shown[name] for name in event}
        await desk.add_bill(total=5)
        [added] = await conversation.events(1)
        assert added["folio"]["balanceAmount"] == 75


async def test_a_key_with_one_accommodation_hears_of_no_other(address: Address, desk: Desk, service: Service) -> None:
    key = await asyncio.to_thread(create_key, service.conninfo, "hotel 2", "pms", ["HOTEL-2"])
    await desk.add_bill("FOLIO-1")
    await desk.add_bill("FOLIO-2", accommodationId="HOTEL-2")
    async with talking(address, key) as conversation:
        await conversation.ask(FOLLOW, name="own", folio="FOLIO-2", after=0)
        own = await conversation.events(2, "own")
        assert [event["type"] for event in own] == ["folio.opened", "bill.added"]
        await desk.add_bill("FOLIO-1")
        await desk.add_bill("FOLIO-2", accommodationId="HOTEL-2")
        assert (await conversation.events(1, "own"))[0]["type"] == "bill.added"


async def test_a_folio_that_is_unknown_is_told_as_one_that_is_not_this_keys(
    address: Address, desk: Desk, service: Service
) -> None:
    key = await asyncio.to_thread(create_key, service.conninfo, "hotel 2", "pms", ["HOTEL-2"])
    await desk.add_bill("FOLIO-1")
    answers = []
    async with talking(address, key) as conversation:
        for folio in ("FOLIO-1", "FOLIO-9"):
            for after in (None, 0):
                await conversation.ask(FOLLOW, name="1", folio=folio, after=after)
                [error] = (message := await conversation.hear())["payload"]["errors"]
                assert error["extensions"]["code"] == "DATA_NOT_FOUND_ON_ID"
                assert error["extensions"].pop("requestId")
                answers.append(str(message).replace(folio, "FOLIO"))
                assert await conversation.hear() == {"type": "complete", "id": "1"}
    assert len(set(answers)) == 1
    await following_now(0)


async def refusal(conversation: Conversation) -> tuple[str, str]:
    """The id and the code of the error with which a subscription ends."""
    message = await conversation.hear()
    [error] = message["payload"]["errors"]
    assert await conversation.hear() == {"type": "complete", "id": message["id"]}
    return message["id"], error["extensions"]["code"]


async def test_a_subscription_ends_with_its_key(
    address: Address, desk: Desk, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "ADMISSION_SECONDS", 0.0)
    monkeypatch.setattr("services.store.api_keys.KNOWN_SECONDS_MAX", 0.0)
    key = await asyncio.to_thread(create_key, service.conninfo, "short-lived", "auditor", None)
    await desk.add_bill()
    async with talking(address, key) as conversation:
        await conversation.ask(FOLLOW, folio="FOLIO-1", after=0)
        await conversation.events(2)
        await asyncio.to_thread(revoke_key, service.conninfo, "short-lived")
        assert await refusal(conversation) == ("1", "UNAUTHENTICATED")
        await conversation.ask('{ folio(id: "FOLIO-1") { folioId } }')
        refused = (await conversation.hear())["payload"]["errors"]
        assert [error["extensions"]["code"] for error in refused] == ["UNAUTHENTICATED"]


async def test_only_so_many_follow_at_once_and_a_place_is_given_back(
    address: Address, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "STREAMS_MAX", 2)
    await desk.add_bill()
    async with talking(address) as conversation:
        for name in ("1", "2"):
            await conversation.ask(FOLLOW, name, folio="FOLIO-1", after=0)
            await conversation.events(2, name)
        await conversation.ask(FOLLOW, "3", folio="FOLIO-1")
        refused = await conversation.hear()
        errors = refused["payload"] if refused["type"] == "error" else refused["payload"]["errors"]
        assert [error["extensions"]["code"] for error in errors] == ["TOO_MANY_REQUESTS"]
        await conversation.say({"type": "complete", "id": "1"})
        await following_now(1)
        await conversation.ask(FOLLOW, "4", folio="FOLIO-1", after=0)
        heard = [await conversation.hear() for _ in range(2)]
        assert "4" in {each["id"] for each in heard if each["type"] == "next"}


async def test_a_subscriber_that_takes_nothing_loses_its_socket_and_its_places(
    address: Address, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "SEND_SECONDS_MAX", 0.2)
    for _ in range(50):
        await desk.add_bill(name="R" * 200)
    async with talking(address) as conversation:
        for number in range(40):
            await conversation.ask(FOLLOW, str(number), folio="FOLIO-1", after=0)
        conversation.socket.transport.pause_reading()
        await following_now(0)
        async with talking(address) as other:
            await other.ask(FOLLOW, folio="FOLIO-1", after=0)
            assert (await other.events(1))[0]["id"] == "2"
        conversation.socket.transport.abort()


async def test_clients_that_go_away_at_once_leave_nothing_behind(
    address: Address, desk: Desk, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.add_bill()

    async def come_and_go(number: int) -> None:
        async with talking(address) as conversation:
            for name in range(5):
                await conversation.ask(FOLLOW, str(name), folio="FOLIO-1")
            await asyncio.sleep(number % 20 / 1_000)
            conversation.socket.transport.abort()

    for _ in range(20):
        await asyncio.gather(*(come_and_go(number) for number in range(10)))
    await following_now(0)
    async with asyncio.timeout(SECONDS_MAX):
        while service.pool.get_stats()["pool_available"] < service.pool.get_stats()["pool_size"]:
            await asyncio.sleep(0.01)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_subscription_keeps_nothing_of_the_events_before(address: Address, desk: Desk) -> None:
    bill = await desk.add_bill()
    for amount in range(1, 101):
        await desk.pay(bill, amount)
    async with talking(address) as conversation:
        await conversation.ask(FOLLOW, folio="FOLIO-1", after=0)
        await conversation.events(102)
        gc.collect()
        assert sum(type(each) is Shape for each in gc.get_objects()) < 20


async def test_a_fault_while_events_are_shown_tells_nothing_of_its_inside(
    address: Address, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> Any:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("services.graphql.subscriptions.cloud_event", fail)
    await desk.add_bill()
    async with talking(address) as conversation:
        await conversation.ask(FOLLOW, folio="FOLIO-1", after=0)
        answer = await conversation.hear()
        assert "secret" not in str(answer)
        assert [error["extensions"]["code"] for error in answer["payload"]["errors"]] == ["INTERNAL_ERROR"]
