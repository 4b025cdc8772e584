"""Query parameters and headers: every wrong form is refused by name, and the right ones do what they say."""

from datetime import datetime, timedelta, timezone

import httpx
import pytest

from services.bootstrap import Service
from tests.conftest import Desk
from tests.rest.support import NEW_BILL, expect_problem, line, nothing_written

LIST = "/v1/accommodations/HOTEL-1/bills"
BILLS = "/v1/folios/FOLIO-1/bills"
NO_TIMES = [
    "", "now", "2026-11-22", "2026-11-22T14:00:00", "1700000000", "1700000000.5", "2026-11-22T14:00:00+99:00",
    "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2026-11-22T14:00:00Z%0A", "%00",
    "2026-11-22T14:00:00%2B09:60",
    "2026-11-22+14:00", "2026-11-22T14:00+09:00Z", "2026-11-22T14:00:00++09:00", "2026-11-22T14:00:00+09:00%0A",
]  # fmt: skip
WRONG_PARAMETERS = {
    "limit": ["0", "501", "abc", "-1", "1.5", "", "+1", "1e2", " 5", "5%20", "%D9%A5", "9" * 5_000, "0x10", "%00",
              "5%0A"],
    "cursor": ["", "abc", "cDE=x", "%00", "cC0x", "cA", "MTI", "cDE%0A", "p5", "한", "A" * 5_000,
               "cDk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"],
    "status": ["", "open", "PAID", "OPEN,SETTLED", "OPEN%0A"],
    "folioId": ["", "a%20b", "a" * 65, "F%0A", "%ED%95%9C"],
    "reservationId": ["", "a%20b", "a" * 65, "R%0A", "%ED%95%9C"],
    "updatedSince": NO_TIMES,
    "consistency": ["", "strong", "EVENTUAL", "eventual%0A"],
}  # fmt: skip


async def test_a_wrong_query_parameter_of_a_list_is_refused_by_name(
    client: httpx.AsyncClient, service: Service
) -> None:
    async with nothing_written(service):
        for name, values in WRONG_PARAMETERS.items():
            for value in values:
                answer = await client.get(f"{LIST}?{name}={value}")
                assert answer.status_code == 400, line(answer)
                expect_problem(answer, 400, "INVALID_PARAMETER", f"/{name}")


async def test_a_wrong_moment_of_the_past_is_refused_by_name(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    for path in (f"/v1/bills/{bill['id']}", "/v1/folios/FOLIO-1"):
        for position in ("", "-1", "1.5", "abc", "9" * 19, "1%0A", "%D9%A1", "1000000"):
            answer = await client.get(f"{path}?position={position}")
            expect_problem(answer, 400, "INVALID_PARAMETER", "/position")
        for time in NO_TIMES:
            answer = await client.get(f"{path}?at={time}")
            assert answer.status_code == 400, line(answer)
            expect_problem(answer, 400, "INVALID_PARAMETER", "/at")
            answer = await client.get(f"{path}?effectiveAt={time}")
            expect_problem(answer, 400, "INVALID_PARAMETER", "/effectiveAt")
        answer = await client.get(f"{path}?at=2026-11-22T00:00:00Z&position=1")
        expect_problem(answer, 400, "INVALID_PARAMETER")


async def test_moments_far_away_are_answered(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    for time in ("0001-01-01T00:00:00%2B14:00", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59-12:00"):
        expect_problem(await client.get(f"/v1/bills/{bill['id']}?at={time}"), 404, "DATA_NOT_FOUND_ON_ID")
        assert len((await client.get(f"{LIST}?updatedSince={time}")).json()["items"]) == 1
    for time in ("9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.999999999Z", "2999-01-01T00:00:00Z"):
        expect_problem(await client.get(f"/v1/bills/{bill['id']}?at={time}"), 400, "INVALID_PARAMETER", "/at")
        assert desk.expect(200, await client.get(f"/v1/bills/{bill['id']}?effectiveAt={time}")) == bill
        assert (await client.get(f"{LIST}?updatedSince={time}")).json()["items"] == []


async def test_a_plus_before_an_offset_may_be_written_as_it_is(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    created = datetime.fromisoformat(bill["createdAt"]).astimezone(timezone(timedelta(hours=9)))
    for moment, found in ((created, 1), (created + timedelta(microseconds=1), 0)):
        for plus in ("+", "%2B"):
            since = moment.isoformat(timespec="microseconds").replace("+", plus)
            items = desk.expect(200, await client.get(f"{LIST}?updatedSince={since}"))["items"]
            assert len(items) == found
            assert desk.expect(200, await client.get(f"/v1/bills/{bill['id']}?effectiveAt={since}")) == bill


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Idempotency-Key", [b"", b"k" * 256, "한".encode(), b"\xff", b"a\tb", b"a\x7f"]),
        ("X-Folio-Actor", [b"", b"   ", b"a" * 101, "한".encode() * 101, b"\xff\xfe", b"a\tb", b"a\xc2\x85b",
                           b"\xe2\x80\x8b"]),
        ("If-Match", [b"", b"3", b'W/"3"', b'"03"', b'"-1"', b'"a"', b'"3", "4"', b'"' + b"9" * 30 + b'"',
                      b"\xff", b'""']),
    ],
)  # fmt: skip
async def test_a_header_of_the_wrong_form_is_refused_by_name(
    desk: Desk, client: httpx.AsyncClient, service: Service, header: str, values: list[bytes]
) -> None:
    bill = await desk.add_bill()
    async with nothing_written(service):
        for value in values:
            raw = [(header.encode(), value)]
            for method, path in (("POST", BILLS), ("PATCH", f"/v1/bills/{bill['id']}")):
                answer = await client.request(method, path, json={"name": "Room", "totalAmount": 1}, headers=raw)
                assert answer.status_code == 400, f"{value!r} in {line(answer)}"
                expect_problem(answer, 400, "INVALID_PARAMETER", f"/{header}")


async def test_a_wrong_minimum_position_is_refused(client: httpx.AsyncClient) -> None:
    for value in ("", "-1", "1.5", "abc", "9" * 19, "\u0661"):
        headers = [(b"Folio-Min-Position", value.encode())]
        answer = await client.get(LIST, headers=headers)
        expect_problem(answer, 400, "INVALID_PARAMETER", "/Folio-Min-Position")


async def test_a_pms_user_of_any_script_is_kept_in_the_events(desk: Desk, client: httpx.AsyncClient) -> None:
    for actor in ("프런트 김민지", "Zoë Müller", "a" * 100, "한" * 100, "desk-3"):
        answer = await client.post(BILLS, json=NEW_BILL, headers={b"X-Folio-Actor": actor.encode()})
        bill = desk.expect(201, answer)
        assert bill["createdBy"] == actor
        assert (await desk.bill(bill["id"]))["createdBy"] == actor


async def test_a_request_has_the_callers_id_or_one_of_its_own(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers={"X-Request-Id": "pms-7:a.b_C"})
    assert (answer.headers["X-Request-Id"], answer.json()["requestId"]) == ("pms-7:a.b_C", "pms-7:a.b_C")
    for wrong in (b"", b"a b", b"a" * 65, b"\xff", b"<script>", b"a\r"):
        answer = await client.get("/nowhere", headers=[(b"X-Request-Id", wrong)])
        assert len(expect_problem(answer, 404, "DATA_NOT_FOUND_ON_ID")["requestId"]) == 26


async def test_a_name_that_is_hidden_in_an_error_is_no_header(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/folios/a%0D%0ASet-Cookie:%20x=1")
    expect_problem(answer, 400, "INVALID_PARAMETER", "/folioId")
    assert "set-cookie" not in answer.headers
