"""Two services on one database: one keeps the read models up, and the other takes over when it is killed."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from services.bootstrap import READ_MODELS
from services.store.embedded import EmbeddedPostgres, discard
from tests.faults.server import HEADERS, Server

BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 1_000}
HOLDERS = """
    SELECT pid, count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND application_name = 'folio projections' GROUP BY pid
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A database that both services use."""
    with EmbeddedPostgres(tmp_path / "database") as conninfo:
        yield conninfo
    discard(tmp_path / "database")


@pytest.fixture
def servers(tmp_path: Path, address: str) -> Iterator[tuple[Server, Server]]:
    """Two services; the first one was there first."""
    pair = Server(tmp_path / "first", address), Server(tmp_path / "second", address)
    for server in pair:
        server.start()
        server.wait_for(200)
    yield pair
    for server in pair:
        if server.process is not None and server.process.poll() is None:
            server.end()


def holders(address: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(address, autocommit=True) as connection:
        return connection.execute(HOLDERS).fetchall()


def post(server: Server, folio: str) -> None:
    answer = httpx.post(f"{server.address}/v1/folios/{folio}/bills", json=BILL, headers=HEADERS, timeout=30)
    assert answer.status_code == 201, answer.text


def bills_of(server: Server, folio: str) -> httpx.Response:
    return httpx.get(f"{server.address}/v1/folios/{folio}", headers=HEADERS, timeout=30)


def test_the_other_service_takes_over_when_the_one_that_keeps_the_read_models_up_is_killed(
    address: str, servers: tuple[Server, Server]
) -> None:
    first, second = servers
    ((holder, locks),) = holders(address)
    assert locks == len(READ_MODELS), "one process keeps all of them up"
    for number in range(1, 6):
        post(second, "FOLIO-1")
        answer = bills_of(second, "FOLIO-1")  # fresh, in the process that keeps nothing up
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["bills"]) == number

    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    post(second, "FOLIO-1")
    answer = bills_of(second, "FOLIO-1")
    assert answer.status_code == 200, "the query waited, at most for the two seconds that it may"
    assert len(answer.json()["bills"]) == 6
    ((successor, locks),) = holders(address)
    assert successor != holder
    assert locks == len(READ_MODELS)

    first.start()
    first.wait_for(200)
    post(second, "FOLIO-1")
    assert len(bills_of(first, "FOLIO-1").json()["bills"]) == 7
    assert holders(address) == [(successor, locks)], "who came back keeps nothing up"
