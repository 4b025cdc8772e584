"""Comparing with another version: what it would make otherwise of the same log is found, and nothing else."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from projections.shadow import ABSENT, CannotCompare, Side, Version, differences
from projections.shadow_side import Failure, Folded, reading_connection
from services import cli_shadow
from services.billing.bill import BillChanges
from services.cli import app
from tests.conftest import empty_ledger
from tests.projections.books import Books, open_books
from tests.store.contents import digests

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("services", "projections")
BUSY = ["FOLIO-1", "FOLIO-2"]
"""The folios on which everything has happened; bills of each were transferred to another one, "…-next"."""
ENDED = "FOLIO-3"
"""The folio with a bill that was cancelled, and nothing else."""
FOLIOS = ["FOLIO-0", *BUSY, *(f"{folio}-next" for folio in BUSY), ENDED]
FIRST_UPDATES = """
    SELECT min(notification_id) FROM ledger.events WHERE topic = 'bill.updated'
     GROUP BY convert_from(state, 'UTF8')::json ->> 'folio_id' ORDER BY 1
"""

Edit = tuple[str, str, str]
"""A file, a text in it, and another one in its place."""

MOVED = 'row["total_amount"] -= event.moved_total'
CHANGES: list[Edit] = [
    ("projections/bills.py", MOVED, f"{MOVED} + 1"),
    (
        "projections/bills.py",
        "return event.originator_id if isinstance(event, BillEvent)",
        'return event.originator_id if isinstance(event, BillEvent) and event.folio_id != "FOLIO-0"',
    ),
    ("projections/folios.py", "opened_at", "first_seen_at"),
    ("projections/payments.py", "case PaymentCancelled():", "case PaymentGone():"),
    ("projections/accommodations.py", 'ReadModel("accommodations"', 'ReadModel("hotels"'),
]
UNREADABLE: list[Edit] = [
    ("services/billing/bill.py", 'TOPIC = "bill.updated"\n\n    name:', 'TOPIC = "bill.updated"\n\n    title:'),
    ("services/billing/bill.py", 'TOPIC = "bill.cancelled"', 'TOPIC = "bill.removed"'),
]


@pytest.fixture(scope="module")
def log(postgres: str) -> str:
    """A database with a log."""

    async def write() -> None:
        async with open_books(postgres) as books:
            await _write(books)

    empty_ledger(postgres)
    asyncio.run(write())
    return postgres


async def _write(books: Books) -> None:
    await books.add_bill("FOLIO-0")
    for folio in BUSY:
        await books.have_a_day(folio)
    ended = await books.add_bill(ENDED)
    await books.do(lambda ledger, work: ledger.cancel_bill(work, ended.id, BillChanges()))


def copied(folder: Path, edits: list[Edit]) -> Path:
    """A copy of this version with other texts in its files."""
    for package in PACKAGES:  # with what is compiled already, as far as it is whole
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("*.pyc.*"))
    for file, old, new in edits:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, f"{file} has changed: there is no {old!r} any more"
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def folio_shadow(conninfo: str, *arguments: str) -> tuple[int, str]:
    """The status and all that the command says."""
    done = CliRunner().invoke(app, ["shadow", *arguments], env={"FOLIO_DATABASE_URL": conninfo})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


def compared(conninfo: str, other: Path) -> tuple[int, dict[str, Any]]:
    """The status, and what is told to programs."""
    status, said = folio_shadow(conninfo, "--against", str(other), "--json")
    return status, json.loads(said)


def head(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT position FROM ledger.log_head").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(autouse=True, scope="module")
def no_signals() -> Iterator[None]:
    """Lets the command run in this process without taking its signals."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli_shadow, "end_on_sigterm", lambda: None)
        yield


@pytest.fixture(scope="module")
def changed(log: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version in which each read model of bills, folios and payments does something else."""
    return copied(tmp_path_factory.mktemp("changed"), CHANGES)


@pytest.fixture(scope="module")
def found(log: str, changed: Path) -> dict[str, Any]:
    """What is told of that version."""
    status, told = compared(log, changed)
    assert status == 1
    return told


def of(told: dict[str, Any], read_model: str | None, *columns: str | None) -> list[dict[str, Any]]:
    """The differences that are shown of some columns of a read model."""
    return [each for each in told["shown"] if each["readModel"] == read_model and each["column"] in columns]


def folios(shown: list[dict[str, Any]]) -> list[str]:
    return sorted(each["folio"] for each in shown)


def test_a_copy_of_the_same_version_makes_the_same_of_every_event_and_nothing_is_written(
    log: str, tmp_path: Path
) -> None:
    other = copied(tmp_path, [])
    before, files = digests(log), sorted(other.rglob("*"))
    status, told = compared(log, other)
    assert (status, told["differences"], told["shown"]) == (0, 0, [])
    assert (told["position"], told["events"]) == (head(log), head(log))
    assert (told["folios"], told["differingFolios"]) == (len(FOLIOS) + 1, 0), "the accommodation has none"
    assert (told["onlyHere"], told["onlyThere"]) == ([], [])
    assert digests(log) == before
    assert sorted(other.rglob("*")) == files


def test_a_changed_apply_is_found_on_exactly_the_folios_that_have_such_an_event(found: dict[str, Any]) -> None:
    totals = of(found, "bills", "total_amount")
    assert folios(totals) == BUSY
    assert [(each["here"], each["there"]) for each in totals] == [(700, 699)] * len(BUSY)
    assert len({each["row"] for each in totals}) == len(BUSY)
    assert found["differencesByPlace"]["bills.total_amount"] == len(BUSY)


def test_a_row_that_one_version_does_not_make_is_a_difference(found: dict[str, Any]) -> None:
    (row,) = of(found, "bills", None)
    assert (row["folio"], row["there"]) == ("FOLIO-0", None)
    assert (row["here"]["id"], row["here"]["balance_amount"]) == (row["row"], 100)
    assert found["differencesByPlace"]["bills: rows"] == 1


def test_a_column_of_another_name_differs_in_every_row(found: dict[str, Any]) -> None:
    before, after = (of(found, "folios", column) for column in ("opened_at", "first_seen_at"))
    assert folios(before) == folios(after) == sorted(FOLIOS)
    assert {each["there"] for each in before} == {each["here"] for each in after} == {ABSENT}


def test_an_event_that_one_version_cannot_apply_is_one_difference_of_that_read_model(found: dict[str, Any]) -> None:
    events = of(found, "payments", None)
    assert folios(events) == BUSY
    assert [(each["row"], each["here"]) for each in events] == [(None, None)] * len(BUSY)
    assert all("NameError" in each["there"] for each in events)
    assert found["differencesByPlace"]["payments: events not taken"] == len(BUSY)


def test_read_models_of_one_version_alone_are_named_and_not_compared(found: dict[str, Any]) -> None:
    assert (found["onlyHere"], found["onlyThere"]) == (["accommodations"], ["hotels"])
    assert {each["readModel"] for each in found["shown"]} == {"bills", "folios", "payments"}
    assert found["differences"] == len(found["shown"]) == sum(found["differencesByPlace"].values())
    assert found["differingFolios"] == len(FOLIOS)


def test_a_folder_without_a_ledger_is_told_and_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLIO_DATABASE_URL", raising=False)
    done = CliRunner().invoke(app, ["shadow", "--against", str(ROOT), "--data", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert "There is no ledger in" in done.output
    assert list(tmp_path.iterdir()) == []


def test_an_event_that_one_version_cannot_read_is_one_difference_of_its_folio(log: str, tmp_path: Path) -> None:
    status, told = compared(log, copied(tmp_path, UNREADABLE))
    assert status == 1
    *renamed, removed = told["shown"]
    assert (folios(renamed), removed["folio"]) == (BUSY, ENDED)
    assert {(each["readModel"], each["row"], each["here"]) for each in told["shown"]} == {(None, None, None)}
    assert all("`title`" in each["there"] and each["there"].startswith("bill.updated: ") for each in renamed)
    assert removed["there"].startswith("bill.cancelled: ")
    with psycopg.connect(log) as connection:
        assert [(each["position"],) for each in renamed] == connection.execute(FIRST_UPDATES).fetchall()
    assert removed["position"] == head(log)
    assert told["differencesByPlace"] == {"unreadable events": len(BUSY) + 1}


def test_what_neither_version_can_take_is_no_difference_and_what_one_takes_longer_is() -> None:
    here, there = (Failure(5, "bill.updated", f"in the words of {side}") for side in ("one", "the other"))
    assert list(differences(Folded("F", unreadable=here), Folded("F", unreadable=there))) == []
    assert list(differences(Folded("F", failures={"bills": here}), Folded("F", failures={"bills": there}))) == []
    later = Failure(7, "bill.deleted", "later")
    (found,) = differences(Folded("F", failures={"bills": later}), Folded("F", failures={"bills": there}))
    assert (found.position, found.here, found.there) == (5, None, "bill.updated: in the words of the other")


def test_the_command_tells_people_what_differs_up_to_a_limit(log: str, changed: Path, found: dict[str, Any]) -> None:
    status, said = folio_shadow(log, "--against", str(changed), "--limit", "1")
    lines = [line for line in said.splitlines() if not line.endswith("events are applied.")]
    assert status == 1
    assert lines[0].startswith(f"FOLIO-0: bills {of(found, 'bills', None)[0]['row']} is only here: {{")
    assert lines[1:] == [
        "The read model accommodations is only here and was not compared.",
        "The read model hotels is only there and was not compared.",
        f"1 of {found['differences']} differences are shown; --limit shows more.",
        *(f"{place}: {count} differences." for place, count in found["differencesByPlace"].items()),
        f"{head(log)} events of {len(FOLIOS) + 1} folios and streams without one were compared.",
        f"{len(FOLIOS)} of them would differ, in {found['differences']} places.",
    ]


@pytest.mark.parametrize(
    ("bootstrap", "why"),
    [
        ("", "its services.bootstrap has no READ_MODELS and no CODEC, which a replay needs"),
        ("CODEC = None", "its services.bootstrap has no READ_MODELS, which a replay needs"),
        ("print('loading')\nimport nowhere", "cannot be loaded: ModuleNotFoundError: No module named 'nowhere'"),
        ("READ_MODELS = (1,)\nCODEC = None", "'int' object has no attribute 'name'"),
        ("import os\nos._exit(3)", "broke off: it was ended"),
    ],
)
def test_a_version_that_cannot_be_loaded_is_told_with_the_reason(tmp_path: Path, bootstrap: str, why: str) -> None:
    with pytest.raises(CannotCompare) as raised:
        offer_of(with_bootstrap(tmp_path, bootstrap))
    assert why in str(raised.value)
    assert str(tmp_path) in str(raised.value)


def test_a_folder_without_the_code_is_not_taken_for_the_version_that_is_installed(tmp_path: Path) -> None:
    with pytest.raises(CannotCompare, match=r"cannot be compared: (it has no|its) services\.bootstrap"):
        offer_of(tmp_path)


def test_a_log_that_goes_away_is_told_with_the_reason(tmp_path: Path) -> None:
    folder = with_bootstrap(tmp_path, "READ_MODELS = ()\nCODEC = None")
    gone = "postgresql://folio:secret@127.0.0.1:1/folio"
    with Side(folder) as side:
        side.prepare(Version(folder, "services.bootstrap", "READ_MODELS", "CODEC").order(gone, 1))
        assert side.offer() == {}
        with pytest.raises(CannotCompare, match=r"the log cannot be read: .*refused") as raised:
            list(side.fold([]))
    assert "secret" not in str(raised.value)


def with_bootstrap(folder: Path, text: str) -> Path:
    """A folder with this as its services.bootstrap."""
    (folder / "services").mkdir()
    (folder / "services" / "__init__.py").touch()
    (folder / "services" / "bootstrap.py").write_text(text, encoding="utf-8")
    return folder


def offer_of(folder: Path) -> dict[str, list[str]]:
    with Side(folder) as side:
        side.prepare(Version(folder, "services.bootstrap", "READ_MODELS", "CODEC").order("", 0))
        return side.offer()


def test_a_side_may_change_nothing(log: str) -> None:
    with reading_connection(log) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("INSERT INTO ledger.aliases VALUES ('A', 'B')")


@pytest.mark.parametrize("wrong", ["no folder", "no code", "no database", "no log"])
def test_the_command_ends_with_status_2_and_a_reason_where_nothing_could_be_compared(
    log: str, tmp_path: Path, wrong: str
) -> None:
    conninfo, folder, reason = {
        "no folder": (log, tmp_path / "nowhere", f"There is no folder {tmp_path / 'nowhere'}."),
        "no code": (log, tmp_path, f"{tmp_path} holds no services/ and no projections/"),
        "no database": ("postgresql://folio:secret@127.0.0.1:1/folio", ROOT, "The database does not answer"),
        "no log": (psycopg.conninfo.make_conninfo(log, dbname="postgres"), ROOT, "This database holds no log."),
    }[wrong]
    status, said = folio_shadow(conninfo, "--against", str(folder))
    assert (status, "secret" in said) == (2, False)
    assert reason in said
