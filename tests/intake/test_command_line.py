"""`folio import` as an operator runs it: what it prints, how it ends, and that a killed run can be repeated."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from services.store.embedded import attach, discard
from tests.intake.exports import csv, line, rejects_in

SECONDS_MAX = 60


@pytest.fixture
def environment() -> dict[str, str]:
    """This one, without settings of a developer."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FOLIO_")}


def start(folder: Path, environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "services.cli", "import", *arguments, "--data", str(folder / "data")]
    environment = {**environment, "PYTHONPATH": str(Path.cwd())}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> tuple[int, str]:
    try:
        _, said = process.communicate(timeout=SECONDS_MAX)
    finally:
        process.kill()
    return process.returncode, said


def bills_in(data: Path) -> int:
    """How many bills the running server of a data folder holds."""
    conninfo = attach(data) if data.exists() else None
    if conninfo is None:
        return 0
    try:
        with psycopg.connect(conninfo) as connection:
            row = connection.execute("SELECT count(*) FROM ledger.idempotency_keys").fetchone()
            return row[0] if row else 0
    except psycopg.Error:
        return 0


def wait_for_bills(data: Path, count: int) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while bills_in(data) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_import_that_is_interrupted_and_killed_is_completed_by_a_third(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    data, file = tmp_path / "data", tmp_path / "export.csv"
    file.write_bytes(csv(*[line(f"{each}", f"F{each // 2}", paid=1) for each in range(3_000)], line("bad", total="x")))
    try:
        interrupted = start(tmp_path, environment, "export.csv")
        wait_for_bills(data, 150)
        interrupted.send_signal(signal.SIGINT)
        code, said = finish(interrupted)
        assert code == 130
        assert "goes on where it stopped" in said
        assert "Traceback" not in said

        killed = start(tmp_path, environment, "export.csv")
        wait_for_bills(data, 600)
        killed.kill()
        assert finish(killed)[0] == -signal.SIGKILL

        code, said = finish(start(tmp_path, environment, "export.csv"))
        assert code == 1  # one was rejected
        assert "There already: " in said
        assert "Rejected: 1; export.rejects.jsonl says why." in said
        assert [each["line"] for each in rejects_in(tmp_path / "export.rejects.jsonl")] == [3_002]

        file.write_bytes(file.read_bytes().replace(b",x,", b",1000,"))
        code, said = finish(start(tmp_path, environment, "export.csv"))
        assert (code, said) == (0, "Bills added: 1, with 0 payments. There already: 3,000.\n")
    finally:
        discard(data)


def test_a_file_that_is_not_there_starts_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    code, said = finish(start(tmp_path, environment, "[/none].csv"))
    assert (code, said) == (1, "folio: There is no file [/none].csv.\n")
    assert list(tmp_path.iterdir()) == []
