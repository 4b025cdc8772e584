"""Documents over a WebSocket by graphql-transport-ws: whatever goes by POST, and what is against the protocol."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from services.billing.ports import StoreUnavailable
from services.bootstrap import Service
from services.graphql import socket
from tests.conftest import ADMIN_KEY, Desk
from tests.graphql.conversation import FOLLOW, PROTOCOL, SECONDS_MAX, Address, Conversation, talking


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


TOO_LONG = " " * (1024 * 1024 + 1)
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
    "more than 1 MiB": TOO_LONG,
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
                code = conversation.socket.close_code or 0
                assert code == 1009 if message is TOO_LONG else 4400 <= code < 4500
        await other.ask("{ __typename }")
        assert (await other.hear())["type"] == "next"
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


async def test_what_is_left_empty_counts_as_absent(address: Address) -> None:
    async with talking(address) as conversation:
        payload = {"query": "{ __typename }", "variables": None, "operationName": ""}
        await conversation.say({"type": "subscribe", "id": "1", "payload": payload})
        assert (await conversation.hear())["payload"]["data"] == {"__typename": "Query"}
        assert (await conversation.hear())["type"] == "complete"
        await conversation.ask("")
        assert (await conversation.hear())["payload"][0]["extensions"]["code"] == "INVALID_PARAMETER"
        await conversation.say({"type": "ping", "payload": None})
        assert (await conversation.hear())["type"] == "pong"
    async with connect(f"ws://{address[0]}:{address[1]}/graphql", subprotocols=[PROTOCOL]) as opened:
        await Conversation(opened).say({"type": "connection_init", "payload": None})
        assert await Conversation(opened).closed() == 4403


async def test_another_protocol_is_not_spoken(address: Address) -> None:
    url = f"ws://{address[0]}:{address[1]}/graphql"
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with connect(url, additional_headers=headers) as socket:
        assert await Conversation(socket).closed() == 4406


async def test_while_nothing_can_be_served_a_socket_is_refused(address: Address, service: Service) -> None:
    service.trouble = "the database does not answer"
    async with connect(f"ws://{address[0]}:{address[1]}/graphql", subprotocols=[PROTOCOL]) as socket:
        assert await Conversation(socket).closed() == 1013
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://{address[0]}:{address[1]}/graphql", json={"query": "{ __typename }"})
    assert answer.status_code == 503
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["SERVICE_UNAVAILABLE"]


async def test_only_so_many_documents_are_under_way_on_one_socket(
    address: Address, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "OPERATIONS_MAX", 1)
    await desk.add_bill()
    async with talking(address) as conversation:
        await conversation.ask(FOLLOW, "1", folio="FOLIO-1", after=0)
        await conversation.events(2, "1")
        await conversation.ask("{ __typename }", "2")
        refused = await conversation.hear()
        assert (refused["type"], refused["id"]) == ("error", "2")
        assert [error["extensions"]["code"] for error in refused["payload"]] == ["TOO_MANY_REQUESTS"]


async def test_while_the_database_is_away_a_socket_is_to_come_again(
    address: Address, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("services.store.api_keys.KeyRing.find", away)
    async with connect(f"ws://{address[0]}:{address[1]}/graphql", subprotocols=[PROTOCOL]) as opened:
        conversation = Conversation(opened)
        await conversation.say({"type": "connection_init", "payload": {"Authorization": "Bearer any"}})
        assert await conversation.closed() == 1013
