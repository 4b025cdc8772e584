"""The database away at the start, or going away: a clear answer, and recovery by itself."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.store.embedded import EmbeddedPostgres, discard
from tests.faults.server import HEADERS, Server

BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 1_000}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A database that the test stops and starts."""
    owned = EmbeddedPostgres(tmp_path / "database")
    yield owned
    owned.stop()
    discard(tmp_path / "database")


@pytest.fixture
def address(database: EmbeddedPostgres) -> str:
    """Where that database is reached, while it runs."""
    conninfo = database.start()
    database.stop()
    return conninfo


@pytest.fixture
def server(tmp_path: Path, address: str) -> Iterator[Server]:
    """A server on that database, not started."""
    running = Server(tmp_path / "unused", address)
    yield running
    if running.process is not None:
        running.end()


def post(server: Server, key: str) -> httpx.Response:
    headers = {**HEADERS, "Idempotency-Key": key}
    return httpx.post(f"{server.address}/v1/folios/FOLIO-1/bills", json=BILL, headers=headers, timeout=30)


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["code"] == "SERVICE_UNAVAILABLE"


def test_no_database_at_the_start_is_told_and_served_when_it_comes(server: Server, database: EmbeddedPostgres) -> None:
    server.start()
    server.wait_for(503)
    assert server.status("/health/live") == 200
    assert_unavailable(post(server, "before"))
    assert "the database does not answer" in server.log.read_text()
    database.start()
    server.wait_for(200)
    assert post(server, "before").status_code == 201


def test_a_database_that_goes_away_is_told_and_served_again_when_it_is_back(
    server: Server, database: EmbeddedPostgres
) -> None:
    database.start()
    server.start()
    server.wait_for(200)
    first = post(server, "first")
    assert first.status_code == 201

    database.stop()
    server.wait_for(503)
    assert server.status("/health/live") == 200
    assert_unavailable(post(server, "second"))
    assert server.status(f"/v1/bills/{first.json()['id']}") == 503

    database.start()
    server.wait_for(200)
    again, second = post(server, "first"), post(server, "second")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert second.status_code == 201
    folio = httpx.get(f"{server.address}/v1/folios/FOLIO-1", headers=HEADERS, timeout=30).json()
    assert [bill["id"] for bill in folio["bills"]] == [first.json()["id"], second.json()["id"]]
