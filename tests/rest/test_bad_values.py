"""Every value of every command's body, in every wrong form: refused by name, and nothing is written."""

import json
import math
from typing import Any

import httpx
import pytest

from services.bootstrap import Service
from tests.conftest import Desk
from tests.rest.samples import changed, objects_in, samples
from tests.rest.support import expect_problem, line, nothing_written

NO_NUMBERS = [1.0, 1.5, 1e3, "100", "", True, False, math.nan, math.inf, -math.inf, [], {}, [1]]
NO_TEXTS = [5, 1.5, True, [], {}, ["Room"], ""]
BAD_CHARACTERS = [
    "a\x00b",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\x1fb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "\ud800",
    "\udfffa",
]
BLANK = [" ", "   ", "\u3000", "\u00a0", "\u2003"]
BAD_ID_TEXTS = ["a b", "a/b", "ä", "한글", "a\n", "\na", "a\x00", "a?b", "a%20b", "a" * 65, "\ud800"]
BAD_ULIDS = [
    "01JD9T7Q2M4Z8K6W3X5V1B0C9", "01JD9T7Q2M4Z8K6W3X5V1B0C9E0", "01jd9t7q2m4z8k6w3x5v1b0c9e",
    "81JD9T7Q2M4Z8K6W3X5V1B0C9E",
    "01JD9T7Q2M4Z8K6W3X5V1B0C9I", "01JD9T7Q2M4Z8K6W3X5V1B0C9U",
    "01JD9T7Q2M4Z8K6W3X5V1B0C9E\n", " 01JD9T7Q2M4Z8K6W3X5V1B0C9E",
    "01JD9T7Q-M4Z8-K6W3-X5V1-B0C9E",
]  # fmt: skip
BAD_TIMES = [
    "2026-11-22T14:00:00", "2026-11-22 14:00:00", "2026-11-22", "14:00:00Z", "now", "1700000000", "2026-11-22T14:00Z",
    "2026-11-22T25:00:00Z", "2026-11-22T14:60:00Z", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
    "26-11-22T14:00:00Z",
    "2026-11-22T14:00:00+25:00", "2026-11-22T14:00:00+9", "2026-11-22T14:00:00 Asia/Seoul", "2026-W47-7T14:00:00Z",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+09:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00",
    "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "-2026-11-22T14:00:00Z", "2026-11-22T14:00:00Z\n", "\ud800",
]  # fmt: skip
WRONG: dict[str, list[Any]] = {
    "amount": [*NO_NUMBERS, 10**15 + 1, -(10**15) - 1, 10**19, 10**400, -(10**400)],
    "positive": [*NO_NUMBERS, 0, -1, 10**15 + 1, 10**400],
    "text": [*NO_TEXTS, *BAD_CHARACTERS, *BLANK, "x" * 201],
    "short": [*NO_TEXTS, *BAD_CHARACTERS, *BLANK, "x" * 61],
    "reason": [*NO_TEXTS, *BAD_CHARACTERS, *BLANK, "x" * 501],
    "id": [*NO_TEXTS, *BAD_ID_TEXTS, *BLANK],
    "ulid": [*NO_TEXTS, *BAD_ULIDS],
    "method": [*NO_TEXTS, "card", "1CARD", "_CARD", "CARD ", "CARD\n", "C" * 33, "KARTE\u00c4"],
    "time": [*NO_TEXTS, *BAD_TIMES, 1_700_000_000, -1],
    "flag": ["true", 1, 0, "", [], {}, 1.0],
    "list": ["x", 5, True, {"a": 1}, [1], [None], [[]], ["x"]],
    "part": ["x", 5, True, [], [{}]],
}

Request = tuple[str, str, dict[str, Any], dict[str, str]]
"""Method, path, a good body, and its values with their kinds, as samples have them."""


@pytest.fixture
async def commands(desk: Desk) -> list[Request]:
    """A good request for every command, on things that exist."""
    bill = await desk.add_bill()
    payment = await desk.pay(bill, 1)
    return [
        (asked.operation.method, asked.operation.path_of(asked.id), dict(asked.members), fields)
        for asked, fields in samples(bill["id"], payment["id"])
    ]


async def send(client: httpx.AsyncClient, method: str, path: str, body: Any) -> httpx.Response:
    return await client.request(method, path, content=json.dumps(body), headers={"Content-Type": "application/json"})


async def test_every_wrong_value_is_refused_by_name(
    client: httpx.AsyncClient, service: Service, commands: list[Request]
) -> None:
    async with nothing_written(service):
        for method, path, body, fields in commands:
            for pointer, kind in fields.items():
                for value in WRONG[kind.rstrip("!")]:
                    answer = await send(client, method, path, changed(body, pointer, value))
                    assert answer.status_code == 400, f"{pointer}={value!r:.100} in {line(answer)}"
                    problem = expect_problem(answer, 400, answer.json()["code"])
                    pointers = [fault["pointer"] or f"/{pointer}" for fault in problem["errors"]]  # not JSON: no place
                    assert any(each.startswith(f"/{pointer}") for each in pointers), f"{value!r:.100} in {line(answer)}"


async def test_what_is_required_and_missing_or_null_is_named(
    client: httpx.AsyncClient, service: Service, commands: list[Request]
) -> None:
    async with nothing_written(service):
        for method, path, body, fields in commands:
            for pointer, kind in fields.items():
                if kind.endswith("!"):
                    for missing in (changed(body, pointer), changed(body, pointer, None)):
                        answer = await send(client, method, path, missing)
                        expect_problem(answer, 400, "REQUIRED_PARAMETER", f"/{pointer}")


async def test_unknown_members_are_refused_at_every_depth(
    client: httpx.AsyncClient, service: Service, commands: list[Request]
) -> None:
    async with nothing_written(service):
        for method, path, body, _ in commands:
            for place in objects_in(body):
                for name in ("surprise", "total_amount", "Name", "", "a\x00b", "__proto__", "x" * 5_000):
                    answer = await send(client, method, path, changed(body, f"{place}{name}", 1))
                    expect_problem(answer, 400, "INVALID_PARAMETER", f"/{place}{name}")


async def test_a_member_with_slashes_and_tildes_is_named_by_an_escaped_pointer(client: httpx.AsyncClient) -> None:
    answer = await client.put("/v1/accommodations/HOTEL-1", json={"a/b~c": 1})
    expect_problem(answer, 400, "INVALID_PARAMETER", "/a~1b~0c")


async def test_lists_that_are_empty_or_too_long_are_refused(
    client: httpx.AsyncClient, service: Service, commands: list[Request]
) -> None:
    async with nothing_written(service):
        for method, path, body, fields in commands:
            for pointer, kind in fields.items():
                if kind.startswith("list"):
                    (item,) = (
                        changed(body, "-")[pointer] if "/" not in pointer else body["payments"][0]["virtualAccounts"]
                    )
                    wrong = [[item] * (11 if pointer.endswith("virtualAccounts") else 501)]
                    wrong += [[]] if kind == "list!" else []
                    for value in wrong:
                        answer = await send(client, method, path, changed(body, pointer, value))
                        expect_problem(answer, 400, "INVALID_PARAMETER", f"/{pointer}")


async def test_every_fault_of_a_body_is_named_at_once(client: httpx.AsyncClient) -> None:
    body = {"name": "", "balanceAmount": 1.5, "surprise": 1, "payments": [{"amount": 0}]}
    answer = await client.post("/v1/folios/FOLIO-1/bills", json=body)
    problem = expect_problem(answer, 400, "REQUIRED_PARAMETER")
    assert {(fault["pointer"], fault["code"]) for fault in problem["errors"]} == {
        ("/name", "INVALID_PARAMETER"), ("/totalAmount", "REQUIRED_PARAMETER"), ("/surprise", "INVALID_PARAMETER"),
        ("/balanceAmount", "INVALID_PARAMETER"), ("/payments/0/paymentMethod", "REQUIRED_PARAMETER"),
        ("/payments/0/amount", "INVALID_PARAMETER"), ("/payments/0/paidAt", "REQUIRED_PARAMETER"),
    }  # fmt: skip


async def test_a_body_of_very_many_faults_is_answered_briefly(client: httpx.AsyncClient) -> None:
    body = {"name": "Room", "totalAmount": 1, "payments": [{} for _ in range(500)]}
    problem = expect_problem(await client.post("/v1/folios/F/bills", json=body), 400, "REQUIRED_PARAMETER")
    assert 1 <= len(problem["errors"]) <= 50


JUST_ALLOWED: list[tuple[str, Any]] = [
    ("name", "가" * 200),
    ("name", "🛏" * 200),
    ("name", " a "),
    ("name", "<b>'; DROP TABLE bills; --"),
    ("name", "\\u0000"),
    ("totalAmount", 10**15),
    ("totalAmount", -(10**15)),
    ("balanceAmount", 0),
    ("reason", "r" * 500),
    ("folioId", "a" * 64),
    ("folioId", "..."),
    ("folioId", "-._:"),
    ("accommodationId", "0"),
    ("originRateSnapshot", "s" * 200),
]


async def test_what_is_just_allowed_is_kept_as_it_was_given(desk: Desk) -> None:
    for number, (pointer, value) in enumerate(JUST_ALLOWED):
        body = {"name": "Room", "totalAmount": 1, "accommodationId": "HOTEL-1", pointer: value}
        folio = body.pop("folioId", f"FOLIO-{number}")
        bill = desk.expect(201, await desk.client.post(f"/v1/folios/{folio}/bills", json=body))
        shown = await desk.bill(bill["id"])
        assert shown == bill
        assert shown.get(pointer, value) == value


async def test_times_in_every_form_of_rfc_3339_are_kept_in_utc(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    forms = {
        "2026-11-22T14:00:00+09:00": "2026-11-22T05:00:00Z", "2026-11-22T05:00:00Z": "2026-11-22T05:00:00Z",
        "2026-11-22T05:00:00-00:00": "2026-11-22T05:00:00Z", "2026-11-22t05:00:00z": "2026-11-22T05:00:00Z",
        "2026-11-22T05:00:00.5Z": "2026-11-22T05:00:00.500000Z", "1970-01-01T00:00:00Z": "1970-01-01T00:00:00Z",
        "2026-11-22T05:00:00.123456789Z": "2026-11-22T05:00:00.123456Z", "2199-12-31T23:59:59Z": "2199-12-31T23:59:59Z",
        "2024-02-29T23:30:00-23:59": "2024-03-01T23:29:00Z",
    }  # fmt: skip
    for given, kept in forms.items():
        payment = await desk.pay(bill, 1, paidAt=given)
        assert payment["paidAt"] == kept
        assert desk.expect(200, await client.get(f"/v1/payments/{payment['id']}"))["paidAt"] == kept
    assert [payment["paidAt"] for payment in (await desk.bill(bill["id"]))["payments"]] == list(forms.values())
