"""The provider's callbacks: kept byte for byte once, answered in one way only, and never believed by themselves."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest

from services.billing.ports import StoreUnavailable
from services.payssam.callback import BODY_BYTES_MAX, STRANGERS_AT_ONCE
from services.store.inbox import StoredInbox
from tests.collection.front import CALLBACK_KEY, Front, client_for, open_front
from tests.rest.support import expect_problem

PATH = "/callbacks/payssam"
TAKEN = '{"code":"0000","msg":"성공하였습니다."}'.encode()


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves reading the inbox to the test."""
    async with open_front(database) as opened:
        yield opened


def reported(request_id: str, key: str = CALLBACK_KEY, **more: Any) -> bytes:
    """A callback as the provider writes it."""
    said = {"apikey": key, "bill_id": request_id, "appr_state": "F", "appr_price": "30000", **more}
    return json.dumps(said, ensure_ascii=False).encode()


async def call(front: Front, body: bytes, **headers: str) -> httpx.Response:
    """Report, without any key of this service."""
    async with client_for(front.service) as client:
        client.headers.pop("Authorization")
        return await client.post(PATH, content=body, headers={"Content-Type": "application/json", **headers})


async def kept(front: Front) -> list[tuple[Any, ...]]:
    """What is in the inbox."""
    return await front.rows("SELECT body, request_id, says_paid, state, source FROM collection.callbacks")


async def none_waits(front: Front) -> bool:
    """Whether every callback is dealt with."""
    return await front.rows("SELECT count(*) FROM collection.callbacks WHERE state <> 'DONE'") == [(0,)]


async def test_a_callback_with_the_right_key_is_kept_as_it_came_and_taken(front: Front) -> None:
    request = await front.sent()
    body = b" " + reported(request["id"], appr_issuer="현대카드") + b"\n"
    answer = await call(front, body)
    assert (answer.status_code, answer.content) == (200, TAKEN)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert await kept(front) == [(body, request["id"], True, "WAITING", "127.0.0.1")]
    [(digest,)] = await front.rows("SELECT encode(digest, 'hex') FROM collection.callbacks")
    assert digest == hashlib.sha256(body).hexdigest()


async def test_the_same_callback_again_is_taken_and_kept_once(front: Front) -> None:
    body = reported("A" * 20)
    for _ in range(3):
        assert (await call(front, body)).content == TAKEN
    assert len(await kept(front)) == 1


async def test_money_that_a_callback_reports_is_on_the_bill_once(front: Front) -> None:
    request = await front.sent()
    front.provider.pay(request["id"])
    for number in range(3):
        assert (await call(front, reported(request["id"], appr_num=str(number)))).content == TAKEN
    await front.read_inbox_until(lambda: none_waits(front))
    bill = await front.desk.bill(request["billId"])
    assert (bill["balanceAmount"], len(bill["payments"])) == (70_000, 1)
    assert (await front.get(request))["status"] == "PAID"


async def test_a_callback_that_lies_moves_no_money(front: Front) -> None:
    request = await front.sent()
    await call(front, reported(request["id"], appr_price="1"))

    async def tried() -> bool:
        return await front.rows("SELECT count(*) FROM collection.callbacks WHERE attempts > 0") == [(1,)]

    await front.read_inbox_until(tried)
    assert (await front.get(request))["status"] == "SENT"
    assert (await front.desk.bill(request["billId"]))["balanceAmount"] == 100_000


NO_KEYS = {
    "wrong": reported("A" * 20, "other-key"),
    "longer": reported("A" * 20, CALLBACK_KEY + "x"),
    "shorter": reported("A" * 20, CALLBACK_KEY[:-1]),
    "empty key": reported("A" * 20, ""),
    "no key": b'{"bill_id": "A"}',
    "a key that is no text": b'{"apikey": ["callback-key"]}',
    "half a surrogate": b'{"apikey": "\\ud800"}',
    "not JSON": b"apikey=callback-key",
    "not UTF-8": b'{"apikey": "\xff"}',
    "a list": b'["callback-key"]',
    "a text": b'"callback-key"',
    "empty": b"",
    "deep": b"[" * 60_000,
}


@pytest.mark.parametrize("body", NO_KEYS.values(), ids=[name.replace(" ", "-") for name in NO_KEYS])
async def test_a_callback_without_the_key_is_refused_and_not_kept(front: Front, body: bytes) -> None:
    answer = await call(front, body)
    expect_problem(answer, 401, "UNAUTHENTICATED")
    assert b"0000" not in answer.content.replace(answer.headers["X-Request-Id"].encode(), b"")
    assert await kept(front) == []


async def test_the_key_of_the_admin_is_none_of_the_provider(front: Front) -> None:
    answer = await front.client.post(PATH, content=b"{}")
    expect_problem(answer, 401, "UNAUTHENTICATED")


async def test_a_callback_has_at_most_64_kibibytes(front: Front) -> None:
    small = reported("A" * 20)
    at_limit = small[:-1] + b" " * (BODY_BYTES_MAX - len(small)) + b"}"
    assert (len(at_limit), (await call(front, at_limit)).content) == (64 * 1024, TAKEN)
    expect_problem(await call(front, at_limit[:-1] + b" }"), 413, "PAYLOAD_TOO_LARGE")
    assert len(await kept(front)) == 1


async def test_very_many_wrong_keys_are_put_off_while_the_right_one_is_taken(front: Front) -> None:
    answers = [await call(front, NO_KEYS["wrong"]) for _ in range(STRANGERS_AT_ONCE * 4)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:STRANGERS_AT_ONCE] == [401] * STRANGERS_AT_ONCE
    assert set(statuses) == {401, 429}
    put_off = next(answer for answer in answers if answer.status_code == 429)
    expect_problem(put_off, 429, "TOO_MANY_REQUESTS")
    assert put_off.headers["Retry-After"] == "1"
    assert (await call(front, reported("A" * 20))).content == TAKEN


async def test_only_addresses_of_the_list_may_call_when_there_is_one(database: str) -> None:
    async with open_front(database, sources=frozenset({"52.78.118.82"})) as front:
        for host, status in (("52.78.118.82", 200), ("127.0.0.1", 403), ("52.78.118.8", 403)):
            async with client_for(front.service, host=host) as client:
                answer = await client.post(PATH, content=reported(host), headers={"X-Forwarded-For": "52.78.118.82"})
                assert answer.status_code == status
        expect_problem(answer, 403, "FORBIDDEN")
        assert [row[1] for row in await kept(front)] == ["52.78.118.82"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_a_callback_is_posted(front: Front, method: str) -> None:
    answer = await front.client.request(method, PATH)
    expect_problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "POST"


async def test_a_callback_that_cannot_be_kept_is_not_taken(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    body = reported("A" * 20)
    for fault in (StoreUnavailable("away"), psycopg.OperationalError("gone"), RuntimeError("a fault")):
        with monkeypatch.context() as patch:

            async def fail(*_: object, error: Exception = fault, **__: object) -> None:
                raise error

            patch.setattr(StoredInbox, "keep", fail)
            answer = await call(front, body)
        assert answer.status_code in {500, 503}
        if isinstance(fault, StoreUnavailable):
            expect_problem(answer, 503, "SERVICE_UNAVAILABLE")
        assert TAKEN not in answer.content
    assert (await call(front, body)).content == TAKEN


@pytest.mark.parametrize("named", ["", "Z" * 20, "Z" * 500, "a\u0000b", "폴리오", "../../x"])
async def test_a_callback_of_whatever_bill_is_kept(front: Front, named: str) -> None:
    assert (await call(front, reported(named))).content == TAKEN
    [(body, request_id, *_)] = await kept(front)
    assert body == reported(named)
    assert len(request_id) <= 64
