"""What is kept of a guest, told to administrators alone, and told of in the log without the guest."""

import logging
from collections.abc import AsyncIterator

import pytest

from services.rest.privacy_schemas import GuestExport
from tests.collection.front import CALLBACK_KEY, MESSAGE, NAME, PHONE, Front, client_for, open_front
from tests.conftest import PAID_AT
from tests.rest.support import expect_problem, nothing_written
from tests.traces import found_in

EXPORT = "/v1/folios/FOLIO-1/privacy/export"
ACCOUNT = {"bankCode": "088", "accountNumber": "110-237-480915", "accountHolder": "황보혜린"}
BY_ACCOUNT = {"paymentMethod": "VIRTUAL_ACCOUNT", "amount": 1_000, "paidAt": PAID_AT, "virtualAccounts": [ACCOUNT]}
SECRETS = (NAME, PHONE, MESSAGE, ACCOUNT["accountNumber"], ACCOUNT["accountHolder"])


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves sending and reading to the test."""
    async with open_front(database) as opened:
        yield opened


async def report(front: Front, request_id: str) -> None:
    """A callback that names the guest, and has the provider's key in it twice."""
    said = {"apikey": CALLBACK_KEY, "bill_id": request_id, "data": {"api_Key": CALLBACK_KEY, "member_nm": NAME}}
    async with client_for(front.service) as client:
        answer = await client.post("/callbacks/payssam", json=said, headers={"X-Request-Id": "report-1"})
    assert answer.status_code == 200


async def test_all_that_is_kept_is_shown_in_the_clear_and_nothing_of_it_once_forgotten(front: Front) -> None:
    bill = await front.desk.add_bill(payments=[BY_ACCOUNT])
    request = await front.paid(bill)
    await report(front, request["id"])
    answer = await front.client.get(EXPORT)
    export = front.desk.expect(200, answer)
    GuestExport.model_validate(export)
    assert answer.headers["Cache-Control"] == "no-store"
    assert [entry["accounts"] for entry in export["virtualAccounts"]] == [[ACCOUNT]]
    [asked] = export["paymentRequests"]
    assert (asked["customerName"], asked["contact"], asked["message"]) == (NAME, PHONE, MESSAGE)
    assert (asked["url"], asked["receipt"]["amount"]) == (request["url"], 30_000)
    [callback] = export["callbacks"]
    assert (callback["paymentRequestId"], callback["headers"]["x-request-id"]) == (request["id"], "report-1")
    assert callback["body"] == {"bill_id": request["id"], "data": {"member_nm": NAME}}
    assert CALLBACK_KEY not in answer.text

    forgotten = front.desk.expect(
        200, await front.client.post("/v1/folios/FOLIO-1/privacy/forget", json={"reason": "case 7"})
    )
    answer = await front.client.get(EXPORT)
    after = front.desk.expect(200, answer)
    GuestExport.model_validate(after)
    assert {name: after[name] for name in forgotten} == forgotten
    assert found_in(answer.content, SECRETS) == []
    assert after["paymentRequests"] == [{**asked, "customerName": None, "contact": None, "message": None}]
    assert after["callbacks"] == [{**callback, "headers": {}, "body": None}]


async def test_it_is_for_administrators_of_the_house_and_writes_nothing(front: Front) -> None:
    await front.desk.add_bill()
    async with nothing_written(front.service):
        for role in ("pms", "auditor"):
            async with front.client_of(role, role) as client:
                expect_problem(await client.get(EXPORT), 403, "FORBIDDEN")
        async with front.client_of("elsewhere", "admin", ["HOTEL-2"]) as client:
            expect_problem(await client.get(EXPORT), 404, "DATA_NOT_FOUND_ON_ID", "/folioId")
        unknown = await front.client.get("/v1/folios/FOLIO-404/privacy/export")
        expect_problem(unknown, 404, "DATA_NOT_FOUND_ON_ID", "/folioId")
        export = front.desk.expect(200, await front.client.get(EXPORT))
    assert (export["virtualAccounts"], export["paymentRequests"], export["callbacks"]) == ([], [], [])


async def test_the_log_says_who_was_told_of_which_folio_and_never_what(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    await front.ask(await front.desk.add_bill(payments=[BY_ACCOUNT]))
    caplog.set_level(logging.DEBUG)
    async with front.client_of("privacy office", "admin") as client:
        front.desk.expect(200, await client.get(EXPORT))
    [told] = [record for record in caplog.records if "privacy office" in record.getMessage()]
    assert (told.levelname, "FOLIO-1" in told.getMessage()) == ("WARNING", True)
    assert found_in(caplog.text.encode(), SECRETS) == []
