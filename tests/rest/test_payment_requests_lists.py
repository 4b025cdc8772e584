"""Payment requests in lists, in the past of a folio, and for callers who may not see everything."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.rest.schemas import PaymentRequestPage
from tests.collection.front import ASK, OPERATIONS, Front, open_front
from tests.rest.support import UNKNOWN_ULID, expect_problem, line, nothing_written


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves sending to the test."""
    async with open_front(database) as opened:
        yield opened


async def ids(front: Front, path: str, **query: Any) -> list[str]:
    """The ids of one page."""
    body = front.desk.expect(200, await front.client.get(path, params=query))
    PaymentRequestPage.model_validate(body)
    return [item["id"] for item in body["items"]]


async def test_lists_show_the_newest_first_of_a_bill_and_of_an_accommodation(front: Front) -> None:
    bill, other = await front.desk.add_bill(), await front.desk.add_bill("FOLIO-2")
    far = await front.desk.add_bill("FOLIO-3", accommodationId="HOTEL-2")
    asked = [(await front.ask(each, amount=1))["id"] for each in (bill, other, bill, far, bill)]
    assert await ids(front, f"/v1/bills/{bill['id']}/payment-requests") == [asked[4], asked[2], asked[0]]
    path = "/v1/accommodations/HOTEL-1/payment-requests"
    assert await ids(front, path) == [asked[4], asked[2], asked[1], asked[0]]
    assert await ids(front, "/v1/accommodations/HOTEL-2/payment-requests") == [asked[3]]
    assert await ids(front, "/v1/accommodations/HOTEL-3/payment-requests") == []


async def test_pages_stay_the_same_while_requests_come_and_change(front: Front) -> None:
    bill = await front.desk.add_bill()
    asked = [(await front.ask(bill, amount=1))["id"] for _ in range(7)]
    path, cursor, seen = f"/v1/bills/{bill['id']}/payment-requests", None, []
    for _ in range(10):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        body = front.desk.expect(200, await front.client.get(path, params=query))
        seen += [item["id"] for item in body["items"]]
        cursor = body["nextCursor"]
        if cursor is None:
            break
        await front.ask(bill, amount=1)
        await front.office.collector.attend(asked[0], ask_first=False)
    assert seen == asked[::-1]


async def test_lists_show_one_status_alone(front: Front) -> None:
    bill = await front.desk.add_bill()
    by_status = {"REQUESTED": (await front.ask(bill, amount=1))["id"], "SENT": (await front.sent(bill, amount=1))["id"]}
    by_status["PAID"] = (await front.paid(bill))["id"]
    for path in (f"/v1/bills/{bill['id']}/payment-requests", "/v1/accommodations/HOTEL-1/payment-requests"):
        for status in ("REQUESTED", "SENT", "UNKNOWN", "REFUSED", "PAID", "REFUNDED", "DESTROYED", "EXPIRED"):
            expected = [by_status[status]] if status in by_status else []
            assert await ids(front, path, status=status) == expected
        for wrong in ({"status": "OPEN"}, {"status": "sent"}, {"limit": 0}, {"limit": 501}, {"cursor": "x"}, {"x": 1}):
            assert (await front.client.get(path, params=wrong)).status_code == 400


async def test_a_list_of_what_does_not_exist_is_not_found(front: Front) -> None:
    expect_problem(await front.client.get(f"/v1/bills/{UNKNOWN_ULID}/payment-requests"), 404, "DATA_NOT_FOUND_ON_ID")
    expect_problem(await front.client.get(f"/v1/payment-requests/{'Z' * 20}"), 404, "DATA_NOT_FOUND_ON_ID")
    expect_problem(await front.client.get("/v1/payment-requests/z"), 400, "INVALID_PARAMETER", "/paymentRequestId")


def reading(request: dict[str, Any]) -> list[str]:
    """Every query about a request."""
    return [
        f"/v1/payment-requests/{request['id']}",
        f"/v1/bills/{request['billId']}/payment-requests",
        f"/v1/accommodations/{request['accommodationId']}/payment-requests",
    ]


def commanding(request: dict[str, Any]) -> list[tuple[str, Any]]:
    """Every command on a request and its bill."""
    operations: list[tuple[str, Any]] = [
        (f"/v1/payment-requests/{request['id']}/{operation}", {}) for operation in OPERATIONS
    ]
    return [(f"/v1/bills/{request['billId']}/payment-requests", ASK), *operations]


async def test_an_auditor_may_read_and_not_ask(front: Front) -> None:
    request = await front.sent()
    front.provider.calls.clear()
    async with front.client_of("auditor", "auditor") as auditor, nothing_written(front.service):
        for path in [*reading(request), "/v1/payssam/points"]:
            answer = await auditor.get(path)
            assert answer.status_code == 200, line(answer)
        for path, body in commanding(request):
            expect_problem(await auditor.post(path, json=body), 403, "FORBIDDEN")
    assert [operation for operation, _ in front.provider.calls] == ["points"]


async def test_what_is_outside_of_a_keys_accommodations_is_not_found(front: Front) -> None:
    request = await front.sent()
    front.provider.calls.clear()
    async with front.client_of("far", "pms", ["HOTEL-2"]) as far, nothing_written(front.service):
        for path in reading(request):
            expect_problem(await far.get(path), 404, "DATA_NOT_FOUND_ON_ID")
        for path, body in commanding(request):
            expect_problem(await far.post(path, json=body), 404, "DATA_NOT_FOUND_ON_ID")
    assert front.provider.calls == []


async def test_without_a_key_nothing_is_answered(front: Front) -> None:
    request = await front.sent()
    front.client.headers.pop("Authorization")
    for path in [*reading(request), "/v1/payssam/points"]:
        expect_problem(await front.client.get(path), 401, "UNAUTHENTICATED")
    for path, body in commanding(request):
        expect_problem(await front.client.post(path, json=body), 401, "UNAUTHENTICATED")


async def test_a_limited_key_asks_and_operates_inside_of_its_accommodations(front: Front) -> None:
    request = await front.sent()
    async with front.client_of("near", "pms", ["HOTEL-1"]) as near:
        for path in reading(request):
            assert (await near.get(path)).status_code == 200
        for path, body in commanding(request):
            answer = await near.post(path, json=body)
            assert answer.status_code in {200, 202, 409}, line(answer)


async def test_money_for_a_deleted_bill_counts_on_its_folio_now_and_in_the_past(front: Front) -> None:
    bill, other = await front.desk.add_bill(total=100_000), await front.desk.add_bill(total=5_000)
    request = await front.sent(bill)
    front.desk.expect(200, await front.operate("destroy", request))
    front.desk.expect(204, await front.client.delete(f"/v1/bills/{bill['id']}"))
    assert (await front.desk.folio("FOLIO-1"))["balanceAmount"] == 5_000
    front.provider.become(request["id"], "PAID", paid=30_000)
    body = front.desk.expect(200, await front.operate("sync", request))
    assert body["flags"] == ["PAID_AFTER_END", "BILL_DELETED"]
    live = await front.client.get("/v1/folios/FOLIO-1")
    folio = front.desk.expect(200, live)
    assert (folio["balanceAmount"], folio["totalAmount"], folio["paidAmount"]) == (-25_000, 5_000, 30_000)
    assert [shown["id"] for shown in folio["bills"]] == [other["id"]]
    for query in ({"position": live.headers["Folio-Position"]}, {"effectiveAt": "2999-01-01T00:00:00Z"}):
        past = front.desk.expect(200, await front.client.get("/v1/folios/FOLIO-1", params=query))
        assert past == folio
    front.desk.expect(200, await front.operate("refund", request))
    after = await front.desk.folio("FOLIO-1")
    assert (after["balanceAmount"], after["paidAmount"]) == (5_000, 0)
