"""Batches: all or none, or each for itself, and either way once."""

import asyncio
from typing import Any

import httpx
import pytest

from services.bootstrap import Service
from services.rest.schemas import BatchResults
from tests.conftest import Desk
from tests.rest.support import NEW_BILL, PAYMENT, UNKNOWN_ULID, expect_problem, line, nothing_written

BILLS = "/v1/folios/FOLIO-1/bills"


def item(method: str = "POST", path: str = BILLS, body: Any = None, **more: Any) -> dict[str, Any]:
    return {"method": method, "path": path, "body": NEW_BILL if path == BILLS and body is None else body, **more}


async def batch(client: httpx.AsyncClient, *items: Any, key: str | None = None, **more: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post("/v1/commands", json={"commands": items, **more}, headers=headers)


@pytest.mark.parametrize("atomic", [True, False, None])
async def test_the_results_of_a_batch_are_those_of_its_commands_in_order(
    desk: Desk, client: httpx.AsyncClient, atomic: bool | None
) -> None:
    bill = await desk.add_bill()
    payment = await desk.pay(bill, 1)
    path = f"/v1/bills/{bill['id']}"
    answer = await batch(
        client,
        item("PATCH", path, {"name": "Suite", "reason": "upgrade"}),
        item(),
        item("DELETE", f"/v1/payments/{payment['id']}"),
        item("PUT", "/v1/accommodations/HOTEL-1", {"name": "Inn"}),
        item("POST", f"{path}/payments", PAYMENT),
        item("POST", f"{path}/cancel", {}),
        atomic=atomic,
    )
    BatchResults.model_validate_json(answer.content)
    results = desk.expect(200, answer)["results"]
    assert [result["status"] for result in results] == [200, 201, 204, 200, 201, 200]
    assert results[2]["body"] is None
    assert results[0]["body"]["name"] == "Suite"
    assert await desk.bill(bill["id"]) == results[5]["body"]
    assert await desk.bill(results[1]["body"]["id"]) == results[1]["body"]
    head = (await client.get(path)).headers["Folio-Position"]
    assert answer.headers["Folio-Position"] == head


FAILING = [
    (item("DELETE", f"/v1/bills/{UNKNOWN_ULID}"), 404, "DATA_NOT_FOUND_ON_ID"),
    (item("POST", "/v1/folios/NEW/bills", {"name": "Room", "totalAmount": 1}), 400, "REQUIRED_PARAMETER"),
    (item(body={"name": "Room", "totalAmount": 1.5}), 400, "INVALID_PARAMETER"),
    (item(body={"totalAmount": 1}), 400, "REQUIRED_PARAMETER"),
    (item("POST", "/v1/folios/a b/bills", NEW_BILL), 400, "INVALID_PARAMETER"),
    (item("GET"), 400, "INVALID_PARAMETER"),
    (item("POST", "/v1/commands", {"commands": [item()]}), 400, "INVALID_PARAMETER"),
    (item("POST", "/v1/nowhere", {}), 400, "INVALID_PARAMETER"),
    (item("POST", f"{BILLS}?x=1", NEW_BILL), 400, "INVALID_PARAMETER"),
    (item("POST", f"{BILLS}\n", NEW_BILL), 400, "INVALID_PARAMETER"),
    (item("POST", f"http://folio{BILLS}", NEW_BILL), 400, "INVALID_PARAMETER"),
]


async def test_an_atomic_batch_with_a_failing_command_does_nothing(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    bill = await desk.add_bill()
    good = item("PATCH", f"/v1/bills/{bill['id']}", {"name": "Suite"})
    async with nothing_written(service):
        for failing, status, code in FAILING:
            for items in ([good, failing], [good, failing, good], [good, good, failing]):
                answer = await batch(client, *items, atomic=True)
                if failing["method"] == "GET":
                    expect_problem(answer, status, code)
                else:
                    expect_problem(answer, status, code, index=items.index(failing))


async def test_each_command_of_another_batch_stands_for_itself(desk: Desk, client: httpx.AsyncClient) -> None:
    for failing, status, code in FAILING:
        if failing["method"] == "GET":
            continue  # no command at all, so the whole batch is of the wrong form
        results = desk.expect(200, await batch(client, item(), failing, item()))["results"]
        assert [result["status"] for result in results] == [201, status, 201], failing
        assert (results[1]["body"]["code"], results[1]["body"]["status"]) == (code, status)
    bills = (await desk.folio("FOLIO-1"))["bills"]
    assert len(bills) == 2 * (len(FAILING) - 1)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "/commands"),
    ({"commands": []}, "/commands"),
    ({"commands": None}, "/commands"),
    ({"commands": {}}, "/commands"),
    ({"commands": [item()] * 501}, "/commands"),
    ({"commands": [[]]}, "/commands/0"),
    ({"commands": [None]}, "/commands/0"),
    ({"commands": [{}]}, "/commands/0/path"),
    ({"commands": [item(surprise=1)]}, "/commands/0/surprise"),
    ({"commands": [item()], "atomic": "yes"}, "/atomic"),
    ({"commands": [item()], "surprise": 1}, "/surprise"),
    ({"commands": [item(), item(method="get")]}, "/commands/1/method"),
    ({"commands": [item(path="/" + "x" * 300)]}, "/commands/0/path"),
    ({"commands": [{**item(), "path": 5}]}, "/commands/0/path"),
    ({"commands": [item(body=[])]}, "/commands/0/body"),
    ({"commands": [item(body="{}")]}, "/commands/0/body"),
    ({"commands": [item(idempotencyKey="k" * 256)]}, "/commands/0/idempotencyKey"),
    ({"commands": [item(idempotencyKey="")]}, "/commands/0/idempotencyKey"),
    ({"commands": [item(idempotencyKey="k\n")]}, "/commands/0/idempotencyKey"),
    ({"commands": [item(idempotencyKey="k"), item(idempotencyKey="k")]}, "/commands/1/idempotencyKey"),
]


async def test_a_batch_of_the_wrong_form_is_refused_as_a_whole(client: httpx.AsyncClient, service: Service) -> None:
    async with nothing_written(service):
        for body, pointer in WRONG:
            for atomic in ({}, {"atomic": True}):
                answer = await client.post("/v1/commands", json={**atomic, **body})
                assert answer.status_code == 400, line(answer)
                expect_problem(answer, 400, answer.json()["code"], pointer)


async def test_numbers_in_a_batch_are_as_strict_as_elsewhere(client: httpx.AsyncClient, service: Service) -> None:
    async with nothing_written(service):
        for number in ("1.0", "1e0", "NaN", "Infinity", "-Infinity", '"1"', "true", f"1{'0' * 400}", f"1{'0' * 5_000}"):
            body = f'{{"accommodationId":"H","name":"Room","totalAmount":{number}}}'
            content = f'{{"commands":[{{"method":"POST","path":"{BILLS}","body":{body}}}]}}'
            answer = await client.post("/v1/commands", content=content)
            refused = answer if answer.status_code == 400 else None
            assert refused or answer.json()["results"][0]["status"] == 400, f"{number[:9]}: {line(answer)}"


async def test_five_hundred_commands_on_one_bill_are_one_commit(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    bill = await desk.add_bill(total=500_000)
    pay = item("POST", f"/v1/bills/{bill['id']}/payments", {**PAYMENT, "amount": 999, "applyToBalance": True})
    answer = await batch(client, *[pay] * 500, atomic=True, key="night audit")
    results = desk.expect(200, answer)["results"]
    assert {result["status"] for result in results} == {201}
    assert len({result["body"]["id"] for result in results}) == 500
    shown = await desk.bill(bill["id"])
    assert (shown["balanceAmount"], shown["version"], len(shown["payments"])) == (500, 501, 500)
    async with nothing_written(service):
        again = await batch(client, *[pay] * 500, atomic=True, key="night audit")
        assert (again.content, again.headers["Idempotency-Replayed"]) == (answer.content, "true")


async def test_atomic_batches_on_the_same_bills_at_once_all_happen(desk: Desk, client: httpx.AsyncClient) -> None:
    bills = [await desk.add_bill(total=0) for _ in range(3)]

    def pay(number: int) -> list[dict[str, Any]]:
        amount = {**PAYMENT, "amount": 1, "applyToBalance": True}
        turned = bills[number % 3 :] + bills[: number % 3]
        return [item("POST", f"/v1/bills/{bill['id']}/payments", amount) for bill in turned]

    answers = await asyncio.gather(*(batch(client, *pay(number), atomic=True) for number in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert [(await desk.bill(bill["id"]))["balanceAmount"] for bill in bills] == [-20] * 3
