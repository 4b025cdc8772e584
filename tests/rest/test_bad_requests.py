"""Requests that are wrong as such: bodies that are no JSON, paths, methods, parameters, headers."""

import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from services.bootstrap import Service
from tests.conftest import Desk
from tests.rest.support import NEW_BILL, UNKNOWN_ULID, expect_problem, line, nothing_written

MEBIBYTE = 1024 * 1024
BILLS = "/v1/folios/FOLIO-1/bills"
DEEP = 100_000
NO_OBJECTS = [
    b"null", b"true", b"5", b'"text"', b"[]", b"[{}]", b"{", b"}", b'{"name":', b"{'name':1}",
    b'{"name":1,}', b"{name:1}",
    b"{}{}", b"{} x", b"// {}", b"\x00", b" ", b"NaN", b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"\x1f\x8b\x08\x00",
    b'{"name":"\xff"}', b'{"name":"\xed\xa0\x80"}', b'{"name":"\xc0\x80"}', b'{"name":"a\nb"}', b'{"name":"\\x"}',
    b'{"name":"\\ud800"}', b'{"totalAmount":01}', b'{"totalAmount":1e400}',
    b'{"totalAmount":0x10}', b'{"totalAmount":+1}',
    b"[" * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP, b'{"name":' + b"[" * DEEP,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
]  # fmt: skip
PATHS = {
    "/v1/accommodations/HOTEL-1": {"GET", "PUT"},
    "/v1/accommodations/HOTEL-1/bills": {"GET"},
    "/v1/accommodations/HOTEL-1/days/2026-11-22/close": {"POST"},
    "/v1/folios/FOLIO-1": {"GET"},
    BILLS: {"POST"},
    f"/v1/bills/{UNKNOWN_ULID}": {"GET", "PATCH", "DELETE"},
    f"/v1/bills/{UNKNOWN_ULID}/cancel": {"POST"},
    f"/v1/bills/{UNKNOWN_ULID}/settlements": {"POST"},
    f"/v1/bills/{UNKNOWN_ULID}/payments": {"GET", "POST"},
    f"/v1/payments/{UNKNOWN_ULID}": {"GET", "PATCH", "DELETE"},
    f"/v1/payments/{UNKNOWN_ULID}/cancel": {"POST"},
    "/v1/commands": {"POST"},
    "/health/live": {"GET"},
}


async def test_a_body_that_is_no_json_object_is_refused(client: httpx.AsyncClient, service: Service) -> None:
    paths = [("POST", BILLS), ("POST", "/v1/commands"), ("PUT", "/v1/accommodations/HOTEL-1")]
    paths += [("DELETE", f"/v1/bills/{UNKNOWN_ULID}"), ("POST", f"/v1/payments/{UNKNOWN_ULID}/cancel")]
    async with nothing_written(service):
        for method, path in paths:
            for content in NO_OBJECTS:
                answer = await client.request(method, path, content=content)
                assert answer.status_code == 400, f"{content[:40]!r} in {line(answer)}"
                expect_problem(answer, 400, answer.json()["code"])
                assert len(answer.content) < 5_000


async def test_an_empty_body_is_an_object_without_members(client: httpx.AsyncClient) -> None:
    expect_problem(await client.post(BILLS), 400, "REQUIRED_PARAMETER", "/name")
    assert (await client.put("/v1/accommodations/HOTEL-1")).status_code == 200


async def test_a_command_of_a_batch_may_not_be_nested_without_end(client: httpx.AsyncClient, service: Service) -> None:
    start = b'{"commands":[{"method":"POST","path":"/v1/folios/F/bills","body":'
    async with nothing_written(service):
        for depth in (150, 190, 5_000, DEEP):
            answer = await client.post("/v1/commands", content=start + b'{"a":' * depth + b"1" + b"}" * depth + b"}]}")
            assert answer.status_code in {200, 400}, line(answer)
            assert b"201" not in answer.content


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65_536):
        yield b" " * 65_536


async def test_a_body_over_one_mebibyte_is_too_large_however_it_is_sent(
    client: httpx.AsyncClient, service: Service
) -> None:
    body = b'{"accommodationId":"H","name":"Room","totalAmount":1}'
    async with nothing_written(service):
        for path in (BILLS, "/v1/commands", "/nowhere"):
            expect_problem(await client.post(path, content=b" " * (2 * MEBIBYTE)), 413, "PAYLOAD_TOO_LARGE")
        expect_problem(await client.post(BILLS, content=body.ljust(MEBIBYTE + 1)), 413, "PAYLOAD_TOO_LARGE")
        expect_problem(await client.post(BILLS, content=chunks(2 * MEBIBYTE)), 413, "PAYLOAD_TOO_LARGE")
    assert (await client.post(BILLS, content=body.ljust(MEBIBYTE))).status_code == 201


async def test_what_was_too_large_is_not_kept_in_memory(service: Service) -> None:
    class Scope(dict[str, Any]):
        """A request, as the server hands it on."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 413) == 413

    scope = Scope(
        type="http", method="POST", path=BILLS, raw_path=BILLS.encode(), query_string=b"", http_version="1.1",
        headers=[(b"content-length", b"2000000")], scheme="http", server=("folio", 80), client=("test", 1),
        root_path="",
    )  # fmt: skip
    kept = weakref.ref(scope)
    await service.app(scope, receive, send)  # type: ignore[arg-type]
    del scope
    gc.collect()
    assert kept() is None


async def test_another_method_is_refused_with_those_that_are_allowed(
    client: httpx.AsyncClient, service: Service
) -> None:
    async with nothing_written(service):
        for path, allowed in [*PATHS.items(), ("/v1/bills/transfer", {"POST"})]:
            for method in ("TRACE", "OPTIONS", "QUERY", *({"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed)):
                answer = await client.request(method, path, json={})
                expect_problem(answer, 405, "METHOD_NOT_ALLOWED")
                assert set(answer.headers["Allow"].split(", ")) - {"HEAD"} == allowed, line(answer)


async def test_an_unknown_path_is_not_found(client: httpx.AsyncClient, service: Service) -> None:
    paths = [
        "/v1",
        "/v2/bills",
        "/v1/bills",
        "/v1/folios/F/bills/",
        f"/v1/bills/{UNKNOWN_ULID}/refund",
        "//v1/commands",
    ]
    paths += ["/v1/folios//bills", "/v1/folios/a%2Fb/bills", "/v1/commands/../commands/x", "/.env", "/v1/%00"]
    async with nothing_written(service):
        for path in paths:
            for method in ("GET", "POST"):
                expect_problem(await client.request(method, path), 404, "DATA_NOT_FOUND_ON_ID")


def requests(path_id: str, name: str) -> Iterator[tuple[str, str]]:
    """Every request whose path holds such an id."""
    for path, methods in PATHS.items():
        if f"/{name}/" in path:
            tail = path.split(f"/{name}/")[1].partition("/")[2]
            for method in methods:
                yield method, f"/v1/{name}/{path_id}/{tail}".rstrip("/")


WRONG_IDS = [
    "a%20b",
    "%ED%95%9C",
    "a" * 65,
    "F%0A",
    "%0AF",
    "a%00",
    "a%25",
    "%FF",
    "F%C2%A0",
    "a,b",
    "a%2B",
    "%F0%9F%9B%8F",
]
WRONG_ULIDS = [*WRONG_IDS, "x", UNKNOWN_ULID[:-1], UNKNOWN_ULID + "0", UNKNOWN_ULID.lower(), "8" + UNKNOWN_ULID[1:]]
WRONG_ULIDS += [f"{UNKNOWN_ULID}%0A", UNKNOWN_ULID[:-1] + "I", "%D9%A0" + UNKNOWN_ULID[1:]]


async def test_an_id_of_the_wrong_form_in_the_path_is_refused(client: httpx.AsyncClient, service: Service) -> None:
    kinds = {"accommodations": WRONG_IDS, "folios": WRONG_IDS, "bills": WRONG_ULIDS, "payments": WRONG_ULIDS}
    async with nothing_written(service):
        for kind, ids in kinds.items():
            for path_id in ids:
                for method, path in requests(path_id, kind):
                    answer = await client.request(method, path, json=NEW_BILL if path.endswith("/bills") else {})
                    assert answer.status_code == 400, line(answer)
                    expect_problem(answer, 400, "INVALID_PARAMETER", f"/{kind[:-1]}Id")


async def test_unknown_and_repeated_query_parameters_are_refused(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    await desk.add_bill()
    async with nothing_written(service):
        for path, methods in PATHS.items():
            for method in methods if path.startswith("/v1") else ():
                for query in ("surprise=1", "Limit=1", "consistency=eventual&surprise", "=1", "a%00b=%FF"):
                    answer = await client.request(method, f"{path}?{query}", json={})
                    assert answer.status_code == 400, line(answer)
                    expect_problem(answer, 400, "INVALID_PARAMETER")
                if method == "GET":
                    answer = await client.get(f"{path}?consistency=fresh&consistency=eventual")
                    expect_problem(answer, 400, "INVALID_PARAMETER", "/consistency")


async def test_methods_that_a_caller_invents_are_counted_as_one(client: httpx.AsyncClient) -> None:
    for method in ("BREW", "BREW2"):
        expect_problem(await client.request(method, "/v1/bills/transfer"), 405, "METHOD_NOT_ALLOWED")
    metrics = (await client.get("/metrics")).text
    assert 'method="other"' in metrics
    assert "BREW" not in metrics
