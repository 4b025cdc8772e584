"""`folio demo`: what a visitor meets, Ctrl-C at any moment, starts after the first, and what may go wrong."""

import asyncio
import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest

from services.demo.catalogue import HOTELS, LAST_FOLIO
from services.demo.client import DemoFailed
from services.demo.key import demo_key
from services.demo.loading import is_loaded, load
from services.demo.plan import requests_of
from services.demo.run import run_demo
from services.demo.sample_hotel import accommodations, closing_folio, guest_folio, guest_folios
from services.serving import listen
from services.store import api_keys
from services.store.embedded import discard
from tests.conftest import ADMIN_KEY, Desk

START_SECONDS_MAX = 90
STOP_SECONDS_MAX = 20
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_ENDING = [guest_folio(HOTELS[0], number) for number in range(1, 9)]


@dataclass
class Demo:
    """A running `folio demo`."""

    process: subprocess.Popen[bytes]
    data: Path
    out: Path
    errors: Path

    def block(self) -> str:
        """What it prints once all is there."""
        self.wait_for(lambda: "'make test' runs the tests." in self.out.read_text())
        return self.out.read_text()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, while the demonstration runs."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not condition():
            assert self.process.poll() is None, self.errors.read_text()
            assert time.monotonic() < deadline, self.errors.read_text()
            time.sleep(0.02)

    def interrupt(self) -> str:
        """Ctrl-C; returns what it said, after making sure that nothing goes on running."""
        started = psutil.Process(self.process.pid).children(recursive=True)
        assert any(child.name() == "postgres" for child in started)
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(STOP_SECONDS_MAX) == 0, self.errors.read_text()
        psutil.wait_procs(started, timeout=5)
        assert [child for child in started if child.is_running()] == []
        said = self.errors.read_text()
        assert "Traceback" not in said
        assert said.count("Stopped.") == 1
        return said


@contextmanager
def demo_on(data: Path, port: int = 0) -> Iterator[Demo]:
    """Start a demonstration on a data folder; it is killed if the test leaves it running."""
    out, errors = data.with_suffix(".out"), data.with_suffix(".err")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOLIO_")}
    environment["FOLIO_ADMIN_KEY"] = ADMIN_KEY
    command = [sys.executable, "-m", "services.cli", "demo", "--port", str(port), "--data", str(data)]
    with out.open("wb") as to_out, errors.open("wb") as to_errors:
        process = subprocess.Popen(command, stdout=to_out, stderr=to_errors, env=environment, cwd=data.parent)
    try:
        yield Demo(process, data, out, errors)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_SECONDS_MAX)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder, whose records are deleted at the end."""
    folder = tmp_path / "data"
    yield folder
    discard(folder)


def client_of(address: str, data: Path) -> httpx.Client:
    """A client with the kept key."""
    headers = {"Authorization": f"Bearer {(data / 'demo-key').read_text().strip()}"}
    return httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=10)


def address_in(block: str) -> str:
    """The address that the block shows."""
    found = re.search(r"API +(http://127\.0\.0\.1:\d+)/v1\n", block)
    assert found
    return found[1]


def bills_of(client: httpx.Client, hotel_id: str) -> Iterator[dict[str, Any]]:
    """All bills of a hotel."""
    parameters = {"limit": "500"}
    while True:
        page = client.get(f"/v1/accommodations/{hotel_id}/bills", params=parameters).raise_for_status().json()
        yield from page["items"]
        if page["nextCursor"] is None:
            return
        parameters["cursor"] = page["nextCursor"]


def curl(line: str) -> Any:
    """Run a printed line in the shell, as a visitor pastes it."""
    return json.loads(subprocess.check_output(line, shell=True, timeout=30))  # noqa: S602


def test_a_visitor_finds_hotels_a_key_and_lines_to_paste_again_after_a_restart(data: Path) -> None:
    with demo_on(data) as demo:
        first = demo.block()
        address = address_in(first)
        for path in ("/docs", "/health/ready", "/metrics"):
            assert f"{address}{path}\n" in first
            assert httpx.get(f"{address}{path}", trust_env=False).status_code == 200
        lines = [line.strip() for line in first.splitlines() if line.strip().startswith("curl ")]
        folio, bill, again, page = (curl(line) for line in (lines[0], lines[1], lines[1], lines[2]))
        assert len(lines) == 7
        outstanding = curl(lines[5])["rows"]
        assert sum(row["balance"] for row in outstanding) > 0
        picture = subprocess.check_output(lines[6].partition(" > ")[0], shell=True, timeout=30)  # noqa: S602
        assert "미수금".encode() in picture
        assert len(folio["bills"]) >= 5
        assert any(each["payments"] for each in folio["bills"])
        assert (bill["folioId"], bill["status"]) == (folio["folioId"], "OPEN")
        assert again == bill
        assert len(page["items"]) == 5
        assert {each["status"] for each in page["items"]} == {"OPEN"}
        assert bill["id"] in {each["id"] for each in page["items"]}
        with client_of(address, data) as client:
            check_the_hotels(client, demo.errors.read_text(), added=1)
            path = f"/v1/folios/{LAST_FOLIO}/privacy/export"
            assert client.get(path).status_code == 403
            assert client.get(path, headers={"Authorization": f"Bearer {ADMIN_KEY}"}).status_code == 200
            pay_on_the_guests_page(first, curl(lines[3]), lines[4])
            position = client.get(f"/v1/folios/{LAST_FOLIO}").headers["Folio-Position"]
        demo.interrupt()
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, trust_env=False)

    with demo_on(data) as demo:
        second = demo.block()
        key = re.search(r"Key +(folio_\S+)\n", first)
        assert key
        assert f"{key[1]}\n" in second
        with client_of(address_in(second), data) as client:
            assert client.get(f"/v1/folios/{LAST_FOLIO}").headers["Folio-Position"] == position
        assert demo.interrupt().startswith("Stopped.")


def pay_on_the_guests_page(block: str, request: dict[str, Any], line: str) -> None:
    """Pay a request where the block says, as the page's button does; the line then shows the payment on the bill."""
    found = re.search(r"on the guest's page, (http://127\.0\.0\.1:\d+)/p/ID", block)
    assert found
    deadline = time.monotonic() + START_SECONDS_MAX
    page = f"{found[1]}/p/{request['id']}"
    while (shown := httpx.get(page, trust_env=False)).status_code == 404:
        assert time.monotonic() < deadline, "the request is not sent"
        time.sleep(0.05)
    assert "<button type=submit>" in shown.text
    httpx.post(page, follow_redirects=True, trust_env=False).raise_for_status()
    while request["id"] not in {payment["paymentRequestId"] for payment in curl(line)["payments"]}:
        assert time.monotonic() < deadline, "the payment is not on the bill"
        time.sleep(0.05)


def check_the_hotels(client: httpx.Client, said: str, added: int) -> None:
    """What was loaded is all there, and of every kind."""
    hotels = [client.get(f"/v1/accommodations/{hotel.id}").json() for hotel in HOTELS]
    assert [hotel["name"] for hotel in hotels] == [hotel.name for hotel in HOTELS]
    assert {hotel["currency"] for hotel in hotels} == {"KRW", "JPY"}
    bills = [bill for hotel in HOTELS for bill in bills_of(client, hotel.id)]
    folios = {bill["folioId"] for bill in bills}
    assert len(folios) >= 200
    assert len(bills) >= 2_000
    assert f"{len(HOTELS)} sample hotels, {len(folios):,} folios, {len(bills) - added:,} bills" in said
    assert {bill["status"] for bill in bills} == {"OPEN", "SETTLED", "TRANSFERRED", "CANCELLED"}
    moved = [bill for bill in bills if bill["transferOriginFolioId"]]
    whole = {bill["id"] for bill in bills if bill["status"] == "TRANSFERRED"}
    assert len(whole) >= 50
    assert len([bill for bill in moved if bill["transferOriginBillId"] not in whole]) >= 50
    assert len([bill for bill in bills if (bill["reservationId"] or "").endswith("-R2")]) >= 20
    assert sum(len(bill["settlementsMade"]) for bill in bills) >= 500
    payments = [payment for bill in bills for payment in bill["payments"]]
    assert {payment["paymentMethod"] for payment in payments} == {
        "CARD",
        "CASH",
        "TRANSFER",
        "VIRTUAL_ACCOUNT",
        "MILEAGE",
    }
    assert len([payment for payment in payments if payment["cancelledAt"]]) >= 20
    assert {"이도윤", "佐藤 健", "Emily Carter"} <= {bill["createdBy"] for bill in bills}


def test_a_load_ended_by_ctrl_c_goes_on_at_the_next_start_and_loads_nothing_twice(data: Path) -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]

    def begun() -> bool:
        if not (data / "demo-key").exists():
            return False
        with client_of(f"http://127.0.0.1:{port}", data) as client:
            return len(list(bills_of(client, HOTELS[1].id))) >= 10

    with demo_on(data, port) as demo:
        demo.wait_for(begun)
        assert "Loaded" not in demo.interrupt()
        assert demo.out.read_text() == ""
    with demo_on(data, port) as demo:
        address = address_in(demo.block())
        assert address == f"http://127.0.0.1:{port}"
        with client_of(address, data) as client:
            check_the_hotels(client, demo.errors.read_text(), added=0)
        demo.interrupt()


def test_the_sample_is_always_the_same_and_no_two_commands_share_a_key() -> None:
    plans = [*guest_folios(), closing_folio()]
    assert [plan.commands for plan in plans] == [plan.commands for plan in [*guest_folios(), closing_folio()]]
    commands = [*accommodations(), *(command for plan in plans for command in plan.commands)]
    assert len({command.key for command in commands}) == len(commands)
    assert all(command.key.startswith("demo/") for command in commands)
    assert len([command for command in commands if command.method == "DELETE"]) >= 10
    assert all(len(part) <= 500 for plan in plans for part in requests_of(plan.commands))


async def bills_and_position(client: httpx.AsyncClient) -> tuple[list[dict[str, Any]], int]:
    """The bills of the hotel that the short samples are of, and how many events there are."""
    response = await client.get(f"/v1/accommodations/{HOTELS[0].id}/bills", params={"limit": 500})
    return response.json()["items"], int(response.headers["Folio-Position"])


def stop_after(commands: int) -> Callable[[int], None]:
    """Something to tell progress to, that breaks the load off."""
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        if done >= commands:
            raise InterruptedError

    return advance


async def test_a_load_broken_off_anywhere_goes_on_to_the_same_result(client: httpx.AsyncClient) -> None:
    for commands in (1, 30, 90):
        with pytest.raises(InterruptedError):
            await load(client, EVERY_ENDING, LONG_AGO, stop_after(commands))
        assert not await is_loaded(client)
    done: list[int] = []
    await load(client, EVERY_ENDING, LONG_AGO, done.append)
    assert sum(done) == sum(len(plan.commands) for plan in EVERY_ENDING) + 1
    assert await is_loaded(client)
    bills, position = await bills_and_position(client)
    assert len(bills) == sum(plan.bill_count for plan in EVERY_ENDING) + 1
    await load(client, EVERY_ENDING, LONG_AGO, done.append)
    assert await bills_and_position(client) == (bills, position)


async def test_folios_loaded_under_a_key_since_lost_are_left_as_they_are(
    client: httpx.AsyncClient, database: str
) -> None:
    before, after = EVERY_ENDING[:3], EVERY_ENDING[3:]
    with pytest.raises(InterruptedError):
        await load(client, before, LONG_AGO, stop_after(sum(len(plan.commands) for plan in before)))
    bills, _ = await bills_and_position(client)
    client.headers["Authorization"] = f"Bearer {api_keys.create_key(database, 'another', 'pms', None)}"
    await load(client, EVERY_ENDING, datetime.now(UTC), lambda _: None)
    all_bills, _ = await bills_and_position(client)
    assert all_bills[-len(bills) :] == bills
    assert len(all_bills) == len(bills) + sum(plan.bill_count for plan in after) + 1


async def test_the_key_is_private_stays_the_same_and_is_replaced_when_lost_or_foreign(
    client: httpx.AsyncClient, database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "data"
    file = folder / "demo-key"
    first = await demo_key(client, database, folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() == first.key
    assert await demo_key(client, database, folder) == first
    file.unlink()
    second = await demo_key(client, database, folder)
    file.write_bytes("folio_다른 데이터베이스\n".encode())
    third = await demo_key(client, database, folder)
    assert len({first.key, second.key, third.key}) == 3
    assert first.made_at < second.made_at < third.made_at
    keys = api_keys.list_keys(database)
    assert {(key.name, key.role, key.accommodations) for key in keys} == {("demo", "pms", None)}
    assert [key.revoked_at is None for key in keys] == [False, False, True]
    file.unlink()
    file.mkdir()
    with pytest.raises(DemoFailed, match="cannot be kept in"):
        await demo_key(client, database, folder)


async def test_a_refused_command_ends_the_demo_with_the_reason(
    desk: Desk, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await desk.add_bill(folio=f"{HOTELS[0].id}-0001")
    listening = listen("127.0.0.1", 0)
    reason = "was refused: INVALID_PARAMETER: Folio DEMO-SEOUL-0001 does not belong to accommodation DEMO-SEOUL"
    with pytest.raises(DemoFailed, match=reason):
        await asyncio.wait_for(run_demo(database, listening, tmp_path), START_SECONDS_MAX)
    assert listening.fileno() == -1
    assert capsys.readouterr().out == ""
