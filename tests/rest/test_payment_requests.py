"""Asking a guest for money: what may be asked, of whom, and what is answered."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.desk.payment_requests import PHONE_LEFT_OUT
from tests.collection.fake_provider import FakeProvider
from tests.collection.front import ASK, PHONE, SECONDS_MAX, Front, open_front
from tests.rest.support import UNKNOWN_ULID, expect_problem, nothing_written

TODAY = datetime.now(ZoneInfo("Asia/Seoul")).date()
NO_NUMBERS = [1.0, 1.5, "100", "", True, [], {}]
NO_LINES = ["", " ", "a\nb", "a\x00b", "\ud800", 5, [], {}]
NO_PHONES = [
    "010-1234-567a", "\uff10\uff11\uff10-1234-5678", "12345678", "010", "+1 555 123 4567", "010-1234-5678-9999",
    "0" * 21, "01012345678 ext 1", "", " ", 1012345678, [],
]  # fmt: skip
NO_DAYS = ["2026-02-30", "2026-11-30T00:00:00Z", "30.11.2026", "20261130", "2026-W48-1", "soon", "", 1, [], True]
NO_CUSTOMER_KEYS = ["a b", "한글", "", "x" * 51, "a/b", "a\n", 5]
WRONG: dict[str, list[Any]] = {
    "amount": [*NO_NUMBERS, 0, -1, 10_000_000_000, 10**400],
    "customerName": [*NO_LINES, "가" * 31],
    "productName": [*NO_LINES, "가" * 101],
    "billIssuer": [*NO_LINES, "가" * 101],
    "message": ["", "가" * 501, "\ud800", 5, []],
    "phone": NO_PHONES,
    "expiresOn": NO_DAYS,
    "sendType": ["talk", "SMS", "", 1, []],
    "customerKey": NO_CUSTOMER_KEYS,
    "reason": ["", " ", "x" * 501, 5],
    "surprise": [1],
    "customer_name": ["Kim"],
}


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves sending to the test."""
    async with open_front(database) as opened:
        yield opened


async def test_a_request_is_stored_and_answered_before_anything_is_sent(front: Front) -> None:
    bill = await front.desk.add_bill(name="Room 204")
    answer = await front.try_ask(bill)
    body = front.desk.expect(202, answer)
    assert answer.headers["Location"] == f"/v1/payment-requests/{body['id']}"
    assert answer.headers["ETag"] == f'"{body["version"]}"' == '"1"'
    assert int(answer.headers["Folio-Position"]) == (await front.rows("SELECT position FROM ledger.log_head"))[0][0]
    assert front.provider.calls == []
    shown = await front.client.get(answer.headers["Location"])
    assert shown.json() == body
    assert (shown.headers["ETag"], shown.headers["Folio-Position"]) == ('"1"', answer.headers["Folio-Position"])
    assert body["status"] == "REQUESTED"
    assert {name: body[name] for name in ("billId", "folioId", "accommodationId", "amount", "sendType")} == {
        "billId": bill["id"], "folioId": "FOLIO-1", "accommodationId": "HOTEL-1", "amount": 30_000, "sendType": "TALK",
    }  # fmt: skip
    assert (body["customerName"], body["maskedPhone"], body["productName"]) == ("홍**무", "010****5432", "Room 204")
    assert body["expiresOn"] == str(TODAY + timedelta(days=7))
    assert (await front.desk.bill(bill["id"]))["balanceAmount"] == 100_000


async def test_a_request_is_sent_by_itself_soon_after_it_was_asked_for(database: str) -> None:
    async with open_front(database, attended=True) as front:
        request = await front.ask()
        async with asyncio.timeout(SECONDS_MAX):
            while (await front.get(request))["status"] != "SENT":
                await asyncio.sleep(0.01)
        assert [ask.contact for ask in front.provider.asks] == [PHONE]
    assert front.provider.closed


async def test_every_wrong_value_is_refused_by_name_and_nothing_is_written(front: Front) -> None:
    bill = await front.desk.add_bill()
    async with nothing_written(front.service):
        for name, values in WRONG.items():
            for value in values:
                answer = await send(front, bill, {**ASK, name: value})
                assert answer.status_code == 400, f"{name}={value!r:.100}: {answer.status_code} {answer.text[:200]}"
                problem = expect_problem(answer, 400, answer.json()["code"])
                pointers = [fault["pointer"] or f"/{name}" for fault in problem["errors"]]
                assert f"/{name}" in pointers, f"{name}={value!r:.100}: {answer.text[:200]}"
    assert front.provider.calls == []


async def send(front: Front, bill: dict[str, Any], body: dict[str, Any]) -> Any:
    """Ask with a body that the client may not be able to write as JSON by itself."""
    return await front.client.post(
        f"/v1/bills/{bill['id']}/payment-requests",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )


@pytest.mark.parametrize("name", ["customerName", "phone"])
async def test_what_is_required_and_missing_or_null_is_named(front: Front, name: str) -> None:
    bill = await front.desk.add_bill()
    bodies = [{key: value for key, value in ASK.items() if key != name}, {**ASK, name: None}]
    async with nothing_written(front.service):
        for body in bodies:
            expect_problem(await send(front, bill, body), 400, "REQUIRED_PARAMETER", f"/{name}")


async def test_a_link_for_nobody_is_refused(front: Front) -> None:
    bill = await front.desk.add_bill()
    answer = await front.try_ask(bill, sendType="URL", phone=None)
    expect_problem(answer, 400, "REQUIRED_PARAMETER", "/customerKey")


JUST_ALLOWED: dict[str, list[Any]] = {
    "customerName": ["가" * 30, "김"],
    "productName": ["가" * 100],
    "billIssuer": ["가" * 100],
    "message": ["가" * 500, "첫 줄\n둘째 줄"],
    "expiresOn": [str(TODAY), str(TODAY + timedelta(days=365))],
    "amount": [1, 100_000],
    "phone": ["+82 10-9876-5432", "+82-010-9876-5432", "+821098765432", "010 9876 5432", "01098765432"],
}


async def test_what_is_just_allowed_reaches_the_provider_as_it_was_given(front: Front) -> None:
    names = {"customerName": "customer_name", "productName": "product_name", "billIssuer": "bill_issuer"}
    for name, values in JUST_ALLOWED.items():
        for value in values:
            request = await front.sent(**{name: value})
            ask = front.provider.asks[-1]
            found = vars(ask)["contact" if name == "phone" else names.get(name, name.replace("sOn", "s_on"))]
            assert (str(found) if name == "expiresOn" else found) == (PHONE if name == "phone" else value)
            assert request["status"] == "SENT"


async def test_a_day_that_is_over_in_seoul_or_more_than_a_year_away_is_refused(front: Front) -> None:
    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=367)):
        expect_problem(await front.try_ask(expiresOn=str(day)), 400, "INVALID_PARAMETER", "/expiresOn")


async def test_more_than_is_left_to_ask_is_refused_and_without_an_amount_the_rest_is_asked(front: Front) -> None:
    bill = await front.desk.add_bill(total=100_000)
    await front.ask(bill, amount=70_000)
    expect_problem(await front.try_ask(bill, amount=30_001), 400, "INVALID_PARAMETER", "/amount")
    assert (await front.ask(bill, amount=None))["amount"] == 30_000
    expect_problem(await front.try_ask(bill, amount=None), 400, "INVALID_PARAMETER", "/amount")


async def test_more_than_ten_digits_are_not_asked_for_by_default_either(front: Front) -> None:
    bill = await front.desk.add_bill(total=10_000_000_000)
    expect_problem(await front.try_ask(bill, amount=None), 400, "INVALID_PARAMETER", "/amount")
    assert (await front.ask(bill, amount=9_999_999_999))["amount"] == 9_999_999_999


async def test_the_name_of_a_bill_that_is_too_long_for_the_provider_needs_another(front: Front) -> None:
    bill = await front.desk.add_bill(name="가" * 200)
    expect_problem(await front.try_ask(bill), 400, "INVALID_PARAMETER", "/productName")
    assert (await front.ask(bill, productName="객실 요금"))["productName"] == "객실 요금"
    at_limit = await front.desk.add_bill(name="가" * 100)
    assert (await front.ask(at_limit))["productName"] == "가" * 100


async def test_a_bill_that_has_ended_is_not_asked_for(front: Front) -> None:
    cancelled, transferred, deleted = [await front.desk.add_bill() for _ in range(3)]
    await front.client.post(f"/v1/bills/{cancelled['id']}/cancel")
    await front.client.post("/v1/bills/transfer", json={"bills": [{"id": transferred["id"]}], "folioId": "FOLIO-2"})
    await front.client.delete(f"/v1/bills/{deleted['id']}")
    async with nothing_written(front.service):
        for bill in (cancelled, transferred):
            expect_problem(await front.try_ask(bill), 409, "INVALID_STATE")
        for bill in (deleted, {"id": UNKNOWN_ULID}):
            expect_problem(await front.try_ask(bill), 404, "DATA_NOT_FOUND_ON_ID", "/billId")
        expect_problem(await front.try_ask({"id": "1"}), 400, "INVALID_PARAMETER", "/billId")


async def test_an_accommodation_in_another_currency_is_not_asked_for(front: Front) -> None:
    await front.client.put("/v1/accommodations/HOTEL-9", json={"currency": "USD"})
    bill = await front.desk.add_bill("FOLIO-9", accommodationId="HOTEL-9")
    async with nothing_written(front.service):
        expect_problem(await front.try_ask(bill), 400, "INVALID_PARAMETER")


async def test_a_request_takes_the_version_of_the_bill_that_was_seen(front: Front) -> None:
    bill = await front.desk.add_bill()
    path, body = f"/v1/bills/{bill['id']}/payment-requests", ASK
    stale = await front.client.post(path, json=body, headers={"If-Match": '"7"'})
    expect_problem(stale, 412, "VERSION_MISMATCH")
    front.desk.expect(202, await front.client.post(path, json=body, headers={"If-Match": f'"{bill["version"]}"'}))
    front.desk.expect(202, await front.client.post(path, json={**body, "amount": 1}, headers={"If-Match": "*"}))


@pytest.mark.parametrize("automatic", [True, False])
async def test_a_link_is_made_for_the_customer_key_and_with_automatic_card_payment_never_for_a_phone(
    database: str, automatic: bool
) -> None:
    async with open_front(database, automatic_card_payment=automatic) as front:
        by_phone = await front.sent(sendType="URL")
        by_key = await front.sent(sendType="URL", phone=None, customerKey="user-001")
        by_both = await front.sent(sendType="URL", customerKey="user-001")
        contacts = contacts_of(front.provider)
    assert contacts[1:] == ["user-001", "user-001"]
    assert by_key["warnings"] == []
    assert by_key["maskedPhone"] is None
    if automatic:
        assert contacts[0].startswith("guest-")
        assert PHONE not in contacts
        assert by_phone["warnings"] == by_both["warnings"] == [PHONE_LEFT_OUT]
    else:
        assert (contacts[0], by_phone["warnings"], by_phone["maskedPhone"]) == (PHONE, [], "010****5432")


async def test_a_customer_key_that_is_a_phone_makes_no_link_with_automatic_card_payment(database: str) -> None:
    async with open_front(database, automatic_card_payment=True) as front:
        answer = await front.try_ask(sendType="URL", phone=None, customerKey=PHONE)
        if answer.status_code == 202:
            await front.office.collector.attend(answer.json()["id"], ask_first=False)
        assert PHONE not in contacts_of(front.provider)


def contacts_of(provider: FakeProvider) -> list[str]:
    """Whom the provider was told to ask, in their order."""
    return [ask.contact for ask in provider.asks]


async def test_a_request_is_no_command_of_a_batch(front: Front) -> None:
    bill = await front.desk.add_bill()
    item: dict[str, Any] = {"method": "POST", "path": f"/v1/bills/{bill['id']}/payment-requests", "body": ASK}
    answer = await front.client.post("/v1/commands", json={"commands": [item]})
    assert answer.status_code == 400 or answer.json()["results"][0]["status"] in {400, 404}
    page = front.desk.expect(200, await front.client.get(item["path"]))
    assert page["items"] == []
