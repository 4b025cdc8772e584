"""`folio audit` as an auditor runs it: what it says, how it ends, and that it leaves everything as it is."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped, unused-ignore]
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from services.audit.findings import Finding, Kind
from services.cli import app
from services.evidence.keys import public_text
from services.store.anchoring import AnchorFile
from services.store.embedded import discard
from tests.audit.sealed_log import SealedLog, unprotected
from tests.faults.server import HEADERS, Server

SECONDS_MAX = 60
OWES_MORE = "UPDATE read_model.folios SET balance_amount = balance_amount + {} WHERE folio_id = 'FOLIO-B'"
PASSWORD = "a-password-that-nobody-sees"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Signals are handled by the test run again afterwards."""
    kept = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, kept)


@pytest.fixture
def key(sealed_log: SealedLog, tmp_path: Path) -> str:
    """The file of the public key that the log is sealed with."""
    return written(tmp_path / "key.pem", sealed_log.key)


@pytest.fixture
def named(sealed_log: SealedLog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The database is named by the environment, and the folder holds nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOLIO_DATABASE_URL", sealed_log.conninfo)
    return sealed_log.conninfo


def written(path: Path, key: Ed25519PrivateKey) -> str:
    path.write_text(public_text(key.public_key()))
    return str(path)


def audit(*arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: its status, what it says, and what it says besides."""
    result = CliRunner().invoke(app, ["audit", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def begin(*arguments: str) -> "subprocess.Popen[str]":
    """Begin a command in a process of its own."""
    command = [sys.executable, "-m", "services.cli", "audit", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def verify_in_a_process(data: Path) -> tuple[int, str, str]:
    process = begin("verify", "--data", str(data))
    said, besides = process.communicate(timeout=SECONDS_MAX)
    return process.returncode, said, besides


def change(sealed_log: SealedLog, statement: str) -> None:
    with psycopg.connect(sealed_log.administrators_conninfo) as administrator, unprotected(administrator):
        administrator.execute(statement.encode())


def test_a_sound_log(sealed_log: SealedLog, named: str, key: str, tmp_path: Path) -> None:
    status, said, besides = audit("verify", "--key", key)
    assert (status, said) == (
        0,
        f"{sealed_log.head} events up to position {sealed_log.head} were checked; checkpoint 3 has signed them"
        f" up to position {sealed_log.head}.\nNothing was found to be altered.\n",
    )
    for part in ("Events and their links", "Protections", "Read models", "Comparing payment_requests."):
        assert part in besides
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_a_sound_log_as_json_with_the_file_of_checkpoints_and_from_a_position_on(
    sealed_log: SealedLog, named: str, key: str, tmp_path: Path
) -> None:
    with psycopg.connect(named) as connection:
        AnchorFile(tmp_path / "anchors").follow(connection)
    status, said, _ = audit(
        "verify", "--key", key, "--json", "--since", "50", "--checkpoints", str(tmp_path / "anchors")
    )
    document = json.loads(said)
    assert document["checkpoint"]["number"] == 3
    assert (status, {**document, "checkpoint": None}) == (
        0,
        {
            "status": "CLEAN",
            "events": sealed_log.head - 50,
            "position": sealed_log.head,
            "notLinkedYet": 0,
            "checkpoint": None,
            "counts": {},
            "findings": [],
        },
    )


def test_a_changed_log_and_a_changed_read_model(sealed_log: SealedLog, named: str, key: str) -> None:
    change(sealed_log, "UPDATE ledger.events SET state = state || ' ' WHERE notification_id = 7")
    change(sealed_log, OWES_MORE.format(1))
    try:
        status, said, _ = audit("verify", "--key", key, "--json")
        again = audit("verify", "--key", key, "--since", str(sealed_log.head))
    finally:
        change(sealed_log, "UPDATE ledger.events SET state = btrim(state, ' ') WHERE notification_id = 7")
        change(
            sealed_log, "UPDATE read_model.folios SET balance_amount = balance_amount - 1 WHERE folio_id = 'FOLIO-B'"
        )
    document = json.loads(said)
    assert (status, document["status"]) == (1, "FOUND")
    first = document["findings"][0]
    assert (first["kind"], first["position"]) == ("EVENT_DIFFERS", 7)
    assert document["counts"]["READ_MODEL_DIFFERS"] >= 1
    assert again[0] == 1
    assert "READ_MODEL_DIFFERS: folios FOLIO-B, balance_amount: it is" in again[1]
    assert "EVENT_DIFFERS" not in again[1]
    assert "Findings: " in again[1]


def test_a_name_that_somebody_put_there_commands_no_terminal() -> None:
    finding = Finding(Kind.EVENT_DIFFERS, "stream \x1b[2J\ud800\n홍길동")
    assert str(finding) == "EVENT_DIFFERS: stream \\x1b[2J\\ud800\\n홍길동"
    assert finding.document()["sentence"] == "stream \\x1b[2J\\ud800\\n홍길동"


def test_a_protection_that_was_taken_away(sealed_log: SealedLog, named: str, key: str) -> None:
    with psycopg.connect(sealed_log.administrators_conninfo, autocommit=True) as administrator:
        administrator.execute("ALTER TABLE ledger.links DISABLE TRIGGER refuse_change")
        try:
            status, said, _ = audit("verify", "--key", key)
        finally:
            administrator.execute("ALTER TABLE ledger.links ENABLE ALWAYS TRIGGER refuse_change")
    assert status == 1
    assert "PROTECTION_MISSING: The trigger refuse_change on ledger.links is not always enabled." in said


def test_what_cannot_be_checked_is_not_clean(named: str, key: str, tmp_path: Path) -> None:
    other = written(tmp_path / "other.pem", Ed25519PrivateKey.generate())
    status, said, _ = audit("verify", "--key", other)
    assert status == 2
    assert "NOT_CHECKED: 3 checkpoints, the first of them 1, are signed with key" in said
    assert "Could not check: 1, see NOT_CHECKED above. That is not clean." in said
    assert audit("verify", "--key", other, "--key", key)[0] == 0
    status, said, _ = audit("verify", "--key", key, "--since", "1000000", "--json")
    assert (status, json.loads(said)["status"]) == (2, "NOT_CHECKED")
    assert audit("verify")[0] == 2  # without a key, and none is made
    assert not (tmp_path / ".folio").exists()


def test_a_login_that_may_only_be_the_service(sealed_log: SealedLog, named: str, key: str, monkeypatch: Any) -> None:
    with psycopg.connect(sealed_log.administrators_conninfo, autocommit=True) as administrator:
        administrator.execute(f"CREATE ROLE auditor LOGIN PASSWORD '{PASSWORD}'".encode())
        administrator.execute("GRANT folio_service TO auditor")
        try:
            auditor = make_conninfo(named, user="auditor", password=PASSWORD)
            monkeypatch.setenv("FOLIO_DATABASE_URL", auditor)
            clean = audit("verify", "--key", key)
            monkeypatch.setenv(
                "FOLIO_DATABASE_URL", make_conninfo(auditor, options="-c default_transaction_read_only=on")
            )
            reading = audit("verify", "--key", key)
            administrator.execute("REVOKE folio_service FROM auditor")
            refused = audit("verify", "--key", key)
        finally:
            administrator.execute("DROP ROLE auditor")
    assert clean[0] == 0, clean
    assert reading[0] == 2, reading
    assert "NOT_CHECKED: Read models: the check ended" in reading[1]
    assert refused[0] == 2
    assert 'permission denied to set role "folio_service"' in refused[2]
    assert all(PASSWORD not in told for result in (clean, reading, refused) for told in result[1:])


def test_a_database_of_another_version_is_not_touched(sealed_log: SealedLog, named: str, key: str) -> None:
    with psycopg.connect(sealed_log.administrators_conninfo, autocommit=True) as administrator:
        newest = "(SELECT max(number) FROM folio_migrations)"
        administrator.execute(f"UPDATE folio_migrations SET number = -number WHERE number = {newest}".encode())
        status, said, besides = audit("verify", "--key", key)
        changed = administrator.execute("UPDATE folio_migrations SET number = -number WHERE number < 0")
    assert changed.rowcount == 1
    assert (status, said) == (2, "")
    assert "The database is not of this version of the service. Let 'folio migrate' bring it up to date." in besides


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "yesterday"), "'yesterday' is no position and no time with an offset"),
        (("--since", "2026-11-22T14:00:00"), "is no position and no time with an offset"),
        (("--since", "9" * 30), "is no position and no time with an offset"),
        (("--key", "nothing.pem"), "nothing.pem holds no public key that can be read: No such file or directory"),
    ],
)
def test_what_is_asked_for_wrongly_is_told(named: str, key: str, arguments: tuple[str, ...], message: str) -> None:
    status, said, besides = audit("verify", "--key", key, *arguments)
    assert (status, said) == (2, "")
    assert message in " ".join(besides.replace("│", " ").split())


def test_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("FOLIO_DATABASE_URL", f"postgresql://folio:{PASSWORD}@127.0.0.1:1/folio")
    status, said, besides = audit("verify", "--key", key)
    assert (status, said) == (2, "")
    assert "The database does not answer" in besides
    assert PASSWORD not in besides


@pytest.mark.parametrize(("command", "expected"), [("verify", 2), ("seal", 1), ("key", 1)])
def test_a_folder_without_records_is_told_and_not_filled(
    command: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FOLIO_DATABASE_URL", raising=False)
    for data in (tmp_path / "nothing", tmp_path):
        status, said, besides = audit(command, "--data", str(data))
        assert (status, said) == (expected, "")
        assert ("holds no key yet" if command == "key" else "There are no records in") in besides
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_check_that_is_stopped(sealed_log: SealedLog, named: str, key: str, with_signal: signal.Signals) -> None:
    with psycopg.connect(sealed_log.administrators_conninfo) as administrator:
        administrator.execute("LOCK TABLE ledger.aliases, read_model.folios")
        process = begin("verify", "--key", key)
        assert process.stderr is not None
        line = ""
        while "Names" not in line:
            line = process.stderr.readline()
            assert line, "it ended"
        (beside,) = [each for each in psutil.Process(process.pid).children() if "spawn_main" in str(each.cmdline())]
        process.send_signal(with_signal)
        said, besides = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 130
    assert said == "Stopped. What was not checked is not clean.\n"
    assert "Traceback" not in besides
    psutil.wait_procs([beside], timeout=SECONDS_MAX)
    assert not beside.is_running()


def test_beside_a_service_after_it_and_after_it_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLIO_DATABASE_URL", raising=False)
    server = Server(tmp_path / "data")
    try:
        for ended_by in (signal.SIGTERM, signal.SIGKILL):
            server.start()
            server.wait_for(200)
            body = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 100}
            for folio in ("FOLIO-1", "FOLIO-2"):
                path = f"{server.address}/v1/folios/{folio}/bills"
                httpx.post(path, json=body, headers=HEADERS, timeout=SECONDS_MAX).raise_for_status()
            beside = verify_in_a_process(tmp_path / "data")
            assert beside[0] == 0, beside
            server.end(ended_by)
            if ended_by is signal.SIGTERM:
                after = verify_in_a_process(tmp_path / "data")
                assert (after[0], "has signed them up to position" in after[1]) == (0, True), after
        assert audit("seal", "--data", str(tmp_path / "data"))[0] == 0
        assert verify_in_a_process(tmp_path / "data")[0] == 0
        status, said, _ = audit("key", "--data", str(tmp_path / "data"))
        assert (status, said.splitlines()[0]) == (0, "-----BEGIN PUBLIC KEY-----")
    finally:
        server.kill()
        discard(tmp_path / "data")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("key", "Print the public key that this service's checkpoints are signed with"),
        ("seal", "Link every event that is not linked yet and sign a checkpoint"),
        ("verify", "2 when something could not be checked"),
    ],
)
def test_the_help_says_what_a_command_does(command: str, words: str) -> None:
    status, said, _ = audit(command, "--help")
    assert status == 0
    assert words in " ".join(said.split())
