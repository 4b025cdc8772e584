"""What tests share: one embedded PostgreSQL per run, an empty ledger per test, the service on top of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from services.bootstrap import Service, make_service, prepare_database
from services.store.embedded import EmbeddedPostgres, discard
from services.telemetry import configure_logging

pytest_plugins = ["tests.serving"]

ADMIN_KEY = "admin-key-of-the-tests"
PAID_AT = "2026-11-22T14:00:00+09:00"


LONG_FIRST = ("tests/payssam/faults", "tests/faults", "tests/journeys", "tests/properties")
"""Files that take long; started last, one of them would keep one core waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that both cores end at about the same time."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_FIRST))


@pytest.fixture(autouse=True)
def log_of_warnings() -> None:
    """The log as each test finds it, for a command that ran in this process has set it up for a terminal."""
    configure_logging("WARNING", "json")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL of this test run's own."""
    data: Path = tmp_path_factory.mktemp("postgres") / "data"
    with EmbeddedPostgres(data) as conninfo:
        yield conninfo
    discard(data)


def empty_ledger(conninfo: str) -> None:
    """Leave nothing in a database but an empty ledger."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS ledger, read_model, collection, reporting CASCADE")
        connection.execute("DROP TABLE IF EXISTS folio_migrations")
    prepare_database(conninfo)


@pytest.fixture
def database(postgres: str) -> str:
    """A database with an empty ledger."""
    empty_ledger(postgres)
    return postgres


@asynccontextmanager
async def ready_client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client with the admin key, once the service is ready."""
    transport = httpx.ASGITransport(service.app)
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://folio", headers=headers) as opened:
        for _ in range(1_000):
            ready = await opened.get("/health/ready")
            if ready.status_code == 200:
                break
            await asyncio.sleep(0.01)
        assert ready.status_code == 200, ready.text
        yield opened


@pytest.fixture
async def service(database: str) -> AsyncIterator[Service]:
    """The whole service in this process, on an empty ledger, ready."""
    async with make_service(database, ADMIN_KEY) as running:
        async with ready_client(running):
            pass
        yield running


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client with the admin key."""
    async with ready_client(service) as opened:
        yield opened


class Desk:
    """The front desk of the tests: what they do all the time, in a line."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def add_bill(self, folio: str = "FOLIO-1", total: int = 100_000, **more: Any) -> dict[str, Any]:
        """Post a bill and return it."""
        body = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": total, **more}
        return self.expect(201, await self.client.post(f"/v1/folios/{folio}/bills", json=body))

    async def pay(self, bill: dict[str, Any], amount: int, **more: Any) -> dict[str, Any]:
        """Record a payment and return it."""
        body = {"paymentMethod": "CARD", "amount": amount, "paidAt": PAID_AT, **more}
        return self.expect(201, await self.client.post(f"/v1/bills/{bill['id']}/payments", json=body))

    async def bill(self, bill_id: str) -> dict[str, Any]:
        """Read a bill, fresh."""
        return self.expect(200, await self.client.get(f"/v1/bills/{bill_id}"))

    async def folio(self, folio_id: str) -> dict[str, Any]:
        """Read a folio, fresh."""
        return self.expect(200, await self.client.get(f"/v1/folios/{folio_id}"))

    @staticmethod
    def expect(status: int, response: httpx.Response) -> dict[str, Any]:
        """The body of an answer that must have this status."""
        assert response.status_code == status, response.text
        body: dict[str, Any] = response.json() if response.content else {}
        return body


@pytest.fixture
def desk(client: httpx.AsyncClient) -> Desk:
    """The front desk."""
    return Desk(client)
