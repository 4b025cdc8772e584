"""Readers who leave before a report begins: neither their places nor their connections are kept for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from projections import report_reading
from projections.report import Report
from projections.report_reading import OF_ONE_MAX
from services.bootstrap import Service
from tests.conftest import ADMIN_KEY, Desk
from tests.rest.report_house import REPORTS, WEEK, report
from tests.rest.support import expect_problem
from tests.rest.test_reports_streamed import CONNECTIONS, Address, until

SLOW = "SELECT pg_sleep(60) FROM read_model.payment_entries"
"""Gives no row for longer than `until` waits."""


@pytest.fixture
async def slow_report(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a report that does not begin."""
    await desk.pay(await desk.add_bill(), 1)
    quick = Report.statement
    monkeypatch.setattr(
        Report, "statement", lambda self, grouping: SLOW if self.name == "payments" else quick(self, grouping)
    )
    return f"{REPORTS}/payments?from={WEEK['from']}&to={WEEK['to']}"


@asynccontextmanager
async def asking(address: Address, path: str) -> AsyncIterator[None]:
    """Somebody who has asked, and who leaves in the end without a word."""
    _, writer = await asyncio.open_connection(*address)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: folio\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n".encode())
    try:
        yield
    finally:
        writer.close()


async def test_who_leaves_before_a_report_begins_frees_the_place_and_the_connection(
    slow_report: str, address: Address, service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_reading, "WAIT_SECONDS_MAX", 0.05)
    async with AsyncExitStack() as readers:
        for _ in range(OF_ONE_MAX):
            await readers.enter_async_context(asking(address, slow_report))
        await until(service, CONNECTIONS, OF_ONE_MAX)
        expect_problem(await client.get(f"{REPORTS}/revenue", params=WEEK), 429, "TOO_MANY_REQUESTS")
    await until(service, CONNECTIONS, 0)
    assert (await report(client, "revenue", **WEEK)).json()["report"] == "revenue"
