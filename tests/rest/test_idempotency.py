"""Idempotency keys: the same request again gets the first answer again, whatever has happened since."""

import asyncio
from typing import Any

import httpx
import psycopg
import pytest

from services.bootstrap import Service, make_service
from services.store import log_store
from tests.conftest import ADMIN_KEY, PAID_AT, Desk
from tests.rest.support import NEW_BILL, PAYMENT, UNKNOWN_ULID, expect_problem, line, nothing_written
from tests.serving import MakeClient

BILLS = "/v1/folios/FOLIO-1/bills"
ACCOUNT = {"bankCode": "088", "accountNumber": "110-237-480915", "accountHolder": "홍길동"}
BY_ACCOUNT = {**PAYMENT, "paymentMethod": "VIRTUAL_ACCOUNT", "virtualAccounts": [ACCOUNT]}
KEPT_HEADERS = ("Content-Type", "ETag", "Location")
Call = tuple[str, str, Any]


async def send(client: httpx.AsyncClient, call: Call, key: str, **more: str) -> httpx.Response:
    method, path, body = call
    return await client.request(method, path, json=body, headers={"Idempotency-Key": key, **more})


def assert_replayed(again: httpx.Response, first: httpx.Response) -> None:
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true", line(again)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert [again.headers.get(name) for name in KEPT_HEADERS] == [first.headers.get(name) for name in KEPT_HEADERS]
    assert ("Folio-Position" in again.headers) == ("Folio-Position" in first.headers), line(again)
    assert int(again.headers.get("Folio-Position", 0)) >= int(first.headers.get("Folio-Position", 0))


async def every_command(desk: Desk) -> list[Call]:
    """A command of every kind, in an order in which all of them succeed."""
    bill, target, leaving = [await desk.add_bill() for _ in range(3)]
    payment = await desk.pay(bill, 1)
    path, payment_path = f"/v1/bills/{bill['id']}", f"/v1/payments/{payment['id']}"
    settlement = [{"targetBillId": target["id"], "settledAmount": 1}]
    return [
        ("PUT", "/v1/accommodations/HOTEL-1", {"name": "Inn"}),
        ("POST", BILLS, {**NEW_BILL, "payments": [BY_ACCOUNT], "settlements": settlement}),
        ("PATCH", path, {"totalAmount": 5}),
        ("POST", f"{path}/payments", BY_ACCOUNT),
        ("PATCH", payment_path, {"amount": 2}),
        ("POST", f"{payment_path}/cancel", {"reason": "declined"}),
        ("DELETE", payment_path, None),
        ("POST", f"{path}/settlements", {"settlements": settlement}),
        ("POST", "/v1/bills/transfer", {"bills": [{"id": leaving["id"], "splitAmount": 7}], "folioId": "F-2"}),
        ("POST", f"{path}/cancel", {}),
        ("DELETE", f"/v1/bills/{(await desk.add_bill())['id']}", None),
        ("POST", "/v1/commands", {"atomic": True, "commands": [{"method": "POST", "path": BILLS, "body": NEW_BILL}]}),
        ("POST", "/v1/commands", {"commands": [{"method": "POST", "path": BILLS, "body": NEW_BILL}]}),
    ]


async def test_every_command_is_answered_again_byte_for_byte_after_all_that_came_later(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    calls = await every_command(desk)
    firsts = [await send(client, call, f"key {number}") for number, call in enumerate(calls)]
    assert all(first.status_code in {200, 201, 204} for first in firsts), [line(first) for first in firsts]
    async with nothing_written(service):
        for number, (call, first) in enumerate(zip(calls, firsts, strict=True)):
            assert_replayed(await send(client, call, f"key {number}"), first)


async def test_a_refusal_is_answered_again_even_when_it_would_be_done_now(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    bill, payment_path = await desk.add_bill(), f"/v1/payments/{UNKNOWN_ULID}"
    payment = await desk.pay(bill, 1)
    path = f"/v1/bills/{bill['id']}"
    calls: list[Call] = [
        ("DELETE", path, None),
        ("POST", "/v1/folios/NEW/bills", {"name": "Room", "totalAmount": 1}),
        ("POST", f"{path}/settlements", {"settlements": [{"targetBillId": bill["id"], "settledAmount": 1}]}),
        ("POST", f"{payment_path}/cancel", {}),
    ]
    firsts = [await send(client, call, f"key {number}") for number, call in enumerate(calls)]
    assert [first.status_code for first in firsts] == [409, 400, 400, 404]
    desk.expect(204, await client.delete(f"/v1/payments/{payment['id']}"))  # now the bill could be deleted
    await desk.add_bill("NEW")  # and this folio is known
    async with nothing_written(service):
        for number, (call, first) in enumerate(zip(calls, firsts, strict=True)):
            assert_replayed(await send(client, call, f"key {number}"), first)
    desk.expect(204, await send(client, calls[0], "another key"))


async def test_the_key_of_another_request_is_refused(desk: Desk, client: httpx.AsyncClient, service: Service) -> None:
    bill = await desk.add_bill()
    first = await send(client, ("POST", BILLS, NEW_BILL), "key")
    others: list[Call] = [
        ("POST", BILLS, {**NEW_BILL, "totalAmount": 100_001}),
        ("POST", BILLS, {**NEW_BILL, "reason": "late"}),
        ("POST", "/v1/folios/FOLIO-2/bills", NEW_BILL),
        ("POST", f"/v1/bills/{bill['id']}/cancel", {}),
        ("DELETE", f"/v1/bills/{bill['id']}", None),
        ("PATCH", f"/v1/bills/{UNKNOWN_ULID}", {"name": "Room"}),
        ("POST", "/v1/commands", {"commands": [{"method": "POST", "path": BILLS, "body": NEW_BILL}]}),
        ("POST", "/v1/commands", {"atomic": True, "commands": [{"method": "POST", "path": BILLS, "body": NEW_BILL}]}),
    ]
    async with nothing_written(service):
        for call in others:
            expect_problem(await send(client, call, "key"), 422, "IDEMPOTENCY_KEY_REUSED")
        assert_replayed(await send(client, ("POST", BILLS, NEW_BILL), "key"), first)


async def test_the_same_request_may_be_written_down_otherwise(desk: Desk, client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "key"}
    first = await client.post(BILLS, content=b'{"name":"a","totalAmount":1,"accommodationId":"H"}', headers=headers)
    desk.expect(201, first)
    for content in (
        b'{ "totalAmount": 1,\n "accommodationId": "H", "name": "\\u0061" }',
        b'{"name":"a","totalAmount":1,"accommodationId":"H","reservationId":null}',
    ):
        assert_replayed(await client.post(BILLS, content=content, headers=headers), first)


async def test_each_holder_has_keys_of_its_own(desk: Desk, client: httpx.AsyncClient, client_of: MakeClient) -> None:
    clients = [client, await client_of("first", "pms", None), await client_of("second", "pms", None)]
    answers = [
        await send(each, ("POST", BILLS, {**NEW_BILL, "totalAmount": number}), "key")
        for number, each in enumerate(clients)
    ]
    assert [desk.expect(201, answer)["totalAmount"] for answer in answers] == [0, 1, 2]
    for number, (each, first) in enumerate(zip(clients, answers, strict=True)):
        assert_replayed(await send(each, ("POST", BILLS, {**NEW_BILL, "totalAmount": number}), "key"), first)


async def test_what_was_no_request_yet_leaves_its_key_free(desk: Desk, client: httpx.AsyncClient) -> None:
    call: Call = ("POST", BILLS, NEW_BILL)
    expect_problem(await send(client, ("POST", BILLS, {}), "key"), 400, "REQUIRED_PARAMETER")
    expect_problem(await send(client, call, "key", Authorization="Bearer wrong"), 401, "UNAUTHENTICATED")
    expect_problem(await send(client, call, "key", **{"X-Folio-Actor": " " * 3}), 400, "INVALID_PARAMETER")
    path = f"/v1/bills/{desk.expect(201, await send(client, call, 'key'))['id']}"
    change: Call = ("PATCH", path, {"name": "Suite"})
    expect_problem(await send(client, change, "change", **{"If-Match": '"9"'}), 412, "VERSION_MISMATCH")
    first = await send(client, change, "change", **{"If-Match": '"1"'})
    desk.expect(200, first)
    assert_replayed(await send(client, change, "change", **{"If-Match": '"1"'}), first)


async def test_keys_of_every_printable_form_are_kept(desk: Desk, client: httpx.AsyncClient) -> None:
    for key in ("k" * 255, '{"a":"b"}', "'; DROP TABLE ledger.events; --", "a b", "%00", "\\", "~!"):
        first = await send(client, ("POST", BILLS, NEW_BILL), key)
        desk.expect(201, first)
        assert_replayed(await send(client, ("POST", BILLS, NEW_BILL), key), first)


async def test_of_many_with_one_key_at_once_one_has_an_effect(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    async with make_service(database, ADMIN_KEY) as second:
        transport, headers = httpx.ASGITransport(second.app), {"Authorization": f"Bearer {ADMIN_KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://folio", headers=headers) as other:
            while (await other.get("/health/ready")).status_code != 200:
                await asyncio.sleep(0.01)
            for call in (
                ("POST", BILLS, {**NEW_BILL, "payments": [BY_ACCOUNT]}),
                (
                    "POST",
                    "/v1/commands",
                    {"atomic": True, "commands": [{"method": "POST", "path": BILLS, "body": NEW_BILL}]},
                ),
                ("POST", "/v1/commands", {"commands": [{"method": "POST", "path": BILLS, "body": NEW_BILL}]}),
            ):
                before = await desk.client.get("/v1/accommodations/HOTEL-1/bills")
                key = f"key {call[1]} {len(str(call))}"
                answers = await asyncio.gather(*(send(each, call, key) for _ in range(15) for each in (client, other)))
                done = [answer for answer in answers if answer.status_code in {200, 201}]
                assert len({answer.content for answer in done}) == 1
                for answer in answers:
                    if answer not in done:
                        expect_problem(answer, 409, "IDEMPOTENCY_KEY_IN_USE")
                        assert answer.headers["Retry-After"] == "1"
                after = await desk.client.get("/v1/accommodations/HOTEL-1/bills")
                assert len(after.json()["items"]) == len(before.json()["items"]) + 1


async def test_keys_are_kept_for_thirty_days_and_not_for_ever(
    desk: Desk, client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_store, "DELETED_AT_ONCE", 1)
    for days in (0, 31, 400, 500):
        call: Call = ("POST", BILLS, {**NEW_BILL, "totalAmount": days})
        desk.expect(201, await send(client, call, f"{days} days"))
        with psycopg.connect(service.conninfo) as connection:
            connection.execute(
                "UPDATE ledger.idempotency_keys SET created_at = created_at - make_interval(days => %s) WHERE key = %s",
                [days, f"{days} days"],
            )
    await service.store.delete_outcomes_older_than(45)
    for days in (0, 31, 400, 500):
        again = await send(client, ("POST", BILLS, {**NEW_BILL, "totalAmount": days}), f"{days} days")
        assert again.headers.get("Idempotency-Replayed") == ("true" if days < 45 else None)
    assert PAID_AT not in desk.expect(200, await client.get("/v1/folios/FOLIO-1"))


async def test_a_request_with_two_keys_is_refused(client: httpx.AsyncClient, service: Service) -> None:
    keys = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    async with nothing_written(service):
        refused = await client.post("/v1/folios/FOLIO-1/bills", json=NEW_BILL, headers=keys)
        expect_problem(refused, 400, "INVALID_PARAMETER", "/Idempotency-Key")
        document = {"query": 'mutation { deleteBill(id: "1") }'}
        refused = await client.post("/graphql", json=document, headers=keys)
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (400, "INVALID_PARAMETER")


async def test_a_key_holds_whatever_interface_it_is_used_through(client: httpx.AsyncClient, desk: Desk) -> None:
    add = (
        'mutation { addBillToFolio(folioId: "FOLIO-1", accommodationId: "HOTEL-1", name: "x", totalAmount: 1) { id } }'
    )

    async def through_rest(key: str) -> httpx.Response:
        return await client.post("/v1/folios/FOLIO-1/bills", json=NEW_BILL, headers={"Idempotency-Key": key})

    async def through_graphql(key: str) -> str:
        answer = await client.post("/graphql", json={"query": add}, headers={"Idempotency-Key": key})
        return str(answer.json()["errors"][0]["extensions"]["code"]) if "errors" in answer.json() else "done"

    assert (await through_rest("first")).status_code == 201
    assert await through_graphql("first") == "IDEMPOTENCY_KEY_REUSED"
    assert await through_graphql("second") == "done"
    expect_problem(await through_rest("second"), 422, "IDEMPOTENCY_KEY_REUSED")
    assert len((await desk.folio("FOLIO-1"))["bills"]) == 2
