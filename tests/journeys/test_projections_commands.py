"""`folio projections …` beside a running service and without one: what an operator sees and does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from services.bootstrap import READ_MODELS
from services.store.embedded import attach, discard
from tests.faults.server import HEADERS, Server
from tests.forking import run_folio

SECONDS_MAX = 60.0
NAMES = sorted(model.name for model in READ_MODELS)


class House:
    """A service on its own data folder, and commands beside it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.server = Server(self.data)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command whose words are read while it runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "services.cli", "projections", *arguments, "--data", str(self.data)],
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def folio(self, *arguments: str) -> tuple[int, str]:
        """Run a command; returns its status and all that it says."""
        done = run_folio(["projections", *arguments, "--data", str(self.data)], _environment(), SECONDS_MAX)
        return done.returncode, done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        code, said = self.folio("status", "--json")
        assert code == 0, said
        return dict(json.loads(said))

    def post(self, folio: str, name: str = "Room") -> dict[str, Any]:
        """Post a bill."""
        body = {"accommodationId": "HOTEL-1", "name": name, "totalAmount": 100}
        path = f"{self.server.address}/v1/folios/{folio}/bills"
        answer = httpx.post(path, json=body, headers=HEADERS, timeout=SECONDS_MAX)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def bills(self, folio: str) -> list[Any]:
        """The bills of a folio, fresh."""
        answer = httpx.get(f"{self.server.address}/v1/folios/{folio}", headers=HEADERS, timeout=SECONDS_MAX)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["bills"])

    def connection(self) -> psycopg.Connection:
        """A connection to the running service's database."""
        conninfo = attach(self.data)
        assert conninfo is not None
        return psycopg.connect(conninfo)

    def change(self, statement: str) -> None:
        """Do something to the running service's database."""
        with self.connection() as connection:
            connection.execute(statement.encode())


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "FOLIO_DATABASE_URL"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The service, with two folios."""
    opened = House(tmp_path)
    opened.server.start()
    opened.server.wait_for(200)
    opened.post("FOLIO-1")
    opened.post("FOLIO-2")
    opened.bills("FOLIO-1")
    yield opened
    if opened.server.process is not None and opened.server.process.poll() is None:
        opened.server.end()
    discard(opened.data)


def test_status_shows_where_each_read_model_stands_and_who_keeps_it_up(house: House) -> None:
    found = house.status()
    assert sorted(found) == NAMES
    head = found["bills"]["position"]
    for each in found.values():
        assert (each["position"], each["lagEvents"], each["lagSeconds"], each["parkedEvents"]) == (head, 0, 0, 0)
        assert each["holder"]["name"] == "folio projections"
        assert each["rebuild"] is None
    code, said = house.folio("status")
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()[1:] if line.strip()] == NAMES
    assert f"folio projections (pid {found['bills']['holder']['pid']})" in said

    house.server.end()
    assert {each["holder"] for each in house.status().values()} == {None}
    assert "nobody" in house.folio("status")[1]


def test_a_rebuild_beside_the_service_and_without_it(house: House) -> None:
    code, said = house.folio("rebuild", "--all")
    assert code == 0, said
    for name in NAMES:
        assert f"Rebuilding {name} from the start of the log." in said
        assert f"{name} is rebuilt and serves from position" in said
    house.post("FOLIO-1")
    assert len(house.bills("FOLIO-1")) == 2
    house.server.end()
    code, said = house.folio("rebuild", "bills")
    assert code == 0, said
    assert "bills is rebuilt and serves" in said
    assert "folios" not in said


def test_a_rebuild_that_is_killed_or_interrupted_is_continued(house: House) -> None:
    with house.connection() as reading:
        reading.execute("SELECT count(*) FROM read_model.bills")  # while this goes on, no other table can serve
        for with_signal, expected in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
            running = house.begin("rebuild", "bills")
            assert running.stdout is not None
            said = ""
            while "trying again to let the new table serve" not in said:
                said = running.stdout.readline()
                assert said, "it ended"
            assert house.status()["bills"]["rebuild"]["running"]
            code, said = house.folio("rebuild", "bills")
            assert code == 1
            assert "The read model bills is being rebuilt by another process" in said
            running.send_signal(with_signal)
            said, _ = running.communicate(timeout=SECONDS_MAX)
            assert running.returncode == expected
    assert "the same command continues from there" in said
    rebuild = house.status()["bills"]["rebuild"]
    assert not rebuild["running"]
    code, said = house.folio("rebuild", "bills")
    assert code == 0, said
    assert f"Continuing to rebuild bills after {rebuild['position']:,} events." in said
    code, said = house.folio("rebuild", "bills", "--verify")
    assert code == 0, said
    assert "No difference." in said


def test_verify_finds_what_was_changed_by_hand(house: House) -> None:
    code, said = house.folio("rebuild", "--all", "--verify")
    assert code == 0, said
    assert "No difference." in said
    assert "folios: 2 rows compared at position" in said
    house.change("UPDATE read_model.folios SET balance_amount = 7 WHERE folio_id = 'FOLIO-1'")
    code, said = house.folio("rebuild", "folios", "--verify")
    assert code == 1
    assert "folios FOLIO-1: balance_amount is 7, rebuilt it is 100" in said
    assert "Differences: 1." in said
    assert house.folio("rebuild", "folios")[0] == 0
    assert house.folio("rebuild", "folios", "--verify")[0] == 0
    house.change("DROP TABLE read_model.house_entries CASCADE")
    code, said = house.folio("rebuild", "house_entries", "--verify")
    assert code == 1
    assert "A table is missing" in said
    assert "house_entries" in said
    assert "Traceback" not in said


def test_what_is_parked_is_listed_and_tried_again(house: House) -> None:
    house.change("ALTER TABLE read_model.bills ADD CONSTRAINT no_poison CHECK (name <> 'poison')")
    house.post("FOLIO-1", "poison")
    house.post("FOLIO-1", "behind")
    deadline = time.monotonic() + SECONDS_MAX
    while (bills := house.status()["bills"])["parkedEvents"] != 1 or bills["lagEvents"]:
        assert time.monotonic() < deadline
    with pytest.raises(AssertionError, match="What happened on FOLIO-1 from position"):
        house.bills("FOLIO-1")

    code, said = house.folio("park")
    assert code == 0
    (line,) = [line for line in said.splitlines() if line.strip().startswith("bills")]
    assert "bill.added" in line
    assert "FOLIO-1" in line
    assert "CheckViolation" in line
    position = line.split()[1]

    code, said = house.folio("park", "retry", "bills")
    assert code == 1
    assert f"the read model bills cannot take the event at position {position}: CheckViolation" in said
    assert house.folio("park", "retry", "bills", "--position", "1")[0] == 1

    house.change("ALTER TABLE read_model.bills DROP CONSTRAINT no_poison")
    code, said = house.folio("park", "retry", "bills", "--position", position)
    assert code == 0, said
    assert f"bills has taken the event at position {position} and 1 behind it." in said
    assert [bill["name"] for bill in house.bills("FOLIO-1")] == ["Room", "poison", "behind"]
    assert "0 events are parked." in house.folio("park")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rebuild",), "Name one read model, or --all."),
        (("rebuild", "bills", "--all"), "Name one read model, or --all."),
        (("rebuild", "bill"), "There is no read model 'bill'. There are: accommodations, folios, bills"),
        (("park", "retry", "bill"), "There is no read model 'bill'."),
    ],
)
def test_what_does_not_exist_is_told(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    code, said = House(tmp_path).folio(*arguments)
    assert code == 1
    assert message in said
    assert "Traceback" not in said
