"""Payments over REST."""

from typing import Any

import httpx
import pytest

from services.bootstrap import Service
from services.rest.schemas import Payment, PaymentPage
from tests.conftest import Desk
from tests.rest.support import PAYMENT, UNKNOWN_ULID, expect_problem, nothing_written

ACCOUNT = {"bankCode": "088", "accountNumber": "110-237-480915", "accountHolder": "홍길동"}
BY_ACCOUNT = {**PAYMENT, "paymentMethod": "VIRTUAL_ACCOUNT", "virtualAccounts": [ACCOUNT]}


async def test_a_payment_is_answered_as_queries_show_it(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    answer = await client.post(f"/v1/bills/{bill['id']}/payments", json={**BY_ACCOUNT, "reason": "deposit"})
    payment = desk.expect(201, answer)
    Payment.model_validate_json(answer.content)
    assert answer.headers["Location"] == f"/v1/payments/{payment['id']}"
    assert answer.headers["ETag"] == '"2"'
    assert payment == {
        "id": payment["id"], "billId": bill["id"], "paymentMethod": "VIRTUAL_ACCOUNT", "amount": 30_000,
        "appliedToBalance": False, "paidAt": "2026-11-22T05:00:00Z", "paidBy": "admin", "cancelledAt": None,
        "cancelledBy": None, "virtualAccounts": [ACCOUNT], "paymentRequestId": None,
    }  # fmt: skip
    shown = await client.get(f"/v1/payments/{payment['id']}")
    assert (desk.expect(200, shown), shown.headers["ETag"]) == (payment, '"2"')
    page = await client.get(f"/v1/bills/{bill['id']}/payments")
    assert (desk.expect(200, page), page.headers["ETag"]) == ({"items": [payment], "nextCursor": None}, '"2"')
    PaymentPage.model_validate_json(page.content)
    assert (await desk.bill(bill["id"]))["payments"] == [payment]


async def test_a_payment_touches_the_balance_only_when_asked_to(desk: Desk) -> None:
    bill = await desk.add_bill(total=100)
    await desk.pay(bill, 30)
    await desk.pay(bill, 30, applyToBalance=False)
    await desk.pay(bill, 30, applyToBalance=None)
    assert (await desk.bill(bill["id"]))["balanceAmount"] == 100
    await desk.pay(bill, 100, applyToBalance=True)
    shown = await desk.bill(bill["id"])
    assert (shown["balanceAmount"], shown["status"]) == (0, "SETTLED")
    assert (await desk.folio("FOLIO-1"))["paidAmount"] == 190


async def test_a_single_virtual_account_may_stand_without_the_list(desk: Desk) -> None:
    payment = await desk.pay(await desk.add_bill(), 1, paymentMethod="VIRTUAL_ACCOUNT", virtualAccounts=ACCOUNT)
    assert payment["virtualAccounts"] == [ACCOUNT]


@pytest.mark.parametrize("accounts", [None, []])
async def test_no_virtual_accounts_are_none(desk: Desk, accounts: Any) -> None:
    assert (await desk.pay(await desk.add_bill(), 1, virtualAccounts=accounts))["virtualAccounts"] is None


async def test_a_corrected_payment_moves_the_balance_by_the_difference(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill(total=100)
    payment = await desk.pay(bill, 30, applyToBalance=True)
    path = f"/v1/payments/{payment['id']}"
    body = {"amount": 45, "paymentMethod": "CASH", "paidAt": "2026-11-21T00:00:00-09:30", "reason": "typed wrong"}
    answer = await client.patch(path, json=body)
    changed = desk.expect(200, answer)
    assert changed == {**payment, "amount": 45, "paymentMethod": "CASH", "paidAt": "2026-11-21T09:30:00Z"}
    assert answer.headers["ETag"] == '"3"'
    assert desk.expect(200, await client.get(path)) == changed
    shown = await desk.bill(bill["id"])
    assert (shown["balanceAmount"], shown["payments"]) == (55, [changed])
    assert desk.expect(200, await client.patch(path)) == changed


async def test_another_method_drops_the_virtual_accounts(desk: Desk, client: httpx.AsyncClient) -> None:
    payment = desk.expect(
        201, await client.post(f"/v1/bills/{(await desk.add_bill())['id']}/payments", json=BY_ACCOUNT)
    )
    path = f"/v1/payments/{payment['id']}"
    assert desk.expect(200, await client.patch(path, json={"amount": 5}))["virtualAccounts"] == [ACCOUNT]
    assert desk.expect(200, await client.patch(path, json={"paymentMethod": "CASH"}))["virtualAccounts"] is None


async def test_a_cancelled_payment_stays_and_gives_the_balance_back(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill(total=100)
    payment = await desk.pay(bill, 30, applyToBalance=True)
    answer = await client.post(f"/v1/payments/{payment['id']}/cancel", json={"reason": "card declined"})
    cancelled = desk.expect(200, answer)
    assert cancelled["cancelledBy"] == "admin"
    assert cancelled["cancelledAt"].endswith("Z")
    shown = await desk.bill(bill["id"])
    assert (shown["balanceAmount"], shown["payments"]) == (100, [cancelled])
    folio = await desk.folio("FOLIO-1")
    assert (folio["paidAmount"], folio["balanceAmount"]) == (0, 100)


async def test_a_deleted_payment_is_gone(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill(total=100)
    payment = await desk.pay(bill, 30, applyToBalance=True)
    deleted = await client.request("DELETE", f"/v1/payments/{payment['id']}", json={"reason": "twice"})
    assert (deleted.status_code, deleted.content) == (204, b"")
    shown = await desk.bill(bill["id"])
    assert (shown["balanceAmount"], shown["payments"]) == (100, [])
    assert (await client.get(f"/v1/bills/{bill['id']}/payments")).json()["items"] == []
    expect_problem(await client.get(f"/v1/payments/{payment['id']}"), 404, "DATA_NOT_FOUND_ON_ID")


COMMANDS: list[tuple[str, str, Any]] = [
    ("PATCH", "/v1/payments/{id}", {"amount": 1}),
    ("POST", "/v1/payments/{id}/cancel", {}),
    ("DELETE", "/v1/payments/{id}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), COMMANDS)
async def test_no_command_finds_a_payment_that_is_unknown_deleted_or_on_a_deleted_bill(
    desk: Desk, client: httpx.AsyncClient, service: Service, method: str, path: str, body: Any
) -> None:
    bill = await desk.add_bill()
    deleted, under_deleted = await desk.pay(bill, 1), await desk.pay(bill, 1)
    desk.expect(204, await client.delete(f"/v1/payments/{deleted['id']}"))
    desk.expect(200, await client.post(f"/v1/payments/{under_deleted['id']}/cancel"))
    desk.expect(204, await client.delete(f"/v1/bills/{bill['id']}"))
    async with nothing_written(service):
        for payment_id in (UNKNOWN_ULID, bill["id"], deleted["id"], under_deleted["id"]):
            answer = await client.request(method, path.replace("{id}", payment_id), json=body)
            expect_problem(answer, 404, "DATA_NOT_FOUND_ON_ID", "/paymentId")


async def test_a_cancelled_payment_can_only_be_deleted(desk: Desk, client: httpx.AsyncClient, service: Service) -> None:
    payment = await desk.pay(await desk.add_bill(), 1)
    path = f"/v1/payments/{payment['id']}"
    desk.expect(200, await client.post(f"{path}/cancel"))
    async with nothing_written(service):
        expect_problem(await client.post(f"{path}/cancel"), 409, "INVALID_STATE")
        expect_problem(await client.patch(path, json={"amount": 2}), 409, "INVALID_STATE")
    desk.expect(204, await client.delete(path))


async def test_the_payments_of_a_cancelled_or_transferred_bill_can_be_cancelled_and_deleted_there(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    for end in ("cancel", "transfer"):
        bill = await desk.add_bill(total=100)
        first = await desk.pay(bill, 30, applyToBalance=True)
        second = await desk.pay(bill, 20, applyToBalance=True)
        if end == "cancel":
            desk.expect(200, await client.post(f"/v1/bills/{bill['id']}/cancel"))
        else:
            body = {"bills": [{"id": bill["id"]}], "folioId": "F-2"}
            desk.expect(200, await client.post("/v1/bills/transfer", json=body))
        before = await desk.bill(bill["id"])
        async with nothing_written(service):
            changing = await client.patch(f"/v1/payments/{first['id']}", json={"amount": 1})
            expect_problem(changing, 409, "INVALID_STATE")
        desk.expect(200, await client.post(f"/v1/payments/{first['id']}/cancel"))
        desk.expect(204, await client.delete(f"/v1/payments/{second['id']}"))
        after = await desk.bill(bill["id"])
        assert (after["status"], after["balanceAmount"]) == (before["status"], before["balanceAmount"] + 50)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"paymentMethod": "CARD", "virtualAccounts": [ACCOUNT]}, "/virtualAccounts"),
        ({"paidAt": "1969-12-31T23:59:59Z"}, "/paidAt"),
        ({"paidAt": "2200-01-01T00:00:00Z"}, "/paidAt"),
        ({"amount": 0}, "/amount"),
        ({"amount": 10**15 + 1}, "/amount"),
    ],
)
async def test_values_that_no_payment_may_have_are_refused_wherever_a_payment_is_given(
    desk: Desk, client: httpx.AsyncClient, service: Service, change: dict[str, Any], pointer: str
) -> None:
    bill = await desk.add_bill()
    payment = await desk.pay(bill, 1)
    wrong = {**PAYMENT, **change}
    async with nothing_written(service):
        answer = await client.post(f"/v1/bills/{bill['id']}/payments", json=wrong)
        expect_problem(answer, 400, "INVALID_PARAMETER", pointer)
        answer = await client.patch(f"/v1/payments/{payment['id']}", json=change)
        expect_problem(answer, 400, "INVALID_PARAMETER", pointer)
        body = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 1, "payments": [PAYMENT, wrong]}
        answer = await client.post("/v1/folios/FOLIO-1/bills", json=body)
        expect_problem(answer, 400, "INVALID_PARAMETER", f"/payments/1{pointer}")
