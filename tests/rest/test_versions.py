"""If-Match: a command that was decided on another version is refused, and nothing is lost between two callers."""

import asyncio
from typing import Any

import httpx

from services.bootstrap import Service
from tests.conftest import Desk
from tests.rest.support import PAYMENT, expect_problem, nothing_written


async def commands(desk: Desk) -> list[tuple[str, str, Any]]:
    """Every command on a bill or its payment, each of which leaves the others possible."""
    bill, target = await desk.add_bill(), await desk.add_bill()
    payment = await desk.pay(bill, 1)
    path, payment_path = f"/v1/bills/{bill['id']}", f"/v1/payments/{payment['id']}"
    return [
        ("PATCH", path, {"name": "Suite"}),
        ("POST", f"{path}/payments", PAYMENT),
        ("POST", f"{path}/settlements", {"settlements": [{"targetBillId": target["id"], "settledAmount": 1}]}),
        ("POST", "/v1/bills/transfer", {"bills": [{"id": bill["id"]}], "folioId": "FOLIO-1", "reservationId": "R"}),
        ("PATCH", payment_path, {"amount": 2}),
        ("POST", f"{payment_path}/cancel", {}),
        ("DELETE", payment_path, None),
        ("POST", f"{path}/cancel", {}),
    ]


async def test_a_command_on_another_version_is_refused_and_on_this_one_done(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    calls = await commands(desk)
    path = calls[0][1]
    for method, url, body in calls:
        tag = (await client.get(path)).headers["ETag"]
        async with nothing_written(service):
            for wrong in ('"0"', '"1"', '"99"', f'"{int(tag[1:-1]) + 1}"'):
                answer = await client.request(method, url, json=body, headers={"If-Match": wrong})
                expect_problem(answer, 412, "VERSION_MISMATCH")
        done = await client.request(method, url, json=body, headers={"If-Match": tag})
        assert done.status_code in {200, 201, 204}, done.text
        assert (await client.get(path)).headers["ETag"] == f'"{int(tag[1:-1]) + 1}"'


async def test_a_star_matches_any_version(desk: Desk, client: httpx.AsyncClient) -> None:
    for method, url, body in await commands(desk):
        answer = await client.request(method, url, json=body, headers={"If-Match": "*"})
        assert answer.status_code in {200, 201, 204}, answer.text


async def test_a_deletion_on_another_version_is_refused(desk: Desk, client: httpx.AsyncClient) -> None:
    path = f"/v1/bills/{(await desk.add_bill())['id']}"
    expect_problem(await client.delete(path, headers={"If-Match": '"2"'}), 412, "VERSION_MISMATCH")
    assert (await client.delete(path, headers={"If-Match": '"1"'})).status_code == 204


async def test_settings_on_another_version_are_refused(desk: Desk, client: httpx.AsyncClient, service: Service) -> None:
    path = "/v1/accommodations/HOTEL-1"
    tag = (await client.put(path, json={"name": "Inn"})).headers["ETag"]
    async with nothing_written(service):
        expect_problem(
            await client.put(path, json={"name": "Motel"}, headers={"If-Match": '"99"'}), 412, "VERSION_MISMATCH"
        )
    assert (await client.put(path, json={"name": "Motel"}, headers={"If-Match": tag})).status_code == 200


async def test_one_version_cannot_stand_for_several_bills(desk: Desk, client: httpx.AsyncClient) -> None:
    bills = [{"id": (await desk.add_bill())["id"]} for _ in range(2)]
    body = {"bills": bills, "folioId": "F-2"}
    answer = await client.post("/v1/bills/transfer", json=body, headers={"If-Match": '"1"'})
    expect_problem(answer, 400, "INVALID_PARAMETER", "/bills")


async def test_of_many_that_saw_the_same_version_one_wins(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    path = f"/v1/bills/{bill['id']}"

    async def rename(number: int) -> httpx.Response:
        return await client.patch(path, json={"name": f"Name {number}"}, headers={"If-Match": '"1"'})

    answers = await asyncio.gather(*(rename(number) for number in range(20)))
    (winner,) = [answer for answer in answers if answer.status_code == 200]
    for answer in answers:
        if answer is not winner:
            expect_problem(answer, 412, "VERSION_MISMATCH")
    assert await desk.bill(bill["id"]) == winner.json()
