"""`folio export --hledger`: what it writes, that hledger takes it, and that a broken export leaves nothing behind."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.bootstrap import make_service
from services.cli import app
from services.desk import hledger as writing
from tests.conftest import ADMIN_KEY, Desk, ready_client
from tests.properties.hledger_balances import hledger

DAY = timedelta(days=1)
TODAY = datetime.now(UTC).date()
PERIOD = ("--from", str(TODAY - DAY), "--to", str(TODAY + DAY))
ACTOR = "Kim; | 100% — 김"
LOOK_ALIKES = ("A:B", "A", "A.B", "A-B", "A_B", "a:b", ":", "A:B:")
"""Ids of folios that are easily mistaken for each other."""


def given(database: str, happens: Callable[[Desk], Awaitable[None]]) -> None:
    """Let something happen at a service on the database, which ends then."""

    async def happening() -> None:
        async with make_service(database, ADMIN_KEY) as service, ready_client(service) as client:
            await happens(Desk(client))

    asyncio.run(happening())


def export(database: str, *arguments: str) -> tuple[int, str, str]:
    """Run the command on a database; returns its status, what it wrote, and what it said."""
    environment = {"FOLIO_DATABASE_URL": database, "COLUMNS": "300", "TERM": "dumb"}
    done = CliRunner().invoke(app, ["export", "--hledger", *arguments], env=environment)
    return done.exit_code, done.stdout, " ".join(done.stderr.replace("│", " ").split())


async def many_folios(desk: Desk) -> None:
    """Folios with a bill and a payment each, in a currency with three decimals, by somebody with an odd name."""
    desk.expect(200, await desk.client.put("/v1/accommodations/H:1", json={"currency": "KWD"}))
    desk.client.headers.encoding = "utf-8"
    desk.client.headers["X-Folio-Actor"] = ACTOR
    for number, folio in enumerate(LOOK_ALIKES, 1):
        bill = await desk.add_bill(folio, 1_234_000 + number, accommodationId="H:1")
        await desk.pay(bill, 34_005, applyToBalance=number % 2 == 0)
    payment = await desk.pay(bill, 1_000, applyToBalance=True)
    changed = {"paymentMethod": "CASH", "amount": 7}
    desk.expect(200, await desk.client.patch(f"/v1/payments/{payment['id']}", json=changed))


async def one_bill(desk: Desk) -> None:
    """A bill and a payment that does not change its balance."""
    await desk.pay(await desk.add_bill("F-1", 100), 30)


def test_what_is_exported_is_balanced_by_hledger_and_every_folio_has_an_account_of_its_own(
    database: str, tmp_path: Path
) -> None:
    given(database, many_folios)
    file = tmp_path / "books.journal"
    file.write_text("of yesterday", encoding="utf-8")
    asked = ("--accommodation", "H:1", *PERIOD)
    code, written, said = export(database, *asked, "--output", str(file))
    assert (code, written, list(tmp_path.iterdir())) == (0, "", [file]), said
    text = file.read_text(encoding="utf-8")
    assert " payment.recorded | Kim%3B %7C 100%25 — 김  ; recordedAt:" in text
    assert export(database, *asked)[1] == text
    if shutil.which("hledger") is None:
        pytest.skip("the Debian package hledger is not installed")
    assert hledger(file, "check", "--strict") == ""
    table = hledger(file, "balance", "--flat", "--no-total", "--output-format=csv").replace('"', "").splitlines()
    held = dict(line.split(",") for line in table[1:])
    assert held == {
        "assets:folio:/": "1234.007 KWD",
        "assets:folio:A": "1199.997 KWD",
        "assets:folio:A-B": "1199.999 KWD",
        "assets:folio:A.B": "1234.003 KWD",
        "assets:folio:A/B": "1234.001 KWD",
        "assets:folio:A/B/": "1199.996 KWD",
        "assets:folio:A_B": "1234.005 KWD",
        "assets:folio:a/b": "1200.001 KWD",
        "assets:takings:CARD": "272.040 KWD",
        "assets:takings:CASH": "0.007 KWD",
        **{f"liabilities:unapplied:{name}": "-34.005 KWD" for name in ("/", "A.B", "A/B", "A_B")},
        "revenue:charges": "-9872.036 KWD",
    }


def test_a_later_period_opens_with_what_was_owed_and_an_earlier_position_has_what_was_there_then(database: str) -> None:
    given(database, one_bill)
    later = ("--from", str(TODAY + 2 * DAY), "--to", str(TODAY + 3 * DAY))
    code, written, said = export(database, "--accommodation", "HOTEL-1", *later)
    assert code == 0, said
    assert written.endswith(
        f"{TODAY + DAY} opening\n    assets:folio:F-1  100 KRW\n    liabilities:unapplied:F-1  -30 KRW\n"
        "    equity:opening  -70 KRW\n"
    )
    code, written, said = export(database, "--accommodation", "HOTEL-1", *PERIOD, "--position", "3")
    assert code == 0, said
    assert ("payment.recorded" in written, written.count("bill.added")) == (False, 1)


WRONG = {
    ("--from", "2026-13-01"): (2, "Invalid value for --from: from is no day that exists."),
    ("--to", "1.1.2026"): (2, "Invalid value for --to: to must be a day, as 2026-11-30."),
    ("--from", "2026-02-02", "--to", "2026-02-01"): (2, "Invalid value for --to: The period is reversed"),
    ("--from", "2020-01-01", "--to", "2026-01-01"): (2, "over 5 years"),
    ("--accommodation", "no id"): (2, "Invalid value for --accommodation: accommodation must be up to 64 of"),
    ("--accommodation", "HOTEL-9"): (1, "Nothing has happened at an accommodation HOTEL-9"),
    ("--position", "9999"): (2, "Invalid value for --position: The log has not come to the position 9999 yet"),
    ("--position", "-1"): (2, "Invalid value for '--position'"),
    ("--output", "/proc"): (1, "/proc is no file."),
    ("--output", "/no/such/folder/books"): (1, "/no/such/folder/books cannot be written: No such file"),
}


def test_what_is_wrong_is_told_and_leaves_the_file_as_it_was(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(database, one_bill)
    file = tmp_path / "books.journal"
    file.write_text("of yesterday", encoding="utf-8")
    right = ("--accommodation", "HOTEL-1", *PERIOD, "--output", str(file))
    for arguments, (code, told) in WRONG.items():
        found, _, said = export(database, *right, *arguments)
        assert (found, told in said) == (code, True), (arguments, said)

    def fails(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_transaction", fails)
    code, _, said = export(database, *right)
    assert (code, f"{file} cannot be written: No space left on device." in said) == (1, True), said
    assert (file.read_text(encoding="utf-8"), list(tmp_path.iterdir())) == ("of yesterday", [file])


def test_without_a_ledger_or_a_format_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    asked = ["--accommodation", "HOTEL-1", *PERIOD, "--data", str(tmp_path / "none")]
    done = CliRunner().invoke(app, ["export", "--hledger", *asked], env={"FOLIO_DATABASE_URL": None, "COLUMNS": "300"})
    assert (done.exit_code, "There is no ledger in" in done.stderr) == (1, True)
    done = CliRunner().invoke(app, ["export", *asked], env={"COLUMNS": "300"})
    assert (done.exit_code, "Name the format: --hledger." in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
