"""Reports on their way: readers that go or stand still, too many at once, a database that goes, a rebuild meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest

from projections import report_reading
from projections.bill_entries import BILL_ENTRIES
from projections.building import Progress
from projections.folios import FOLIOS
from projections.payment_entries import PAYMENT_ENTRIES
from projections.rebuild import rebuild
from projections.report_reading import CONNECTION_NAME, OF_ONE_MAX
from services.bootstrap import CODEC, Service
from services.rest import report_stream
from services.store.connection import connect, connect_patiently
from tests.conftest import ADMIN_KEY, Desk
from tests.rest.report_house import HOUSE, REPORTS, all_days, busy_house, open_day, report
from tests.rest.support import expect_problem

Address = tuple[str, int]

PAYMENTS = 40_000
"""Some megabytes of them: many times what sockets hold."""
SECONDS_MAX = 30
END = b"\r\n0\r\n\r\n"
LONG_AGO = {"from": "1980-01-01", "to": "1980-01-01"}
INSERT = f"""
    INSERT INTO read_model.payment_entries
    SELECT many.* FROM read_model.payment_entries AS one, generate_series(1, {PAYMENTS}) AS number,
           jsonb_populate_record(one, jsonb_build_object(
               'position', -number, 'subject', 'P-' || number, 'business_date', '1980-01-01',
               'taken_date', '1980-01-01', 'cashier', repeat('c', 300),
               'accommodation_id', 'HOTEL-1', 'status', 'LIVE', 'applied', false)) AS many
     WHERE one.position = (SELECT max(position) FROM read_model.payment_entries)
"""
CONNECTIONS = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{CONNECTION_NAME}'"
WAITING = f"""
    SELECT count(*) FROM pg_stat_activity WHERE application_name = '{CONNECTION_NAME}' AND wait_event_type = 'Lock'
"""
END_CONNECTIONS = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{CONNECTION_NAME}'"


@pytest.fixture
async def long_report(desk: Desk, service: Service) -> str:
    """The path of a report with many rows, which stand in no log but in the table."""
    await desk.pay(await desk.add_bill(), 1)
    desk.expect(200, await desk.client.get(f"{REPORTS}/payments", params=LONG_AGO))  # the table is up to date
    await ask(service, INSERT)
    return f"{REPORTS}/payments?from=1980-01-01&to=1980-01-01"


async def ask(service: Service, statement: str) -> Any:
    """Do something in the database; returns the first value."""
    async with await psycopg.AsyncConnection.connect(service.conninfo, autocommit=True) as connection:
        cursor = await connection.execute(statement.encode())
        return (await cursor.fetchone() or [None])[0] if cursor.description else None


async def until(service: Service, statement: str, value: Any) -> None:
    """Wait until the database answers so."""
    async with asyncio.timeout(SECONDS_MAX):
        while await ask(service, statement) != value:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def reader(address: Address, path: str) -> AsyncIterator[asyncio.StreamReader]:
    """A reader who has taken the beginning of a report, and no more."""
    stream, writer = await asyncio.open_connection(*address, limit=4_096)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: folio\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n".encode())
    async with asyncio.timeout(SECONDS_MAX):
        assert (await stream.readline()).startswith(b"HTTP/1.1 200 ")
    try:
        yield stream
    finally:
        writer.close()


async def rest_of(stream: asyncio.StreamReader) -> bytes:
    """All that is still to come, until it ends or is broken off."""
    taken = bytearray()
    async with asyncio.timeout(SECONDS_MAX):
        while not taken.endswith(END) and (part := await stream.read(65_536)):
            taken += part
    return bytes(taken)


def body_of(answer: bytes) -> Any:
    """The document in a chunked answer."""
    document, rest = bytearray(), answer.split(b"\r\n\r\n", 1)[1]
    while rest:
        size, rest = rest.split(b"\r\n", 1)
        document += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return json.loads(document)


async def test_readers_who_go_away_leave_neither_places_nor_connections_behind(
    long_report: str, address: Address, service: Service, client: httpx.AsyncClient
) -> None:
    for _ in range(OF_ONE_MAX + 1):
        async with reader(address, long_report):
            assert await ask(service, CONNECTIONS) == 1
        await until(service, CONNECTIONS, 0)
    assert (await report(client, "revenue", **LONG_AGO)).json()["rows"] == []


async def test_a_reader_who_takes_nothing_is_given_up(
    long_report: str,
    address: Address,
    service: Service,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report_stream, "SEND_SECONDS_MAX", 0.2)
    for form in ("csv", "json&explain=true"):
        async with reader(address, f"{long_report}&format={form}") as stream:
            await until(service, CONNECTIONS, 0)
            assert not (await rest_of(stream)).endswith(END), "it is broken off for all to see"
    assert (await report(client, "revenue", **LONG_AGO)).json()["rows"] == []


async def test_one_more_than_may_be_read_at_once_waits_for_its_turn(
    long_report: str,
    address: Address,
    service: Service,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readers = [reader(address, long_report) for _ in range(OF_ONE_MAX)]
    for each in readers:
        await each.__aenter__()
    assert await ask(service, CONNECTIONS) == OF_ONE_MAX
    with monkeypatch.context() as patched:
        patched.setattr(report_reading, "WAIT_SECONDS_MAX", 0.05)
        refused = await client.get(f"{REPORTS}/revenue", params=LONG_AGO)
        expect_problem(refused, 429, "TOO_MANY_REQUESTS")
        assert refused.headers["Retry-After"] == "1"
        other = await client.get("/v1/accommodations/HOTEL-2/reports/revenue", params=LONG_AGO)
        assert other.status_code == 200, "nobody keeps another accommodation from its reports"
    fifth = asyncio.create_task(report(client, "revenue", **LONG_AGO))
    await client.get(f"{HOUSE}/days")
    assert not fifth.done()
    await readers.pop().__aexit__(None, None, None)
    assert (await fifth).json()["rows"] == []
    for each in readers:
        await each.__aexit__(None, None, None)
    await until(service, CONNECTIONS, 0)


async def test_a_database_that_goes_away_breaks_the_answer_off(
    long_report: str, address: Address, service: Service, client: httpx.AsyncClient
) -> None:
    async with reader(address, long_report) as stream:
        await ask(service, END_CONNECTIONS)
        assert not (await rest_of(stream)).endswith(END)
    async with reader(address, long_report) as stream:
        answer = await rest_of(stream)
    assert answer.endswith(END)
    assert len(body_of(answer)["rows"]) == PAYMENTS


async def test_a_report_that_takes_too_long_is_broken_off(
    long_report: str, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = tuple(each.replace(f"{report_reading.STATEMENT_SECONDS_MAX}s", "300ms") for each in report_reading.SET_UP)
    assert limited != report_reading.SET_UP
    monkeypatch.setattr(report_reading, "SET_UP", limited)
    async with reader(address, long_report) as stream:
        await asyncio.sleep(0.4)
        assert not (await rest_of(stream)).endswith(END)


class Heard(Progress):
    """Notes what a rebuild says."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()

    def says(self, message: str) -> None:
        """Note that it waits for queries."""
        if "are under way" in message:
            self.waits.set()


async def test_a_rebuild_waits_for_a_report_and_for_no_longer_which_stays_as_it_was(
    long_report: str, desk: Desk, address: Address, service: Service, client: httpx.AsyncClient
) -> None:
    async with reader(address, long_report) as stream, asyncio.timeout(SECONDS_MAX):
        heard = Heard()
        rebuilding = asyncio.create_task(rebuild(service.conninfo, [PAYMENT_ENTRIES], CODEC, heard, anew=True))
        await heard.waits.wait()
        await desk.pay(await desk.add_bill(), 2)
        assert (await report(client, "revenue", **LONG_AGO)).json()["rows"] == [], "others are answered meanwhile"
        assert len(body_of(await rest_of(stream))["rows"]) == PAYMENTS
        await rebuilding
    assert (await report(client, "payments", **LONG_AGO)).json()["rows"] == [], "none of them stands in the log"


async def test_a_rebuild_of_what_a_report_does_not_read_waits_for_none(
    long_report: str, address: Address, service: Service
) -> None:
    async with reader(address, long_report) as stream, asyncio.timeout(SECONDS_MAX):
        heard = Heard()
        await rebuild(service.conninfo, [FOLIOS, BILL_ENTRIES], CODEC, heard, anew=True)
        assert not heard.waits.is_set()
        assert len(body_of(await rest_of(stream))["rows"]) == PAYMENTS


async def test_a_table_that_is_put_in_its_place_just_then_is_read_whole(
    desk: Desk, service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot from before would find nothing in the new table."""
    await busy_house(desk)
    days = all_days(await open_day(client))
    expected = (await report(client, "revenue", **days)).json()["rows"]
    swap = await connect(service.conninfo, "tests")
    ending: list[asyncio.Task[None]] = []

    async def end_swap() -> None:
        await until(service, WAITING, 1)
        await swap.execute("COMMIT")

    async def connected(conninfo: str, name: str) -> Any:
        for statement in (
            "BEGIN",
            "ALTER TABLE read_model.bill_entries RENAME TO bill_entries_before",
            "CREATE TABLE read_model.bill_entries (LIKE read_model.bill_entries_before INCLUDING ALL)",
            "INSERT INTO read_model.bill_entries TABLE read_model.bill_entries_before",
        ):
            await swap.execute(statement.encode())
        ending.append(asyncio.create_task(end_swap()))
        return await connect_patiently(conninfo, name)

    monkeypatch.setattr(report_reading, "connect_patiently", connected)
    async with swap:
        assert (await report(client, "revenue", **days)).json()["rows"] == expected != []
        await ending[0]
