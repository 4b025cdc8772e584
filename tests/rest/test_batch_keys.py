"""Idempotency keys of batches and of the commands in them."""

from typing import Any

import httpx
import psycopg
import pytest

from services.bootstrap import Service
from tests.conftest import Desk
from tests.rest.support import NEW_BILL, UNKNOWN_ULID, expect_problem, nothing_written
from tests.rest.test_batches import BILLS, batch, item

MISSING = item("DELETE", f"/v1/bills/{UNKNOWN_ULID}")


async def count(desk: Desk, folio: str = "FOLIO-1") -> int:
    answer = await desk.client.get(f"/v1/folios/{folio}")
    return len(answer.json()["bills"]) if answer.status_code == 200 else 0


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("failing", [[], [MISSING]])
async def test_a_batch_under_a_key_is_answered_again(
    desk: Desk, client: httpx.AsyncClient, service: Service, atomic: bool, failing: list[Any]
) -> None:
    first = await batch(client, item(), *failing, item(), key="key", atomic=atomic)
    async with nothing_written(service):
        again = await batch(client, item(), *failing, item(), key="key", atomic=atomic)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
        other = await batch(client, item(), key="key", atomic=atomic)
        expect_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert await count(desk) == (0 if failing and atomic else 2)


async def test_a_batch_that_broke_off_goes_on_where_it_was(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    first = await batch(client, item(), MISSING, item(), key="key")
    with psycopg.connect(service.conninfo) as connection:  # as if the process had ended before the last commit
        connection.execute("DELETE FROM ledger.idempotency_keys WHERE holder = 'admin'")
        connection.execute("DELETE FROM ledger.idempotency_keys WHERE key = 'key/2'")
    again = await batch(client, item(), MISSING, item(), key="key")
    results, earlier = desk.expect(200, again)["results"], first.json()["results"]
    assert results[:2] == earlier[:2]
    assert results[2]["body"]["id"] != earlier[2]["body"]["id"]
    assert await count(desk) == 3


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_command_that_was_done_alone_is_not_done_again_in_a_batch(
    desk: Desk, client: httpx.AsyncClient, atomic: bool
) -> None:
    alone = await client.post(BILLS, json=NEW_BILL, headers={"Idempotency-Key": "a"})
    answer = await batch(client, item(), item(idempotencyKey="a"), atomic=atomic)
    results = desk.expect(200, answer)["results"]
    assert results[1] == {"status": 201, "body": alone.json()}
    assert await count(desk) == 2
    again = await client.post(BILLS, json=NEW_BILL, headers={"Idempotency-Key": "a"})
    assert again.content == alone.content


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_command_that_was_done_in_a_batch_is_not_done_again_alone(
    desk: Desk, client: httpx.AsyncClient, atomic: bool
) -> None:
    answer = await batch(client, item(idempotencyKey="a"), item(idempotencyKey="b"), atomic=atomic)
    results = desk.expect(200, answer)["results"]
    for key, result in zip("ab", results, strict=True):
        alone = await client.post(BILLS, json=NEW_BILL, headers={"Idempotency-Key": key})
        assert (alone.json(), alone.headers["Idempotency-Replayed"]) == (result["body"], "true")
    assert await count(desk) == 2


@pytest.mark.parametrize("atomic", [True, False])
async def test_the_key_of_a_command_that_was_another_request_is_refused(
    desk: Desk, client: httpx.AsyncClient, service: Service, atomic: bool
) -> None:
    desk.expect(201, await client.post(BILLS, json=NEW_BILL, headers={"Idempotency-Key": "a"}))
    reused = item(body={**NEW_BILL, "totalAmount": 5}, idempotencyKey="a")
    answer = await batch(client, item(), reused, atomic=atomic)
    if atomic:
        expect_problem(answer, 422, "IDEMPOTENCY_KEY_REUSED", index=1)
        assert await count(desk) == 1
    else:
        results = desk.expect(200, answer)["results"]
        assert [result["status"] for result in results] == [201, 422]
        assert results[1]["body"]["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_an_atomic_batch_with_a_command_that_was_refused_before_does_nothing(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    refused = await client.delete(f"/v1/bills/{UNKNOWN_ULID}", headers={"Idempotency-Key": "a"})
    expect_problem(refused, 404, "DATA_NOT_FOUND_ON_ID")
    async with nothing_written(service):
        answer = await batch(client, item(), {**MISSING, "idempotencyKey": "a"}, atomic=True)
        expect_problem(answer, 404, "DATA_NOT_FOUND_ON_ID", index=1)


@pytest.mark.parametrize("atomic", [True, False])
async def test_the_key_of_a_batch_cannot_be_that_of_a_command_in_it(
    client: httpx.AsyncClient, service: Service, atomic: bool
) -> None:
    async with nothing_written(service):
        answer = await batch(client, item(), item(idempotencyKey="a"), key="a", atomic=atomic)
        expect_problem(answer, 400, "INVALID_PARAMETER", "/commands/1/idempotencyKey")


async def test_an_atomic_batch_that_fails_keeps_no_key_of_its_commands(desk: Desk, client: httpx.AsyncClient) -> None:
    failed = await batch(client, item(idempotencyKey="a"), MISSING, atomic=True)
    expect_problem(failed, 404, "DATA_NOT_FOUND_ON_ID", index=1)
    alone = await client.post(BILLS, json=NEW_BILL, headers={"Idempotency-Key": "a"})
    desk.expect(201, alone)
    assert "Idempotency-Replayed" not in alone.headers
