"""A network that loses answers, cuts connections or goes silent between the service and its database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest

from services.bootstrap import Service, make_service
from tests.conftest import ADMIN_KEY, PAID_AT, Desk
from tests.faults.proxy import Proxy

APPENDING = b"ledger.append"
BILLS = "/v1/folios/FOLIO-1/bills"
BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 1_000}
PAYMENT = {"paymentMethod": "CARD", "amount": 10, "paidAt": PAID_AT, "applyToBalance": True}
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'folio%'"
SECONDS_MAX = 20.0
"""More than any request may take, whatever the network does."""


@pytest.fixture
async def proxy(database: str) -> AsyncIterator[Proxy]:
    """The network between the service and its database."""
    async with Proxy(database) as between:
        yield between


@pytest.fixture
async def service(proxy: Proxy) -> AsyncIterator[Service]:
    """The service behind that network."""
    async with make_service(proxy.conninfo, ADMIN_KEY) as running:
        async with asyncio.timeout(SECONDS_MAX):
            while running.trouble is not None:
                await asyncio.sleep(0.01)
        yield running
        proxy.speak()


async def ask(conninfo: str, statement: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall()


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "key"}])
async def test_a_command_whose_commit_was_answered_into_the_void_happens_once_and_is_answered(
    desk: Desk, client: httpx.AsyncClient, proxy: Proxy, database: str, headers: dict[str, str]
) -> None:
    bill = await desk.add_bill(total=1_000)
    for number in range(1, 4):
        proxy.lose_answers_to(APPENDING)
        more = {name: f"{value} {number}" for name, value in headers.items()}
        answer = await client.post(f"/v1/bills/{bill['id']}/payments", json=PAYMENT, headers=more)
        assert answer.status_code == 201, answer.text
        assert proxy.lost == number
        assert answer.headers["Folio-Position"] == str(
            (await ask(database, "SELECT max(notification_id) FROM ledger.events"))[0][0]
        )
    shown = await desk.bill(bill["id"])
    assert (shown["balanceAmount"], len(shown["payments"])) == (970, 3)


async def test_a_refusal_whose_commit_was_answered_into_the_void_is_the_answer(
    desk: Desk, client: httpx.AsyncClient, proxy: Proxy
) -> None:
    bill = await desk.add_bill()
    await desk.pay(bill, 1)
    proxy.lose_answers_to(APPENDING)
    answer = await client.delete(f"/v1/bills/{bill['id']}", headers={"Idempotency-Key": "key"})
    assert (answer.status_code, proxy.lost) == (409, 1)


async def test_many_commands_whose_shared_commit_was_lost_happen_once_each(
    desk: Desk, client: httpx.AsyncClient, proxy: Proxy
) -> None:
    await desk.add_bill(total=0)
    proxy.lose_answers_to(APPENDING, APPENDING, APPENDING)
    answers = await asyncio.gather(*(client.post(f"/v1/folios/F-{number}/bills", json=BILL) for number in range(40)))
    assert [answer.status_code for answer in answers] == [201] * 40
    assert proxy.lost >= 1
    listed = await client.get("/v1/accommodations/HOTEL-1/bills?limit=500")
    assert len(listed.json()["items"]) == 41


async def test_connections_that_are_cut_all_the_time_are_nobodys_error_and_double_nothing(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    bill = await desk.add_bill(total=100_000)
    path = f"/v1/bills/{bill['id']}"
    stopping = asyncio.Event()

    async def cut() -> None:
        while not stopping.is_set():
            await ask(database, CUT)
            await asyncio.sleep(0.2)

    async def call(number: int) -> int:
        done = 0
        for turn in range(8):
            key = {"Idempotency-Key": f"{number}-{turn}"}
            for _ in range(20):
                answer = await client.post(f"{path}/payments", json=PAYMENT, headers=key)
                assert answer.status_code in {201, 503}, answer.text
                if answer.status_code == 201:
                    break
            done += answer.status_code == 201
            shown = await client.get(path)
            assert shown.status_code in {200, 503}, shown.text
        return done

    cutting = asyncio.create_task(cut())
    async with asyncio.timeout(60):
        done = await asyncio.gather(*(call(number) for number in range(6)))
    stopping.set()
    await cutting
    assert done == [8] * 6
    for _ in range(10):  # those that were idle when they were cut are still in the pool
        if (await client.get(path)).status_code == 200:
            break
    shown = await desk.bill(bill["id"])
    assert (shown["balanceAmount"], len(shown["payments"])) == (100_000 - 480, 48)


async def test_connections_that_were_cut_while_idle_are_nobodys_error(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    bill = await desk.add_bill(total=1_000)
    path = f"/v1/bills/{bill['id']}"
    for _ in range(3):
        await asyncio.gather(*(client.get(path) for _ in range(40)))  # as many connections as there may be
        await ask(database, CUT)
        for _ in range(3):
            assert (await client.get(path)).status_code == 200
            assert (await client.post(f"{path}/payments", json=PAYMENT)).status_code == 201
    assert len((await desk.bill(bill["id"]))["payments"]) == 9


async def test_a_batch_that_is_cut_off_again_and_again_goes_on_where_it_was(
    desk: Desk, client: httpx.AsyncClient, proxy: Proxy
) -> None:
    item = {"method": "POST", "path": BILLS, "body": BILL}
    for atomic, key in ((False, "each"), (True, "together")):
        before = await client.get("/v1/accommodations/HOTEL-1/bills")
        proxy.lose_answers_to(*[APPENDING] * 4)
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                answer = await client.post(
                    "/v1/commands", json={"atomic": atomic, "commands": [item] * 5}, headers={"Idempotency-Key": key}
                )
                if answer.status_code == 200:
                    break
                assert answer.status_code == 503, answer.text
        assert [result["status"] for result in answer.json()["results"]] == [201] * 5
        after = await client.get("/v1/accommodations/HOTEL-1/bills")
        assert len(after.json()["items"]) == len(before.json()["items"]) + 5


async def test_a_silent_network_is_told_in_time_and_forgotten_when_it_speaks(
    desk: Desk, client: httpx.AsyncClient, proxy: Proxy
) -> None:
    bill = await desk.add_bill(total=1_000)
    path = f"/v1/bills/{bill['id']}"
    proxy.be_silent()
    key = {"Idempotency-Key": "silent"}
    async with asyncio.timeout(SECONDS_MAX):
        answers = await asyncio.gather(
            client.post(f"{path}/payments", json=PAYMENT, headers=key),
            client.post(f"{path}/payments", json=PAYMENT),
            client.post(BILLS, json=BILL),
            client.get(path),
            client.get("/v1/folios/FOLIO-1?consistency=eventual"),
            client.get("/health/ready"),
        )
    for answer in answers[:-1]:
        assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert answers[-1].status_code == 503
    assert (await client.get("/health/live")).status_code == 200

    proxy.speak()
    async with asyncio.timeout(SECONDS_MAX):
        while (await client.get("/health/ready")).status_code != 200:
            await asyncio.sleep(0.05)
        answer = await client.post(f"{path}/payments", json=PAYMENT, headers=key)
        while answer.status_code == 503:
            answer = await client.post(f"{path}/payments", json=PAYMENT, headers=key)
    assert answer.status_code == 201
    shown = await desk.bill(bill["id"])
    assert len([payment for payment in shown["payments"] if payment["id"] == answer.json()["id"]]) == 1
    assert len(shown["payments"]) <= 2
