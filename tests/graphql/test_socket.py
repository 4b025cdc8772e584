"""Documents over a WebSocket by graphql-transport-ws: what happens on a folio, and whatever goes by POST."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from services.bootstrap import Service
from services.desk import following
from services.store.api_keys import create_key, revoke_key
from tests.conftest import ADMIN_KEY, Desk

PROTOCOL = Subprotocol("graphql-transport-ws")
SECONDS_MAX = 20.0
FOLLOW = "subscription($folio: ID!, $after: ID) { folioEvents(folioId: $folio, after: $after) { id type data } }"

Address = tuple[str, int]


class Conversation:
    """One socket, message by message."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, message: Any) -> None:
        """Send a message."""
        await self.socket.send(message if isinstance(message, str | bytes) else msgspec.json.encode(message).decode())

    async def hear(self) -> Any:
        """The next message."""
        async with asyncio.timeout(SECONDS_MAX):
            return msgspec.json.decode(await self.socket.recv())

    async def ask(self, query: str, name: str = "1", **variables: Any) -> None:
        """Send a document."""
        payload = {"query": query, "variables": variables}
        await self.say({"type": "subscribe", "id": name, "payload": payload})

    async def events(self, count: int, name: str = "1") -> list[Any]:
        """So many events of a subscription."""
        messages = [await self.hear() for _ in range(count)]
        assert [(each["type"], each["id"]) for each in messages] == [("next", name)] * count, messages
        return [each["payload"]["data"]["folioEvents"] for each in messages]

    async def closed(self) -> int:
        """Wait until the service ends the socket; with which code."""
        async with asyncio.timeout(SECONDS_MAX):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
        assert self.socket.close_code is not None
        return self.socket.close_code


@asynccontextmanager
async def talking(address: Address, key: str | None = ADMIN_KEY, **init: Any) -> AsyncIterator[Conversation]:
    """A socket that was let in, with its key in the header unless it is in `init`."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = f"ws://{address[0]}:{address[1]}/graphql"
    async with connect(url, subprotocols=[PROTOCOL], additional_headers=headers, open_timeout=SECONDS_MAX) as socket:
        conversation = Conversation(socket)
        await conversation.say({"type": "connection_init", "payload": init})
        assert await conversation.hear() == {"type": "connection_ack"}
        yield conversation


async def test_what_happens_on_a_folio_comes_as_it_happens(address: Address, desk: Desk) -> None:
    before = await desk.add_bill()
    await desk.add_bill("FOLIO-2")
    async with talking(address) as conversation:
        await conversation.ask(FOLLOW, folio="FOLIO-1")
        await conversation.ask("{ __typename }", name="2")
        assert (await conversation.hear())["id"] == "2"
        assert (await conversation.hear())["type"] == "complete"
        await asyncio.sleep(0.1)  # the subscription begins where the log ends then
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


async def test_queries_and_mutations_go_over_the_socket_too(address: Address, desk: Desk) -> None:
    bill = await desk.add_bill()
    async with talking(address) as conversation:
        await conversation.ask("query($id: ID!) { bill(id: $id) { id } }", id=bill["id"])
        assert (await conversation.hear())["payload"]["data"] == {"bill": {"id": bill["id"]}}
        assert await conversation.hear() == {"type": "complete", "id": "1"}
        await conversation.ask('mutation($id: ID!) { updateBill(id: $id, name: "Suite") { name } }', id=bill["id"])
        assert (await conversation.hear())["payload"]["data"] == {"updateBill": {"name": "Suite"}}
        assert (await conversation.hear())["type"] == "complete"
        await conversation.ask('{ bill(id: "1") { id } }')
        refused = (await conversation.hear())["payload"]
        assert [error["extensions"]["code"] for error in refused["errors"]] == ["INVALID_PARAMETER"]


DOCUMENTS = {
    "a syntax error": ("{", "INVALID_PARAMETER"),
    "an unknown field": ("subscription { folioEvents(folioId: 1) { nothing } }", "INVALID_PARAMETER"),
    "no folio": ("subscription { folioEvents { id } }", "REQUIRED_PARAMETER"),
    "a folio id of the wrong form": ('subscription { folioEvents(folioId: "a b") { id } }', "INVALID_PARAMETER"),
    "a position that is none": ('subscription { folioEvents(folioId: "F", after: "x") { id } }', "INVALID_PARAMETER"),
    "a position beyond the log": ('subscription { folioEvents(folioId: "F", after: 99) { id } }', "INVALID_PARAMETER"),
    "no operation": ("fragment a on Bill { id }", "INVALID_PARAMETER"),
    "two at once": ("subscription { folioEvents(folioId: 1) { id } __typename }", "INVALID_PARAMETER"),
    "10,000 levels": ("{" + "a{" * 10_000, "INVALID_PARAMETER"),
    "too large": ("#" * 100_000, "PAYLOAD_TOO_LARGE"),
}


@pytest.mark.parametrize(("document", "code"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
async def test_a_wrong_document_is_refused_and_the_socket_stays(document: str, code: str, address: Address) -> None:
    async with talking(address) as conversation:
        await conversation.ask(document, name="wrong")
        refused = await conversation.hear()
        errors = refused["payload"] if refused["type"] == "error" else refused["payload"]["errors"]
        assert {error["extensions"]["code"] for error in errors} == {code}
        if refused["type"] == "next":
            assert (await conversation.hear())["type"] == "complete"
        await conversation.ask("{ __typename }", name="right")
        assert (await conversation.hear())["payload"]["data"] == {"__typename": "Query"}


async def test_the_key_may_come_with_the_first_message_instead(address: Address) -> None:
    async with talking(address, None, authorization=f"Bearer {ADMIN_KEY}") as conversation:
        await conversation.ask("{ __typename }")
        assert (await conversation.hear())["payload"]["data"] == {"__typename": "Query"}


async def test_without_a_key_a_socket_is_closed(address: Address) -> None:
    url = f"ws://{address[0]}:{address[1]}/graphql"
    for init in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": 1}, {"Authorization": None}):
        async with connect(url, subprotocols=[PROTOCOL]) as socket:
            conversation = Conversation(socket)
            await conversation.say({"type": "connection_init", "payload": init})
            assert await conversation.closed() == 4403
    async with connect(url, subprotocols=[PROTOCOL]) as socket:
        conversation = Conversation(socket)
        await conversation.ask("{ __typename }")
        assert await conversation.closed() == 4401


MESSAGES: dict[str, Any] = {
    "no JSON": "{",
    "bytes": b"{}",
    "a list": [],
    "a number": 1,
    "no type": {},
    "an unknown type": {"type": "start"},
    "a second beginning": {"type": "connection_init"},
    "no id": {"type": "subscribe", "payload": {"query": "{ __typename }"}},
    "an id that is a list": {"type": "subscribe", "id": [], "payload": {"query": "{ __typename }"}},
    "no payload": {"type": "subscribe", "id": "1"},
    "a payload that is text": {"type": "subscribe", "id": "1", "payload": "{ __typename }"},
    "a query that is a number": {"type": "subscribe", "id": "1", "payload": {"query": 1}},
    "no query": {"type": "subscribe", "id": "1", "payload": {}},
    "variables that are text": {
        "type": "subscribe",
        "id": "1",
        "payload": {"query": "{ a }", "variables": "x"},
    },
    "deep JSON": "[" * 100_000,
    "more than 1 MiB": " " * (1024 * 1024 + 1),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
async def test_a_message_against_the_protocol_ends_the_socket_or_is_refused_and_no_other(
    message: Any, address: Address, caplog: pytest.LogCaptureFixture
) -> None:
    async with talking(address) as other, talking(address) as conversation:
        await conversation.say(message)
        async with asyncio.timeout(SECONDS_MAX):
            try:
                answer = msgspec.json.decode(await conversation.socket.recv())
                assert answer["type"] == "error"
            except ConnectionClosed:
                assert 4400 <= (conversation.socket.close_code or 0) < 4500 or conversation.socket.close_code == 1009
        await other.ask("{ __typename }")
        assert (await other.hear())["type"] == "next"
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


async def test_another_protocol_is_not_spoken(address: Address) -> None:
    url = f"ws://{address[0]}:{address[1]}/graphql"
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with connect(url, additional_headers=headers) as socket:
        assert await Conversation(socket).closed() == 4406


async def test_a_key_with_one_accommodation_hears_of_no_other(address: Address, desk: Desk, service: Service) -> None:
    key = await asyncio.to_thread(create_key, service.conninfo, "hotel 2", "pms", ["HOTEL-2"])
    await desk.add_bill("FOLIO-1")
    await desk.add_bill("FOLIO-2", accommodationId="HOTEL-2")
    async with talking(address, key) as conversation:
        await conversation.ask(FOLLOW, name="other", folio="FOLIO-1", after=0)
        await conversation.ask(FOLLOW, name="own", folio="FOLIO-2", after=0)
        own = await conversation.events(2, "own")
        assert [event["type"] for event in own] == ["folio.opened", "bill.added"]
        await desk.add_bill("FOLIO-1")
        await desk.add_bill("FOLIO-2", accommodationId="HOTEL-2")
        assert (await conversation.events(1, "own"))[0]["type"] == "bill.added"


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
        assert await conversation.hear() == {"type": "complete", "id": "1"}
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
        await asyncio.sleep(0.2)
        await conversation.ask(FOLLOW, "4", folio="FOLIO-1", after=0)
        heard = [await conversation.hear() for _ in range(2)]
        assert "4" in {each["id"] for each in heard if each["type"] == "next"}


async def test_while_nothing_can_be_served_a_socket_is_refused(address: Address, service: Service) -> None:
    service.trouble = "the database does not answer"
    async with connect(f"ws://{address[0]}:{address[1]}/graphql", subprotocols=[PROTOCOL]) as socket:
        assert await Conversation(socket).closed() == 1013
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://{address[0]}:{address[1]}/graphql", json={"query": "{ __typename }"})
    assert answer.status_code == 503
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["SERVICE_UNAVAILABLE"]
