"""`folio replay` beside a running service: what it tells, how it ends, and that it changes nothing."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from services.bootstrap import Service
from services.cli import app
from services.store.connection import make_pool
from tests.conftest import Desk
from tests.faults.server import HEADERS, Server, running_server
from tests.forking import run_folio
from tests.rest.past import ACCOUNT, check_chain, lively_folio

SECONDS_MAX = 60.0


class House:
    """A service with a lively folio, and the command beside it."""

    def __init__(self, server: Server, data: Path) -> None:
        self.server = server
        self.data = data
        self.entries = self.get("/v1/folios/FOLIO-1/history")["items"]

    def get(self, path: str) -> Any:
        """An answer of the service."""
        answer = httpx.get(self.server.address + path, headers=HEADERS, timeout=SECONDS_MAX)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def replay(self, *arguments: str, enter: str = "") -> tuple[int, str]:
        """Run the command; returns its status and all that it says."""
        environment = {name: value for name, value in os.environ.items() if name != "FOLIO_DATABASE_URL"}
        command = ["replay", *arguments, "--data", str(self.data)]
        done = run_folio(command, {**environment, "COLUMNS": "200"}, SECONDS_MAX, enter)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The one service of these tests: they only look."""
    data = tmp_path_factory.mktemp("replayed") / "data"
    with running_server(data) as server:

        async def live() -> None:
            async with httpx.AsyncClient(base_url=server.address, headers=HEADERS, timeout=SECONDS_MAX) as client:
                await lively_folio(Desk(client))

        asyncio.run(live())
        opened = House(server, data)
        head = opened.get("/v1/events?limit=1")["head"]
        yield opened
        assert opened.get("/v1/events?limit=1")["head"] == head, "looking back writes nothing"


def test_the_table_tells_event_by_event_what_was_owed(house: House) -> None:
    code, said = house.replay("FOLIO-1")
    assert code == 0, said
    header, *rows = [line for line in said.splitlines() if line.strip()]
    assert header.split() == [
        "position", "recorded", "at", "effect", "bill", "balance", "folio", "balance", "what", "happened",
    ]  # fmt: skip
    assert len(rows) == len(house.entries)
    for row, entry in zip(rows, house.entries, strict=True):
        assert row.split()[:2] == [str(entry["position"]), entry["recordedAt"]]
        assert f"{entry['folioBalance']['after']:,} KRW" in row
    assert any('"Suite [deluxe]" was cancelled: 139,500 KRW are no longer charged.' in row for row in rows)


def test_json_holds_the_entries_of_the_history_and_the_folio_as_it_stood(house: House) -> None:
    middle = house.entries[6]
    for moment in (str(middle["position"]), middle["recordedAt"]):
        code, said = house.replay("FOLIO-1", "--at", moment, "--json")
        assert code == 0, said
        told = json.loads(said)
        expected = house.get(f"/v1/folios/FOLIO-1?position={middle['position']}")
        assert told["folio"]["balanceAmount"] == expected["balanceAmount"]
        assert [each["id"] for each in told["folio"]["bills"]] == [each["id"] for each in expected["bills"]]
        for event, entry in zip(told["events"], house.entries[:7], strict=True):
            assert event.pop("sentence").endswith(".")
            assert event == {name: value for name, value in entry.items() if name not in {"links", "callback"}}
        assert ACCOUNT["accountNumber"] not in said
        assert "sealed" not in said
    code, said = house.replay("FOLIO-1", "--json")
    whole = json.loads(said)
    assert (code, whole["folio"]) == (0, None)
    check_chain(whole["events"], house.get("/v1/folios/FOLIO-1")["balanceAmount"])


def test_until_ends_the_table_and_at_shows_the_folio_besides(house: House) -> None:
    last = house.entries[2]["position"]
    code, said = house.replay("FOLIO-1", "--until", str(last))
    assert code == 0, said
    assert len([line for line in said.splitlines() if line.strip()]) == 4
    code, said = house.replay("FOLIO-1", "--at", str(last))
    assert code == 0, said
    assert "Folio FOLIO-1: total 112,000 KRW, paid 0 KRW, balance 112,000 KRW" in said
    *_, bar = [line.split() for line in said.splitlines() if line.strip()]
    assert bar[1:] == ["Minibar", "OPEN", "12,000", "KRW", "12,000", "KRW"]


def test_step_waits_for_enter_after_each_event(house: House) -> None:
    events = len(house.entries)
    code, said = house.replay("FOLIO-1", "--step", enter="\n" * events)
    assert code == 0, said
    assert said.count("Enter for what comes next") == events
    code, said = house.replay("FOLIO-1", "--step")
    assert (code, said.count("Enter for what comes next")) == (0, 1), "nobody is there to press it"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a b",), "FOLIO"),
        (("FOLIO-1", "--at", "yesterday"), "--at"),
        (("FOLIO-1", "--until", "2026-11-22"), "--until"),
        (("FOLIO-1", "--at", "1", "--until", "2"), "either --at or --until"),
        (("FOLIO-1", "--step", "--json"), "either --step or --json"),
        ((), "Missing argument"),
    ],
)
def test_wrong_values_end_with_status_2_as_usage_does(arguments: tuple[str, ...], message: str) -> None:
    done = CliRunner().invoke(app, ["replay", *arguments])
    assert done.exit_code == 2, done.output
    assert message in done.output


@pytest.mark.parametrize(
    ("moment", "message"), [("1000000", "has not come to the position"), ("2199-01-01T00:00:00Z", "still to come")]
)
def test_a_moment_that_is_still_to_come_ends_with_status_2(house: House, moment: str, message: str) -> None:
    code, said = house.replay("FOLIO-1", "--at", moment)
    assert code == 2, said
    assert message in said
    assert "Traceback" not in said


def test_a_folio_that_is_not_there_ends_with_status_1(house: House, tmp_path: Path) -> None:
    assert house.replay("NONE") == (1, "folio: There is no folio NONE.\n")
    code, said = house.replay("FOLIO-1", "--until", "1")
    assert code == 1
    assert f"There is no folio FOLIO-1 then; it is there since {house.entries[0]['recordedAt']}." in said
    code, said = House.replay(_elsewhere(house, tmp_path), "FOLIO-1")
    assert code == 1
    assert "There is no ledger in" in said
    assert not (tmp_path / "none").exists()


def _elsewhere(house: House, folder: Path) -> House:
    """The command on a folder that is not there."""
    other = object.__new__(House)
    other.server, other.data = house.server, folder / "none"
    return other


async def test_days_that_this_version_cannot_tell_end_it_with_status_1(service: Service, desk: Desk) -> None:
    bill = await desk.add_bill()
    happened = ["accommodation/HOTEL-1", 2, "accommodation.newer", "{}", None]
    commit = json.dumps([{"events": [happened], "aliases": {}, "outcomes": [], "reads": {}}])
    with psycopg.connect(service.conninfo, autocommit=True) as connection:
        connection.execute("SELECT ledger.append_together(%s, interval '1 second')", (commit,))
    position = await service.store.position()
    await desk.pay(bill, 1)
    environment = {"FOLIO_DATABASE_URL": service.conninfo}
    done = await asyncio.to_thread(CliRunner().invoke, app, ["replay", "FOLIO-1"], env=environment)
    assert done.exit_code == 1, done.output
    assert f"The event at position {position} cannot be read by this version of the service" in done.output


async def test_its_connections_refuse_every_change(database: str) -> None:
    async with make_pool(database, "looking back", read_only=True) as pool, pool.connection() as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute("DELETE FROM ledger.aliases")
