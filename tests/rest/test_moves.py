"""Settlements and transfers over REST: debt and bills that move, and every way to be refused."""

from typing import Any

import httpx
import pytest

from services.bootstrap import Service
from services.rest.schemas import Bills
from tests.conftest import Desk
from tests.rest.support import NEW_BILL, PAYMENT, UNKNOWN_ULID, expect_problem, nothing_written


async def settle(client: httpx.AsyncClient, payer: Any, *targets: tuple[str, int]) -> httpx.Response:
    wanted = [{"targetBillId": target, "settledAmount": amount} for target, amount in targets]
    return await client.post(f"/v1/bills/{payer['id']}/settlements", json={"settlements": wanted})


async def transfer(
    client: httpx.AsyncClient, *bills: dict[str, Any], folio: str = "F-2", **more: Any
) -> httpx.Response:
    return await client.post("/v1/bills/transfer", json={"bills": bills, "folioId": folio, **more})


async def test_a_settlement_moves_debt_to_the_payer_and_both_bills_show_it(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    payer = await desk.add_bill(total=0, balanceAmount=0, payments=[{**PAYMENT, "amount": 100}])
    first, second = await desk.add_bill(total=60), await desk.add_bill(total=60)
    answer = await settle(client, payer, (first["id"], 60), (second["id"], 40))
    bill = desk.expect(200, answer)
    assert answer.headers["ETag"] == f'"{bill["version"]}"'
    assert (bill["balanceAmount"], bill["status"]) == (0, "SETTLED")
    assert [made["settledAmount"] for made in bill["settlementsMade"]] == [60, 40]
    shown = [await desk.bill(each["id"]) for each in (payer, first, second)]
    assert shown[0] == bill
    assert [each["balanceAmount"] for each in shown] == [0, 0, 20]
    assert shown[1]["settlementsReceived"] == [
        {
            "paymentBillId": payer["id"], "targetBillId": first["id"], "settledAmount": 60,
            "settledAt": shown[1]["updatedAt"], "settledBy": "admin",
        }
    ]  # fmt: skip
    assert (await desk.folio("FOLIO-1"))["balanceAmount"] == 20


async def test_a_new_bill_settles_others_at_once(desk: Desk, client: httpx.AsyncClient) -> None:
    target = await desk.add_bill(total=60)
    settlements = [{"targetBillId": target["id"], "settledAmount": 50}]
    payer = await desk.add_bill(total=0, payments=[{**PAYMENT, "amount": 50}], settlements=settlements)
    assert (payer["balanceAmount"], payer["settlementsMade"][0]["targetBillId"]) == (0, target["id"])
    assert (await desk.bill(target["id"]))["balanceAmount"] == 10


async def test_settlements_that_are_wrong_are_refused_all_together(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    payer, good, cancelled = [await desk.add_bill(total=100) for _ in range(3)]
    desk.expect(200, await client.post(f"/v1/bills/{cancelled['id']}/cancel"))
    elsewhere = await desk.add_bill("FOLIO-2")
    wrong = [
        ((payer["id"], 1), 400, "INVALID_PARAMETER", "/settlements/1/targetBillId"),
        ((elsewhere["id"], 1), 400, "INVALID_PARAMETER", "/settlements/1/targetBillId"),
        ((good["id"], 100), 400, "INVALID_PARAMETER", "/settlements/1/settledAmount"),
        ((good["id"], 0), 400, "INVALID_PARAMETER", "/settlements/1/settledAmount"),
        ((UNKNOWN_ULID, 1), 404, "DATA_NOT_FOUND_ON_ID", "/settlements/1/targetBillId"),
        ((cancelled["id"], 1), 409, "INVALID_STATE", None),
    ]
    async with nothing_written(service):
        for target, status, code, pointer in wrong:
            expect_problem(await settle(client, payer, (good["id"], 1), target), status, code, pointer)
            settlements = [{"targetBillId": id_, "settledAmount": amount} for id_, amount in ((good["id"], 1), target)]
            if target[0] != payer["id"]:
                body = {**NEW_BILL, "settlements": settlements}
                expect_problem(await client.post("/v1/folios/FOLIO-1/bills", json=body), status, code, pointer)


async def test_a_whole_transfer_carries_everything_to_the_other_folio(desk: Desk, client: httpx.AsyncClient) -> None:
    source = await desk.add_bill(
        payments=[PAYMENT], reservationId="RES-1", originRateSnapshot="rate", originInclusionSnapshot="inclusion"
    )
    answer = await transfer(client, {"id": source["id"]}, reservationId="RES-2", reason="room change")
    (moved,) = desk.expect(200, answer)["items"]
    Bills.model_validate_json(answer.content)
    assert (moved["folioId"], moved["reservationId"], moved["name"]) == ("F-2", "RES-2", source["name"])
    assert (moved["totalAmount"], moved["balanceAmount"], moved["status"]) == (100_000, 70_000, "OPEN")
    assert (moved["transferOriginFolioId"], moved["transferOriginBillId"]) == ("FOLIO-1", source["id"])
    assert (moved["originRateSnapshot"], moved["originInclusionSnapshot"]) == ("rate", "inclusion")
    assert moved["id"] != source["id"]
    assert moved["billCode"] != source["billCode"]
    assert moved["payments"] == []
    assert await desk.bill(moved["id"]) == moved
    left = await desk.bill(source["id"])
    assert (left["status"], left["balanceAmount"], left["payments"]) == ("TRANSFERRED", 0, source["payments"])
    first, second = await desk.folio("FOLIO-1"), await desk.folio("F-2")
    assert (first["totalAmount"], first["balanceAmount"]) == (0, 0)
    assert (second["totalAmount"], second["balanceAmount"]) == (100_000, 70_000)


async def test_a_split_moves_a_part_and_keeps_the_sum(desk: Desk, client: httpx.AsyncClient) -> None:
    source = await desk.add_bill(total=100)
    (moved,) = desk.expect(200, await transfer(client, {"id": source["id"], "splitAmount": 30}))["items"]
    left = await desk.bill(source["id"])
    assert [(bill["totalAmount"], bill["balanceAmount"]) for bill in (left, moved)] == [(70, 70), (30, 30)]
    assert left["status"] == "OPEN"
    (rest,) = desk.expect(200, await transfer(client, {"id": source["id"], "splitAmount": 70}))["items"]
    assert (rest["totalAmount"], (await desk.bill(source["id"]))["status"]) == (70, "TRANSFERRED")


async def test_bills_that_are_transferred_are_answered_in_the_order_asked_for(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    bills = [await desk.add_bill(f"FOLIO-{number % 2}", number + 1) for number in range(5)]
    wanted = [{"id": bill["id"]} for bill in reversed(bills)]
    moved = desk.expect(200, await transfer(client, *wanted))["items"]
    assert [bill["transferOriginBillId"] for bill in moved] == [each["id"] for each in wanted]
    assert [bill["totalAmount"] for bill in moved] == [5, 4, 3, 2, 1]


async def test_within_a_folio_only_the_reservation_changes(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill(reservationId="RES-1")
    (moved,) = desk.expect(200, await transfer(client, {"id": bill["id"]}, folio="FOLIO-1", reservationId="R-2"))[
        "items"
    ]
    assert moved == {**bill, "reservationId": "R-2", "version": 2, "updatedAt": moved["updatedAt"]}
    assert await desk.bill(bill["id"]) == moved


@pytest.mark.parametrize(
    ("wrong", "folio", "more", "status", "code", "pointer"),
    [
        ({"id": UNKNOWN_ULID}, "F-2", {}, 404, "DATA_NOT_FOUND_ON_ID", "/bills/1/id"),
        ({"id": "good"}, "F-2", {}, 400, "INVALID_PARAMETER", "/bills/1/id"),
        ({"id": "other", "splitAmount": 101}, "F-2", {}, 400, "INVALID_PARAMETER", "/bills/1/splitAmount"),
        ({"id": "other", "splitAmount": 0}, "F-2", {}, 400, "INVALID_PARAMETER", "/bills/1/splitAmount"),
        ({"id": "other"}, "FOLIO-1", {}, 400, "REQUIRED_PARAMETER", "/reservationId"),
        ({"id": "other", "splitAmount": 5}, "FOLIO-1", {"reservationId": "R"}, 400, "INVALID_PARAMETER", None),
        ({"id": "hotel 2"}, "F-2", {}, 400, "INVALID_PARAMETER", "/bills/1/id"),
        ({"id": "other"}, "FOLIO-H2", {}, 400, "INVALID_PARAMETER", "/folioId"),
        ({"id": "cancelled"}, "F-2", {}, 409, "INVALID_STATE", None),
        ({"id": "other"}, "no folio", {}, 400, "INVALID_PARAMETER", "/folioId"),
    ],
)
async def test_transfers_that_are_wrong_are_refused_all_together(
    desk: Desk, client: httpx.AsyncClient, service: Service,
    wrong: dict[str, Any], folio: str, more: dict[str, Any], status: int, code: str, pointer: str | None,
) -> None:  # fmt: skip
    ids = {name: (await desk.add_bill(total=100))["id"] for name in ("good", "other", "cancelled")}
    desk.expect(200, await client.post(f"/v1/bills/{ids['cancelled']}/cancel"))
    ids["hotel 2"] = (await desk.add_bill("FOLIO-H2", accommodationId="HOTEL-2"))["id"]
    wrong = {**wrong, "id": ids.get(wrong["id"], wrong["id"])}
    async with nothing_written(service):
        expect_problem(await transfer(client, {"id": ids["good"]}, wrong, folio=folio, **more), status, code, pointer)


async def test_a_negative_bill_and_its_balance_move_whole(desk: Desk, client: httpx.AsyncClient) -> None:
    refund = await desk.add_bill(total=-100)
    (moved,) = desk.expect(200, await transfer(client, {"id": refund["id"]}))["items"]
    assert (moved["totalAmount"], moved["balanceAmount"]) == (-100, -100)
    assert (await desk.folio("F-2"))["totalAmount"] == -100
