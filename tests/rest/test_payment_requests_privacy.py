"""Nothing of the guest who is asked lies or is shown anywhere in the clear."""

import io
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import structlog

from services.rest import middleware
from tests.collection.fake_provider import TIMED_OUT
from tests.collection.front import ASK, CALLBACK_KEY, MESSAGE, NAME, OPERATIONS, PHONE, Front, open_front

SECRETS = (NAME, PHONE, "010-9876-5432", MESSAGE, "체크아웃")
TABLES = (
    "SELECT state FROM ledger.events",
    "SELECT outcome FROM ledger.idempotency_keys",
    "SELECT fingerprint FROM ledger.idempotency_keys",
    "SELECT to_jsonb(request)::text FROM read_model.payment_requests AS request",
    "SELECT to_jsonb(bill)::text FROM read_model.bills AS bill",
    "SELECT to_jsonb(payment)::text FROM read_model.payments AS payment",
    "SELECT to_jsonb(entry)::text FROM collection.agenda AS entry",
    "SELECT to_jsonb(difference)::text FROM collection.differences AS difference",
)


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves sending to the test."""
    async with open_front(database) as opened:
        yield opened


def found_in(text: str | bytes, secrets: Sequence[str] = SECRETS) -> list[str]:
    """Those of the secrets that stand in a text, plain or as JSON escapes them."""
    raw = text if isinstance(text, bytes) else text.encode()
    forms = {secret: (secret.encode(), secret.encode("unicode_escape")) for secret in secrets}
    return [secret for secret, written in forms.items() if any(form in raw for form in written)]


async def all_answers(front: Front) -> list[httpx.Response]:
    """Every answer about payment requests that there is, good ones and refusals, first ones and repeated ones."""
    bill = await front.desk.add_bill()
    path = f"/v1/bills/{bill['id']}/payment-requests"
    asking: list[tuple[str, str, dict[str, Any], str]] = [("POST", path, ASK, "ask")] * 2
    too_long = {"customerName": NAME * 20}, {"message": MESSAGE * 50}
    wrong: tuple[dict[str, Any], ...] = ({"phone": f"{PHONE}x"}, {"amount": 10**9}, *too_long)
    asking += [("POST", path, {**ASK, **values}, f"wrong {number}") for number, values in enumerate(wrong)]
    answers = [await call(front, *each) for each in asking]
    first = f"/v1/payment-requests/{answers[0].json()['id']}"
    sent = await front.sent(bill, amount=10_000)
    front.provider.next("resend", TIMED_OUT)
    second = f"/v1/payment-requests/{sent['id']}"
    operations = [f"{first}/{name}" for name in (*OPERATIONS, "sync", "resend", "refund")] + [f"{second}/resend"]
    for number, operation in enumerate(operations):
        answers += [await call(front, "POST", operation, {}, f"key {number}") for _ in range(2)]
    front.provider.pay(sent["id"])
    answers += [await call(front, "POST", f"{second}/{name}", {}, f"later {name}") for name in ("sync", "refund")]
    shown = [path, first, "/v1/accommodations/HOTEL-1/payment-requests", f"/v1/bills/{bill['id']}"]
    shown += ["/v1/folios/FOLIO-1", f"/v1/bills/{bill['id']}/payments", f"{first}x"]
    return answers + [await front.client.get(query) for query in shown]


@pytest.fixture
def request_log(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """What the service writes about requests, at its most talkative."""
    written = io.BytesIO()
    fast = structlog.get_config()
    processors, wrapper = fast["processors"], structlog.make_filtering_bound_logger("DEBUG")
    log = structlog.wrap_logger(structlog.BytesLogger(written), processors=processors, wrapper_class=wrapper)
    monkeypatch.setattr(middleware, "log", log)
    return written


async def call(front: Front, method: str, path: str, body: Any, key: str) -> httpx.Response:
    """A command under a key."""
    return await front.client.request(method, path, json=body, headers={"Idempotency-Key": key})


async def test_no_answer_shows_the_guest_or_what_is_sealed(front: Front) -> None:
    answers = await all_answers(front)
    assert len({answer.status_code for answer in answers}) >= 4
    for answer in answers:
        assert found_in(answer.content) == [], answer.text
        assert "sealed" not in answer.text
        assert CALLBACK_KEY not in answer.text
    assert any("홍**무" in answer.text and "010****5432" in answer.text for answer in answers)


async def test_nothing_that_is_stored_holds_the_guest_in_the_clear(front: Front) -> None:
    await all_answers(front)
    for statement in TABLES:
        rows = await front.rows(statement)
        assert all(found_in(bytes(value) if not isinstance(value, str) else value) == [] for (value,) in rows)
        if "collection" not in statement:
            assert rows, statement
    assert any(b'"guest":"v1.' in bytes(state) for (state,) in await front.rows(TABLES[0]))


async def test_no_line_of_the_log_holds_the_guest_or_the_key(
    front: Front, caplog: pytest.LogCaptureFixture, request_log: io.BytesIO
) -> None:
    caplog.set_level(logging.DEBUG)
    await all_answers(front)
    front.provider.bills.clear()
    await front.client.post("/callbacks/payssam", json={"apikey": CALLBACK_KEY, "bill_id": "A", "phone": PHONE})
    requests = request_log.getvalue().decode()
    for text in (caplog.text, requests):
        assert found_in(text, (*SECRETS, CALLBACK_KEY)) == []
    assert requests.count('"answered"') > 10


async def test_a_guest_who_is_forgotten_is_shown_to_nobody_and_asked_no_more(front: Front) -> None:
    request = await front.ask()
    await front.rows("WITH gone AS (UPDATE ledger.personal_data_keys SET data_key = NULL RETURNING 1) TABLE gone")
    shown = await front.get(request)
    assert (shown["customerName"], shown["maskedPhone"]) == (None, None)
    await front.office.collector.attend(request["id"], ask_first=False)
    assert (await front.get(request))["status"] == "REFUSED"
    assert front.provider.asks == []
    assert (await front.try_ask()).status_code == 409
