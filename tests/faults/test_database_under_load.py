"""The database stopped and started again under load: nobody waits for long, nothing is lost or doubled."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped, unused-ignore]
import psycopg
import pytest

from services.store.embedded import EmbeddedPostgres, discard
from services.store.embedded_account import existing_place
from tests.faults.server import HEADERS, Server
from tests.faults.test_killed_server import PAYMENT, all_bills

CALLERS = 8
OUTAGES = 3
ANSWER_SECONDS_MAX = 12.0
BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 100}


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """The folder of a database that the test stops and starts."""
    yield tmp_path / "database"
    discard(tmp_path / "database")


class Callers:
    """They post a bill and a payment on it, each under its key, until both are answered with success."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.stopping = False
        self.longest_seconds = 0.0
        self.statuses: Counter[int] = Counter()
        self.bills: dict[str, str] = {}

    async def post(self, client: httpx.AsyncClient, path: str, body: object, key: str) -> httpx.Response:
        while True:
            began = time.monotonic()
            answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
            self.statuses[answer.status_code] += 1
            if answer.status_code == 201:
                return answer
            assert answer.status_code in {409, 503}, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            await asyncio.sleep(0.05)

    async def call(self, number: int) -> None:
        async with httpx.AsyncClient(base_url=self._address, headers=HEADERS, timeout=60) as client:
            while not self.stopping:
                key = f"{number}-{random.random()}"
                body = {**BILL, "name": key}
                bill = (await self.post(client, f"/v1/folios/FOLIO-{number}/bills", body, key)).json()
                self.bills[key] = bill["id"]
                await self.post(client, f"/v1/bills/{bill['id']}/payments", PAYMENT, f"pay-{key}")


def interrupt(data: Path) -> None:
    """End PostgreSQL as an operator or the system would, without the test's own object knowing."""
    pid = int((existing_place(data) / "postgres" / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(pid)
    postmaster.send_signal(signal.SIGINT)
    psutil.wait_procs([postmaster], timeout=30)


async def test_outages_under_load_end_in_answers_and_then_in_success(data: Path, tmp_path: Path) -> None:
    database = EmbeddedPostgres(data)
    server = Server(tmp_path / "unused", await asyncio.to_thread(database.start))
    server.start()
    try:
        await asyncio.to_thread(server.wait_for, 200)
        callers = Callers(server.address)
        calling = [asyncio.create_task(callers.call(number)) for number in range(CALLERS)]
        for _ in range(OUTAGES):
            await asyncio.sleep(0.7)
            await asyncio.to_thread(interrupt, data)
            await asyncio.to_thread(database.stop)
            await asyncio.sleep(1.5)
            database = EmbeddedPostgres(data)
            conninfo = await asyncio.to_thread(database.start)
            await asyncio.to_thread(server.wait_for, 200)
        callers.stopping = True
        async with asyncio.timeout(60):
            await asyncio.gather(*calling)

        assert callers.longest_seconds < ANSWER_SECONDS_MAX
        async with httpx.AsyncClient(base_url=server.address, headers=HEADERS, timeout=30) as client:
            bills = await all_bills(client)
        assert {bill["name"]: bill["id"] for bill in bills} == callers.bills
        assert len(bills) == len(callers.bills) > OUTAGES
        assert {(bill["balanceAmount"], len(bill["payments"])) for bill in bills} == {(99, 1)}
        async with await psycopg.AsyncConnection.connect(conninfo) as connection:
            counted = await connection.execute("SELECT topic, count(*) FROM ledger.events GROUP BY topic")
            topics: dict[str, int] = dict(await counted.fetchall())
        assert (topics["bill.added"], topics["payment.recorded"]) == (len(bills), len(bills))
        assert server.end() == 0
    finally:
        if server.process is not None and server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        await asyncio.to_thread(database.stop)
