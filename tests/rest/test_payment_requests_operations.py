"""Resending, destroying, refunding and asking how it stands: once under a key, and nothing without a provider."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services.bootstrap import Service, make_service
from services.provision import Collecting
from services.rest.schemas import Points
from tests.collection.fake_provider import BUSY, TIMED_OUT, Operation
from tests.collection.front import ASK, CALLBACK_KEY, OPERATIONS, Front, checked, client_for, open_front
from tests.conftest import ADMIN_KEY, Desk
from tests.rest.support import expect_problem, nothing_written

PROVIDERS_NAME: dict[str, Operation] = {"resend": "resend", "destroy": "destroy", "refund": "cancel", "sync": "read"}


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves sending to the test."""
    async with open_front(database) as opened:
        yield opened


async def ready_for(front: Front, operation: str) -> dict[str, Any]:
    """A request that takes this operation."""
    return await front.paid() if operation == "refund" else await front.sent()


@pytest.mark.parametrize(
    ("operation", "status"), [("resend", "SENT"), ("destroy", "DESTROYED"), ("refund", "REFUNDED"), ("sync", "SENT")]
)
async def test_an_operation_answers_the_request_as_it_is_after_it(front: Front, operation: str, status: str) -> None:
    request = await ready_for(front, operation)
    answer = await front.operate(operation, request, json={"reason": "guest asked"})
    body = checked(front.desk.expect(200, answer))
    assert body["status"] == status
    assert answer.headers["ETag"] == f'"{body["version"]}"'
    assert "Location" not in answer.headers
    assert int(answer.headers["Folio-Position"]) == (await front.rows("SELECT position FROM ledger.log_head"))[0][0]
    assert await front.get(request) == body


async def test_a_refund_gives_the_money_back_on_the_bill(front: Front) -> None:
    request = await front.paid()
    assert (await front.desk.bill(request["billId"]))["balanceAmount"] == 70_000
    front.desk.expect(200, await front.operate("refund", request))
    bill = await front.desk.bill(request["billId"])
    assert (bill["balanceAmount"], bill["payments"][0]["cancelledAt"] is not None) == (100_000, True)
    expect_problem(await front.operate("refund", request), 409, "INVALID_STATE")


@pytest.mark.parametrize(
    ("operation", "given"), [("destroy", "paid"), ("refund", "sent"), ("resend", "paid"), ("resend", "ask")]
)
async def test_what_is_in_another_state_is_refused_and_the_provider_not_called(
    front: Front, operation: str, given: str
) -> None:
    request = await getattr(front, given)()
    front.provider.calls.clear()
    async with nothing_written(front.service):
        expect_problem(await front.operate(operation, request), 409, "INVALID_STATE")
    assert front.provider.calls == []


async def test_a_request_that_was_paid_meanwhile_is_not_destroyed_and_its_money_is_there(front: Front) -> None:
    request = await front.sent()
    front.provider.pay(request["id"])
    expect_problem(await front.operate("destroy", request), 409, "INVALID_STATE")
    assert (await front.get(request))["status"] == "PAID"
    assert (await front.desk.bill(request["billId"]))["balanceAmount"] == 70_000


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_same_operation_again_under_its_key_does_not_call_the_provider_again(
    front: Front, operation: str
) -> None:
    request = await ready_for(front, operation)
    headers = {"Idempotency-Key": "once"}
    first = await front.operate(operation, request, headers=headers)
    front.desk.expect(200, first)
    calls = list(front.provider.calls)
    async with nothing_written(front.service):
        again = await front.operate(operation, request, headers=headers)
        expect_problem(
            await front.operate(operation, request, headers=headers, json={"reason": "other"}),
            422, "IDEMPOTENCY_KEY_REUSED",
        )  # fmt: skip
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert (front.provider.calls, again.headers["ETag"]) == (calls, first.headers["ETag"])


async def test_a_request_under_a_key_is_stored_once(front: Front) -> None:
    bill = await front.desk.add_bill()
    path, headers = f"/v1/bills/{bill['id']}/payment-requests", {"Idempotency-Key": "once"}
    first = await front.client.post(path, json=ASK, headers=headers)
    again = await front.client.post(path, json=ASK, headers=headers)
    assert (first.status_code, again.content) == (202, first.content)
    assert again.headers["Location"] == first.headers["Location"]
    other = await front.client.post(path, json={**ASK, "amount": 1}, headers=headers)
    expect_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    page = front.desk.expect(200, await front.client.get(path))
    assert [item["id"] for item in page["items"]] == [first.json()["id"]]


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_an_operation_takes_the_version_that_was_seen(front: Front, operation: str) -> None:
    request = await ready_for(front, operation)
    front.provider.calls.clear()
    stale = await front.operate(operation, request, headers={"If-Match": f'"{request["version"] + 1}"'})
    expect_problem(stale, 412, "VERSION_MISMATCH")
    assert front.provider.calls == []
    fresh = await front.operate(operation, request, headers={"If-Match": f'"{request["version"]}"'})
    front.desk.expect(200, fresh)


@pytest.mark.parametrize("operation", ["destroy", "refund", "sync"])
async def test_a_provider_that_gives_no_answer_is_said_so_and_the_same_key_may_try_again(
    front: Front, operation: str
) -> None:
    request = await ready_for(front, operation)
    headers = {"Idempotency-Key": "again"}
    front.provider.next(PROVIDERS_NAME[operation], TIMED_OUT)
    async with nothing_written(front.service):
        answer = await front.operate(operation, request, headers=headers)
        expect_problem(answer, 503, "PROVIDER_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"
    assert front.desk.expect(200, await front.operate(operation, request, headers=headers))


@pytest.mark.parametrize("operation", ["resend", "destroy", "refund"])
async def test_a_provider_that_cannot_do_it_now_is_no_answer_that_is_kept(front: Front, operation: str) -> None:
    request = await ready_for(front, operation)
    headers = {"Idempotency-Key": "again"}
    front.provider.next(PROVIDERS_NAME[operation], BUSY)
    await front.operate(operation, request, headers=headers)
    assert front.desk.expect(200, await front.operate(operation, request, headers=headers))


async def test_a_resend_of_which_nothing_is_known_is_counted_and_not_done_again_under_its_key(front: Front) -> None:
    request = await front.sent()
    front.provider.next("resend", TIMED_OUT)
    for _ in range(2):
        answer = await front.operate("resend", request, headers={"Idempotency-Key": "once"})
        body = front.desk.expect(200, answer)
        assert (body["resendCount"], body["pointsSpent"], body["lastError"]) == (1, 110, TIMED_OUT.reason)
    assert front.provider.count("resend") == 1


async def test_sync_finds_what_the_provider_knows_and_sends_what_was_not_sent(front: Front) -> None:
    request = await front.ask()
    assert front.desk.expect(200, await front.operate("sync", request))["status"] == "SENT"
    front.provider.pay(request["id"])
    body = front.desk.expect(200, await front.operate("sync", request))
    assert (body["status"], body["paidAmount"]) == ("PAID", 30_000)
    shown = front.desk.expect(200, await front.client.get(f"/v1/payments/{body['paymentId']}"))
    assert (shown["amount"], shown["paymentRequestId"]) == (30_000, request["id"])


async def test_sync_of_a_request_that_the_provider_never_had_shows_it_as_it_is(front: Front) -> None:
    request = await front.ask()
    front.desk.expect(200, await front.operate("destroy", request))
    assert front.desk.expect(200, await front.operate("sync", request))["status"] == "DESTROYED"


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_request_that_does_not_exist_is_not_found(front: Front, operation: str) -> None:
    bill = await front.desk.add_bill()
    expect_problem(await front.operate(operation, {"id": "Z" * 20}), 404, "DATA_NOT_FOUND_ON_ID", "/paymentRequestId")
    for wrong in (bill["id"], "z" * 20, "Z" * 19):
        expect_problem(await front.operate(operation, {"id": wrong}), 400, "INVALID_PARAMETER", "/paymentRequestId")
    assert front.provider.calls == []


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_an_operation_takes_a_reason_and_nothing_else(front: Front, operation: str) -> None:
    request = await ready_for(front, operation)
    bodies: list[Any] = [{"amount": 1}, {"reason": ""}, []]
    for body in bodies:
        assert (await front.operate(operation, request, json=body)).status_code == 400
    assert (await front.operate(operation, request, params={"force": "1"})).status_code == 400


async def test_without_a_provider_nothing_is_asked_and_nothing_written(
    service: Service, client: httpx.AsyncClient, desk: Desk
) -> None:
    bill = await desk.add_bill()
    calls: list[tuple[str, str, Any]] = [
        ("POST", f"/v1/bills/{bill['id']}/payment-requests", ASK),
        ("GET", "/v1/payssam/points", None),
    ]
    calls += [("POST", f"/v1/payment-requests/{'A' * 20}/{operation}", {}) for operation in OPERATIONS]
    async with nothing_written(service):
        for method, path, body in calls:
            answer = await client.request(method, path, json=body, headers={"Idempotency-Key": path[-20:]})
            expect_problem(answer, 503, "PROVIDER_UNAVAILABLE")
            assert answer.headers["Retry-After"] == "1"
        missing = await client.post("/callbacks/payssam", json={"apikey": "callback-key"})
        assert missing.status_code == 404
    page = desk.expect(200, await client.get(f"/v1/bills/{bill['id']}/payment-requests"))
    assert page == {"items": [], "nextCursor": None}


async def test_points_are_told_as_the_provider_tells_them(front: Front) -> None:
    answer = await front.client.get("/v1/payssam/points")
    body = front.desk.expect(200, answer)
    Points.model_validate(body)
    assert body == {"balance": 1_000, "chargeUrl": "https://provider.test/charge"}
    for failure in (TIMED_OUT, BUSY):
        front.provider.next("points", failure)
        expect_problem(await front.client.get("/v1/payssam/points"), 503, "PROVIDER_UNAVAILABLE")
    assert (await front.client.get("/v1/payssam/points", params={"x": "1"})).status_code == 400


async def test_a_key_that_two_processes_get_at_once_sends_once(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    request = await front.sent()
    resend = front.provider.resend

    async def slowly(*given: Any) -> Any:
        await asyncio.sleep(0.3)
        return await resend(*given)

    monkeypatch.setattr(front.provider, "resend", slowly)
    collecting = Collecting(front.provider, SecretStr(CALLBACK_KEY))
    async with (
        make_service(front.service.conninfo, ADMIN_KEY, collecting, attended=False) as second,
        client_for(second) as client,
    ):
        while (await client.get("/health/ready")).status_code != 200:
            await asyncio.sleep(0.01)
        path, key = f"/v1/payment-requests/{request['id']}/resend", {"Idempotency-Key": "the same"}
        answers = await asyncio.gather(front.client.post(path, headers=key), client.post(path, headers=key))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False, True]
    assert front.provider.count("resend") == 1
    assert (await front.get(request))["resendCount"] == 1
