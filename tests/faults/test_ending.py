"""The server told to end, or unable to begin: a status, a message, and nothing left behind."""

import contextlib
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest

from services.store.embedded import discard
from tests.faults.server import HEADERS, FreshServer, Server

BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 1_000}
SECONDS_MAX = 30.0


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder."""
    yield tmp_path / "data"
    discard(tmp_path / "data")


def kill(server: Server) -> None:
    """For a test that failed: leave no process behind."""
    if server.process is not None and server.process.poll() is None:
        server.process.kill()
        server.process.wait()


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    """A server that is ready."""
    running = FreshServer(data)
    running.start()
    running.wait_for(200)
    yield running
    kill(running)


def databases_of(server: Server) -> list[psutil.Process]:
    """The processes of the server's own PostgreSQL."""
    assert server.process is not None
    return [
        child for child in psutil.Process(server.process.pid).children(recursive=True) if child.name() == "postgres"
    ]


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=SECONDS_MAX)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_told_to_end_under_load_finishes_and_leaves_no_database_behind(
    server: Server, data: Path, with_signal: signal.Signals
) -> None:
    answered: list[str] = []
    stopping = threading.Event()

    def call() -> None:
        with httpx.Client(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
            while not stopping.is_set():
                with contextlib.suppress(httpx.TransportError):
                    answer = client.post("/v1/folios/FOLIO-1/bills", json=BILL)
                    if answer.status_code == 201:
                        answered.append(answer.json()["id"])

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    time.sleep(0.7)
    databases = databases_of(server)
    assert databases
    assert server.end(with_signal) == 0
    stopping.set()
    for caller in callers:
        caller.join()
    assert gone(databases)
    log = server.log.read_text()
    assert "Traceback" not in log
    assert '"level": "error"' not in log

    again = FreshServer(data)
    again.start()
    try:
        again.wait_for(200)
        folio = httpx.get(f"{again.address}/v1/folios/FOLIO-1", headers=HEADERS, timeout=SECONDS_MAX).json()
        assert set(answered) <= {bill["id"] for bill in folio["bills"]}
        assert answered
    finally:
        assert again.end() == 0


def test_the_database_of_a_killed_server_ends_with_it(server: Server) -> None:
    databases = databases_of(server)
    assert databases
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    assert gone(databases)


def test_a_second_server_on_the_same_folder_or_port_says_so_and_harms_nobody(server: Server, data: Path) -> None:
    second = FreshServer(data)
    second.start()
    assert second.process is not None
    assert second.process.wait(SECONDS_MAX) == 1
    assert "in use by a running service" in " ".join(second.log.read_text().split())
    third = FreshServer(data.parent / "other")
    third.port = server.port
    third.start()
    assert third.process is not None
    assert third.process.wait(SECONDS_MAX) == 1
    message = third.log.read_text()
    assert f"Cannot listen on 127.0.0.1:{server.port}" in " ".join(message.split())
    assert "Traceback" not in message
    assert server.status() == 200


def test_an_interrupt_at_any_moment_of_the_start_ends_it_cleanly(data: Path) -> None:
    for seconds in (0.9, 1.3, 1.8, 2.4):
        starting = FreshServer(data)
        starting.start()
        time.sleep(seconds)
        assert starting.process is not None
        databases = databases_of(starting)
        starting.process.send_signal(signal.SIGTERM)
        status = starting.process.wait(SECONDS_MAX)
        assert status in {0, 1, 130, -signal.SIGTERM}, starting.log.read_text()
        assert gone(databases)


@pytest.fixture
def silent_address() -> Iterator[str]:
    """The address of a database that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql://folio:very-secret@127.0.0.1:{listening.getsockname()[1]}/folio"


def test_a_server_ends_in_time_although_its_database_never_answers(tmp_path: Path, silent_address: str) -> None:
    server = FreshServer(tmp_path / "unused", silent_address)
    server.start()
    try:
        server.wait_for(200, "/health/live")
        assert server.status("/health/ready") == 503
        answer = httpx.post(f"{server.address}/v1/folios/F/bills", json=BILL, headers=HEADERS, timeout=SECONDS_MAX)
        assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        try:
            assert server.end() == 0
        except subprocess.TimeoutExpired:
            pytest.fail("the server did not end")
    finally:
        kill(server)
    assert "very-secret" not in server.log.read_text()
