"""What tests of the REST interface share: the form of a problem, and proof that nothing was written."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.bootstrap import Service
from tests.conftest import ADMIN_KEY, PAID_AT

UNKNOWN_ULID = "01JD9T7Q2M4Z8K6W3X5V1B0C9E"
PAYMENT = {"paymentMethod": "CARD", "amount": 30_000, "paidAt": PAID_AT}
NEW_BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 100_000}
MEMBERS = {"type", "title", "status", "detail", "code", "errors", "requestId"}
LEAKS = (
    "Traceback", 'File "', "SELECT", "INSERT", "psycopg", "pydantic", "ledger.events", "read_model.", "password",
    "Exception", "object at 0x", "/site-packages/", "/services/", ADMIN_KEY,
)  # fmt: skip
WRITTEN = """
    SELECT (SELECT position FROM ledger.log_head), (SELECT count(*) FROM ledger.events),
           (SELECT count(*) FROM ledger.aliases), (SELECT count(*) FROM ledger.idempotency_keys)
"""


def expect_problem(
    response: httpx.Response, status: int, code: str, pointer: str | None = None, **more: Any
) -> dict[str, Any]:
    """The problem in an answer, which must have this status and code, name this value, and give nothing away."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem.keys() == MEMBERS | more.keys()
    assert problem["status"] == status
    assert problem["type"] == "urn:folio-ledger:problem:" + code.lower().replace("_", "-")
    assert problem["requestId"] == response.headers["X-Request-Id"]
    assert all(problem[member] for member in ("title", "detail", "requestId"))
    assert all(fault.keys() == {"pointer", "code", "detail"} for fault in problem["errors"])
    assert {name: problem[name] for name in more} == more
    assert [leak for leak in LEAKS if leak in response.text] == []
    if pointer is not None:
        assert pointer in [fault["pointer"] for fault in problem["errors"]], response.text
    return problem


async def written(service: Service) -> Sequence[Any]:
    """How much is in the log, and beside it."""
    rows: Sequence[Any] = await service.store.read(WRITTEN, {})
    return rows


@asynccontextmanager
async def nothing_written(service: Service) -> AsyncIterator[None]:
    """Asserts that what is done inside leaves no trace in the log, nor beside it."""
    before = await written(service)
    yield
    assert await written(service) == before


def line(response: httpx.Response) -> str:
    """An answer in a line, for a message."""
    return f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:300]}"
