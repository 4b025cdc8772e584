"""`folio serve --workers N`: one service in several processes, whichever of them dies."""

import asyncio
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest

from services.store.embedded import discard
from tests.faults.server import HEADERS, SECONDS_MAX, FreshServer, Server
from tests.faults.test_killed_server import Load, all_bills

WORKERS = 2
CALLERS = 6
KILLS = 2
NEW_BILL = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 100}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of several processes, all of which serve."""
    with served(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same for tests that leave it as it was."""
    with served(tmp_path_factory.mktemp("lasting") / "data") as running:
        yield running


@contextmanager
def served(data: Path) -> Iterator[Server]:
    """A server of several processes, all of which serve, ended afterwards."""
    running = FreshServer(data, options=["--workers", str(WORKERS)])
    running.start()
    running.wait_for(200)
    until(lambda: len(serving(running)) == WORKERS, running)
    yield running
    if running.process is not None and running.process.poll() is None:
        running.end()
    discard(data)


def workers_of(server: Server) -> list[psutil.Process]:
    """The processes that serve."""
    assert server.process is not None
    children = psutil.Process(server.process.pid).children()
    return [child for child in children if any("spawn_main" in part for part in child.cmdline())]


def serving(server: Server) -> set[int]:
    """Those of them that listen to the port."""
    return {
        worker.pid
        for worker in workers_of(server)
        if any(
            each.laddr.port == server.port and each.status == psutil.CONN_LISTEN for each in worker.net_connections()
        )
    }


def until(condition: Callable[[], bool], server: Server) -> None:
    """Wait for it; processes may end while they are looked at."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        try:
            if condition():
                return
        except psutil.NoSuchProcess:
            pass
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)


def metric(server: Server, name: str) -> float:
    """The sum of a metric over its labels, as /metrics shows it."""
    text = httpx.get(f"{server.address}/metrics", timeout=10).text
    return sum(float(found) for found in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


def post_bill(server: Server, name: str) -> dict[str, Any]:
    """Post a bill over a connection of its own, so that any of the processes may take it."""
    body = {**NEW_BILL, "name": name}
    answer = httpx.post(f"{server.address}/v1/folios/FOLIO-1/bills", json=body, headers=HEADERS, timeout=20)
    assert answer.status_code == 201, answer.text
    bill: dict[str, Any] = answer.json()
    return bill


def test_each_process_serves_reads_what_others_wrote_and_counts_for_all(lasting: Server) -> None:
    server = lasting
    posted = [post_bill(server, f"Bill {number}") for number in range(40)]
    for bill in posted:
        shown = httpx.get(f"{server.address}/v1/bills/{bill['id']}", headers=HEADERS, timeout=20)
        assert shown.json() == bill
    assert metric(server, "folio_http_requests_total") >= 80
    logged = server.log.read_text()
    assert logged.count("Started server process") == WORKERS
    assert logged.count('"answered"') >= 80


def test_one_key_over_many_connections_counts_once(lasting: Server) -> None:
    server = lasting

    async def post_everywhere() -> list[httpx.Response]:
        async def post() -> httpx.Response:
            async with httpx.AsyncClient(base_url=server.address, headers=HEADERS, timeout=20) as client:
                return await client.post(
                    "/v1/folios/ONCE/bills", json=NEW_BILL, headers={"Idempotency-Key": "the same"}
                )

        return await asyncio.gather(*(post() for _ in range(30)))

    answers = asyncio.run(post_everywhere())
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    folio = httpx.get(f"{server.address}/v1/folios/ONCE", headers=HEADERS, timeout=20).json()
    assert folio["totalAmount"] == 100


async def test_workers_killed_under_load_are_replaced_and_nothing_is_lost_or_doubled(server: Server) -> None:
    load = Load(server)
    callers = [asyncio.create_task(load.call(number)) for number in range(CALLERS)]
    for _ in range(KILLS):
        await asyncio.sleep(0.5)
        killed = min(serving(server))
        psutil.Process(killed).kill()
        await asyncio.to_thread(until, lambda killed=killed: len(serving(server) - {killed}) == WORKERS, server)  # type: ignore[misc]
    load.stopping = True
    await asyncio.gather(*callers)
    assert server.log.read_text().count("is replaced") == KILLS

    async with httpx.AsyncClient(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
        before = dict(load.answered)
        for key in load.asked:
            await load.post(client, key)
        assert {key: load.answered[key] for key in before} == before, "a key's first answer is its only one"
        bills = await all_bills(client)
    assert sorted(bill["name"] for bill in bills) == sorted(key for key in load.asked if key.startswith("bill-"))
    for bill in bills:
        paid = f"pay-{bill['name']}" in load.asked
        assert len(bill["payments"]) == paid
        assert bill["balanceAmount"] == 100 - paid


def test_a_worker_takes_no_connections_before_it_can_answer_them(lasting: Server) -> None:
    server = lasting
    for killed in sorted(serving(server)):
        psutil.Process(killed).kill()
        statuses: list[int] = []

        def replaced(killed: int = killed, statuses: list[int] = statuses) -> bool:
            statuses.append(server.status())
            return len(serving(server) - {killed}) == WORKERS

        until(replaced, server)
        statuses += [server.status() for _ in range(10)]
        assert set(statuses) <= {0, 200}
        assert statuses[-1] == 200


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_processes_with_status_0(server: Server, with_signal: signal.Signals) -> None:
    workers = workers_of(server)
    assert server.end(with_signal) == 0
    assert psutil.wait_procs(workers, timeout=0)[1] == []
    assert "Traceback" not in server.log.read_text()


def test_workers_end_when_the_process_that_started_them_is_killed(server: Server) -> None:
    workers = workers_of(server)
    server.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(workers, timeout=SECONDS_MAX)
    assert alive == []


def test_two_services_do_not_share_a_port_unnoticed(server: Server, tmp_path: Path) -> None:
    second = FreshServer(tmp_path / "second", options=["--workers", "2"])
    second.port = server.port
    second.start()
    assert second.process is not None
    assert second.process.wait(SECONDS_MAX) == 1
    assert f"Cannot listen on 127.0.0.1:{server.port}" in second.log.read_text()
