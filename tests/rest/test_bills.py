"""Bills over REST: what a command answers is what queries show, and every way to be refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.bootstrap import Service
from services.rest.schemas import Bill
from tests.conftest import Desk
from tests.rest.support import NEW_BILL, PAYMENT, UNKNOWN_ULID, expect_problem, nothing_written

EVERYTHING = {
    **NEW_BILL,
    "name": "객실료 · Zimmer é 🛏",
    "balanceAmount": 90_000,
    "reservationId": "RES-1.2:3_4",
    "originRateSnapshot": "rate/2026-11-22",
    "originInclusionSnapshot": "inclusion 7",
    "payments": [PAYMENT, {**PAYMENT, "paymentMethod": "MILEAGE_2", "amount": 1, "paidAt": "2026-11-22T23:59:60.5Z"}],
    "reason": "late arrival",
}


async def test_a_bill_is_answered_as_queries_show_it(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill(payments=[PAYMENT])
    assert bill["balanceAmount"] == 70_000
    assert await desk.bill(bill["id"]) == bill
    assert (await desk.folio("FOLIO-1"))["bills"] == [bill]
    page = desk.expect(200, await client.get("/v1/accommodations/HOTEL-1/bills"))
    assert page == {"items": [bill], "nextCursor": None}


async def test_a_new_bill_has_everything_that_was_given(desk: Desk, client: httpx.AsyncClient) -> None:
    body = {**EVERYTHING, "payments": [PAYMENT, {**PAYMENT, "amount": 1, "paidAt": "2026-11-22T23:59:59.5Z"}]}
    headers = {b"X-Folio-Actor": "프런트 김".encode()}
    answer = await client.post("/v1/folios/F-1/bills", json=body, headers=headers)
    bill = desk.expect(201, answer)
    Bill.model_validate_json(answer.content)
    assert answer.headers["Location"] == f"/v1/bills/{bill['id']}"
    assert (answer.headers["ETag"], bill["version"]) == ('"3"', 3)
    given = ("name", "reservationId", "originRateSnapshot", "originInclusionSnapshot", "accommodationId", "totalAmount")
    assert {name: bill[name] for name in given} == {name: body[name] for name in given}
    assert (bill["folioId"], bill["currency"], bill["status"]) == ("F-1", "KRW", "OPEN")
    assert bill["balanceAmount"] == 90_000 - 30_000 - 1
    assert [payment["paidAt"] for payment in bill["payments"]] == [
        "2026-11-22T05:00:00Z",
        "2026-11-22T23:59:59.500000Z",
    ]
    assert [payment["appliedToBalance"] for payment in bill["payments"]] == [True, True]
    assert bill["createdBy"] == bill["payments"][0]["paidBy"] == "프런트 김"
    assert abs(datetime.fromisoformat(bill["createdAt"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert bill["createdAt"].endswith("Z")
    assert await desk.bill(bill["id"]) == bill


async def test_a_bill_of_nothing_is_settled_and_a_refund_is_credit(desk: Desk) -> None:
    assert (await desk.add_bill(total=0))["status"] == "SETTLED"
    assert (await desk.add_bill(total=-5))["status"] == "OPEN"
    assert (await desk.add_bill(total=10**15))["totalAmount"] == 10**15
    assert (await desk.folio("FOLIO-1"))["balanceAmount"] == 10**15 - 5


async def test_a_known_folio_needs_no_accommodation(desk: Desk, client: httpx.AsyncClient) -> None:
    await desk.add_bill()
    answer = await client.post("/v1/folios/FOLIO-1/bills", json={"name": "Minibar", "totalAmount": 5})
    assert desk.expect(201, answer)["accommodationId"] == "HOTEL-1"


async def test_a_new_folio_needs_its_accommodation_and_keeps_it(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    body = {"name": "Room", "totalAmount": 1}
    await desk.add_bill()
    async with nothing_written(service):
        expect_problem(
            await client.post("/v1/folios/F-9/bills", json=body), 400, "REQUIRED_PARAMETER", "/accommodationId"
        )
        other = {**body, "accommodationId": "HOTEL-2"}
        expect_problem(
            await client.post("/v1/folios/FOLIO-1/bills", json=other), 400, "INVALID_PARAMETER", "/accommodationId"
        )


async def test_a_changed_bill_is_answered_as_queries_show_it(desk: Desk, client: httpx.AsyncClient) -> None:
    path = f"/v1/bills/{(await desk.add_bill(payments=[PAYMENT]))['id']}"
    total = desk.expect(200, await client.patch(path, json={"totalAmount": 120_000, "reason": "rate"}))
    assert (total["totalAmount"], total["balanceAmount"], total["version"]) == (120_000, 90_000, 3)
    both = await client.patch(path, json={"name": "Suite", "totalAmount": 1, "balanceAmount": 0})
    bill = desk.expect(200, both)
    assert (bill["name"], bill["totalAmount"], bill["balanceAmount"], bill["status"]) == ("Suite", 1, 0, "SETTLED")
    assert both.headers["ETag"] == '"4"'
    assert await desk.bill(bill["id"]) == bill
    for nothing in ({}, {"name": None, "totalAmount": None, "balanceAmount": None, "reason": None}):
        assert desk.expect(200, await client.patch(path, json=nothing)) == bill
    assert desk.expect(200, await client.patch(path)) == bill


async def test_a_cancelled_bill_stays_and_its_charge_is_gone(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill(payments=[PAYMENT])
    changes = {"name": "No show", "totalAmount": 110_000, "reason": "no show"}
    cancelled = desk.expect(200, await client.post(f"/v1/bills/{bill['id']}/cancel", json=changes))
    assert (cancelled["status"], cancelled["name"]) == ("CANCELLED", "No show")
    assert (cancelled["totalAmount"], cancelled["balanceAmount"]) == (110_000, -30_000)
    assert cancelled["cancelledBy"] == "admin"
    assert await desk.bill(bill["id"]) == cancelled
    folio = await desk.folio("FOLIO-1")
    assert (folio["totalAmount"], folio["paidAmount"], folio["balanceAmount"]) == (0, 30_000, -30_000)


async def test_a_deleted_bill_is_gone_from_every_view(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    payment = await desk.pay(bill, 1)
    desk.expect(200, await client.post(f"/v1/payments/{payment['id']}/cancel"))
    deleted = await client.request("DELETE", f"/v1/bills/{bill['id']}", json={"reason": "twice"})
    assert (deleted.status_code, deleted.content) == (204, b"")
    for path in (f"/v1/bills/{bill['id']}", f"/v1/bills/{bill['id']}/payments", f"/v1/payments/{payment['id']}"):
        expect_problem(await client.get(path), 404, "DATA_NOT_FOUND_ON_ID")
    folio = await desk.folio("FOLIO-1")
    assert (folio["bills"], folio["totalAmount"], folio["balanceAmount"]) == ([], 0, 0)
    assert (await client.get("/v1/accommodations/HOTEL-1/bills")).json()["items"] == []


COMMANDS_ON_A_BILL: list[tuple[str, str, Any]] = [
    ("PATCH", "/v1/bills/{id}", {"name": "Room"}),
    ("POST", "/v1/bills/{id}/cancel", {}),
    ("DELETE", "/v1/bills/{id}", None),
    ("POST", "/v1/bills/{id}/settlements", {"settlements": [{"targetBillId": UNKNOWN_ULID, "settledAmount": 1}]}),
    ("POST", "/v1/bills/{id}/payments", PAYMENT),
    ("POST", "/v1/bills/transfer", {"bills": [{"id": "{id}"}], "folioId": "F-2"}),
]


async def send(client: httpx.AsyncClient, bill_id: str, method: str, path: str, body: Any) -> httpx.Response:
    if path.endswith("transfer"):
        body = {**body, "bills": [{"id": bill_id}]}
    return await client.request(method, path.replace("{id}", bill_id), json=body)


@pytest.mark.parametrize(("method", "path", "body"), COMMANDS_ON_A_BILL)
async def test_no_command_finds_a_bill_that_is_unknown_or_deleted(
    desk: Desk, client: httpx.AsyncClient, service: Service, method: str, path: str, body: Any
) -> None:
    deleted = (await desk.add_bill())["id"]
    desk.expect(204, await client.delete(f"/v1/bills/{deleted}"))
    async with nothing_written(service):
        for bill_id in (UNKNOWN_ULID, deleted):
            expect_problem(await send(client, bill_id, method, path, body), 404, "DATA_NOT_FOUND_ON_ID")


@pytest.mark.parametrize(("method", "path", "body"), COMMANDS_ON_A_BILL)
async def test_a_cancelled_or_transferred_bill_takes_no_command_but_to_delete_the_cancelled(
    desk: Desk, client: httpx.AsyncClient, service: Service, method: str, path: str, body: Any
) -> None:
    cancelled, moved = await desk.add_bill(), await desk.add_bill()
    desk.expect(200, await client.post(f"/v1/bills/{cancelled['id']}/cancel"))
    body_of_move = {"bills": [{"id": moved["id"]}], "folioId": "F-3"}
    desk.expect(200, await client.post("/v1/bills/transfer", json=body_of_move))
    if "settlements" in path:
        body = {"settlements": [{"targetBillId": (await desk.add_bill())["id"], "settledAmount": 1}]}
    async with nothing_written(service):
        expect_problem(await send(client, moved["id"], method, path, body), 409, "INVALID_STATE")
        if method != "DELETE":
            expect_problem(await send(client, cancelled["id"], method, path, body), 409, "INVALID_STATE")
    if method == "DELETE":
        desk.expect(204, await send(client, cancelled["id"], method, path, body))


async def test_a_bill_with_payments_or_settlements_is_not_deleted(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    paid, payer, target = [await desk.add_bill() for _ in range(3)]
    await desk.pay(paid, 1)
    settlements = {"settlements": [{"targetBillId": target["id"], "settledAmount": 1}]}
    desk.expect(200, await client.post(f"/v1/bills/{payer['id']}/settlements", json=settlements))
    async with nothing_written(service):
        for bill in (paid, payer, target):
            expect_problem(await client.delete(f"/v1/bills/{bill['id']}"), 409, "INVALID_STATE")


async def test_a_balance_that_would_pass_the_limits_is_refused(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    bill = await desk.add_bill(total=10**15, balanceAmount=-(10**15))
    async with nothing_written(service):
        payment = {**PAYMENT, "applyToBalance": True}
        path = f"/v1/bills/{bill['id']}"
        expect_problem(await client.post(f"{path}/payments", json=payment), 400, "INVALID_PARAMETER", "/amount")
        expect_problem(await client.patch(path, json={"totalAmount": 0}), 400, "INVALID_PARAMETER", "/totalAmount")
        expect_problem(await client.post(f"{path}/cancel"), 400, "INVALID_PARAMETER")
