"""The service's own PostgreSQL: its starts, its privacy, and every way in which a start can go wrong."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped, unused-ignore]
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from services.store.embedded import DataFolderInUse, EmbeddedPostgres, EmbeddedPostgresError, attach, discard
from services.store.embedded_account import PLACES, existing_place, find_programs, server_account

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

SERVICE = """
import pathlib, sys, time
from services.store import embedded, embedded_account
{before}
print(embedded.EmbeddedPostgres(*map(pathlib.Path, sys.argv[1:])).start(), flush=True)
time.sleep(600)
"""
PROJECT = Path(__file__).parents[2]
UNTIED = "embedded_account._tie_to_parent = lambda at_death: None"
AS_NOBODY = """
import os, pwd; nobody = pwd.getpwnam("nobody")
os.setgroups([]); os.setgid(nobody.pw_gid); os.setuid(nobody.pw_uid)
"""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder; for root one that the server's account cannot reach."""
    yield tmp_path / "data"
    discard(tmp_path / "data")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can reach."""
    folder = Path(tempfile.mkdtemp(prefix="folio-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def ask(conninfo: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def cluster_of(data: Path) -> Path:
    return existing_place(data) / "postgres"


def assert_starts(data: Path) -> None:
    with EmbeddedPostgres(data) as conninfo:
        assert ask(conninfo, "SELECT 1") == [(1,)]


def server_pid(data: Path) -> int:
    return int((cluster_of(data) / "postmaster.pid").read_text().split()[0])


def has_ended(server: psutil.Process) -> bool:
    try:
        return bool(server.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def socket_of(data: Path) -> Path:
    return Path((data / "postgres-runtime").read_text().strip())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def states(*paths: Path) -> list[tuple[Path, int, str]]:
    return [(path, mode(path), path.owner()) for path in paths]


@contextmanager
def service(data: Path, *binaries: Path, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """A service in a process of its own, which is killed at the end; it prints the connection string."""
    command = [sys.executable, "-c", SERVICE.format(before=before), str(data), *map(str, binaries)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def conninfo_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def fake_programs(folder: Path, initdb: str) -> Path:
    programs = folder / "bin"
    programs.mkdir()
    (programs / "postgres").symlink_to(find_programs(None, server_account())[0] / "postgres")
    (programs / "initdb").write_text(f"#!/bin/sh\n{initdb}\n")
    (programs / "initdb").chmod(0o755)
    return programs


def test_a_second_start_finds_what_the_first_one_stored(data: Path) -> None:
    with EmbeddedPostgres(data) as conninfo:
        ask(conninfo, "CREATE TABLE kept AS SELECT 'größer' AS word")
        ask(
            make_conninfo(conninfo, user="postgres"), "DROP ROLE folio_service"
        )  # as a folder from before there was one
    server = EmbeddedPostgres(data)
    conninfo = server.start()
    facts = "SELECT word, user, current_setting('is_superuser'), current_setting('timezone') FROM kept"
    assert ask(conninfo, facts) == [("größer", "folio", "off", "UTC")]
    assert ask(conninfo, "SELECT pg_has_role('folio', 'folio_service', 'SET')") == [(True,)]
    rules = "SELECT datlocale, current_setting('data_checksums') FROM pg_database WHERE datname = 'folio'"
    assert ask(conninfo, rules) == [("C.UTF-8", "on")]
    server.stop()
    server.stop()
    assert attach(data) is None


def test_only_the_service_gets_in(data: Path) -> None:
    with EmbeddedPostgres(data) as conninfo:
        assert psutil.Process(server_pid(data)).net_connections("inet") == []
        for user in ("folio", "postgres"):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(make_conninfo(conninfo, user=user, password="wrong"))  # noqa: S106
        superuser = make_conninfo(conninfo, user="postgres")
        assert ask(superuser, "SELECT DISTINCT auth_method FROM pg_hba_file_rules") == [("scram-sha-256",)]
        private = (socket_of(data), socket_of(data) / ".s.PGSQL.5432", cluster_of(data))
        assert {mode(path) for path in private} == {0o700}
        assert mode(data / "postgres-password") == 0o600
        assert mode(data) == (0o711 if os.geteuid() == 0 else 0o700)
        ask(conninfo, "CREATE TABLE guests (name text PRIMARY KEY); INSERT INTO guests VALUES ('Smith')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            ask(conninfo, "INSERT INTO guests VALUES ('Smith')")
    logged = (data / "postgres.log").read_text()
    assert ("guests_pkey" in logged, "Smith" in logged) == (True, False)


@as_root
def test_root_changes_no_folder_that_it_did_not_make(tmp_path: Path) -> None:
    data = tmp_path / "private" / "data"
    data.mkdir(parents=True, mode=0o750)
    data.parent.chmod(0o700)
    programs = find_programs(None, server_account())[0]
    watched = [data, *data.parents, programs, *programs.parents, PLACES.parent]
    before = states(*watched)
    with EmbeddedPostgres(data):
        assert states(*watched) == before
        assert socket_of(data).is_relative_to(PLACES)
        assert psutil.Process(server_pid(data)).username() == "folio-postgres"
    discard(data)
    assert states(*watched) == before
    assert [path.name for path in data.iterdir()] == ["service.lock"]


@as_root
def test_root_runs_a_copy_of_programs_that_the_account_cannot_reach(data: Path, tmp_path: Path) -> None:
    package = find_programs(None, server_account())[0].parents[1]
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), tmp_path / name)
    private = tmp_path / package.name / "pginstall" / "bin"
    (private / "initdb").chmod(0o700)
    before = states(*private.iterdir(), *private.parents)
    with EmbeddedPostgres(data, private):
        program = Path(psutil.Process(server_pid(data)).exe())
    shutil.rmtree(next(path for path in program.parents if path.parent == PLACES))
    assert states(*private.iterdir(), *private.parents) == before


@as_root
def test_an_ordinary_user_runs_it_as_himself(public: Path) -> None:
    shutil.chown(public, "nobody")
    data, programs = public / "data", find_programs(None, server_account())[0]
    with service(data, programs, before=AS_NOBODY) as process:
        assert ask(conninfo_of(process), "SELECT 1") == [(1,)]
        assert psutil.Process(server_pid(data)).username() == "nobody"
        assert mode(data) == 0o700
    discard(data)


def test_a_second_service_is_told_who_holds_the_folder(data: Path) -> None:
    with service(data) as process:
        conninfo = conninfo_of(process)
        with pytest.raises(DataFolderInUse, match=rf"{data} is in use .*process {process.pid}\)\. Stop that"):
            EmbeddedPostgres(data).start()
        assert attach(data) == conninfo
        assert ask(conninfo, "SELECT 1") == [(1,)]


@as_root
def test_records_lying_elsewhere_are_neither_shared_nor_begun_anew(data: Path, tmp_path: Path) -> None:
    with EmbeddedPostgres(data) as conninfo:
        shutil.copytree(data, tmp_path / "copy")
        with pytest.raises(DataFolderInUse):
            EmbeddedPostgres(tmp_path / "copy").start()
        assert ask(conninfo, "SELECT 1") == [(1,)]
    shutil.rmtree(existing_place(data))
    with pytest.raises(EmbeddedPostgresError, match="which is gone: restore it from a backup"):
        EmbeddedPostgres(data).start()


@pytest.mark.parametrize("server_is", ["going", "gone", "killed as well", "staying"])
def test_a_start_after_the_service_was_killed(data: Path, server_is: str) -> None:
    with service(data, before=UNTIED if server_is == "staying" else "") as process:
        ask(conninfo_of(process), "CREATE TABLE kept AS SELECT 1 AS number")
        server = psutil.Process(server_pid(data))
        if server_is == "killed as well":
            session = server.children()[0]
            session.suspend()  # so that it outlives the server
            server.kill()
            threading.Timer(1, session.resume).start()
    wait_until(lambda: server_is != "gone" or has_ended(server))
    with EmbeddedPostgres(data) as conninfo:
        assert ask(conninfo, "SELECT number FROM kept") == [(1,)]
        assert has_ended(server)


def test_the_server_outlives_the_thread_that_started_it(data: Path) -> None:
    server = EmbeddedPostgres(data)
    with ThreadPoolExecutor(1) as pool:
        conninfo = pool.submit(server.start).result()
    assert ask(conninfo, "SELECT 1") == [(1,)]
    server.stop()


def test_a_stale_process_id_of_another_program_blocks_nothing(data: Path, public: Path) -> None:
    assert_starts(data)
    with EmbeddedPostgres(public / "other") as other:
        (cluster_of(data) / "postmaster.pid").write_text(f"{server_pid(public / 'other')}\n")
        assert attach(data) is None
        assert_starts(data)
        assert ask(other, "SELECT 1") == [(1,)]


OTHER_MAJOR = ("PG_VERSION", "17\n", r"of PostgreSQL 17, the programs in .* of 18\. Nothing was changed: use")
WRONG_SETTING = ("postgresql.auto.conf", "nonsense = on\n", 'unrecognized configuration parameter "nonsense"')


@pytest.mark.parametrize(("name", "text", "error"), [OTHER_MAJOR, WRONG_SETTING])
def test_a_cluster_that_cannot_be_served_stays_as_it_is(data: Path, name: str, text: str, error: str) -> None:
    with EmbeddedPostgres(data):
        path = cluster_of(data) / name
    right = path.read_text()
    path.write_text(text)
    before = sorted(path.parent.rglob("*"))
    for _ in range(2):
        with pytest.raises(EmbeddedPostgresError, match=error):
            EmbeddedPostgres(data).start()
    assert sorted(path.parent.rglob("*")) == before
    path.write_text(right)
    assert_starts(data)


@pytest.mark.parametrize("name", ["x" * 120, "with, comma"])
def test_a_folder_that_no_socket_can_lie_in(public: Path, name: str) -> None:
    data = public / name / "data"
    with EmbeddedPostgres(data) as conninfo:
        socket = socket_of(data)
        assert (mode(socket), socket.is_relative_to(data), cluster_of(data).parent) == (0o700, False, data)
        assert attach(data) == conninfo
        assert ask(conninfo, "SELECT 1") == [(1,)]
    assert not socket.exists()


def test_a_cluster_from_an_interrupted_start_is_made_anew(data: Path, public: Path) -> None:
    partly = 'while [ "$1" != -D ]; do shift; done; mkdir "$2"; echo 18 >"$2/PG_VERSION"; exec sleep 600'
    with service(data, fake_programs(public, partly)):
        wait_until(lambda: list(existing_place(data).glob("postgres.new-*/postgres/PG_VERSION")) != [])
    assert_starts(data)
    assert list(existing_place(data).glob("postgres.new-*")) == []


def test_a_full_disk_at_the_first_start_leaves_nothing(data: Path, public: Path) -> None:
    programs = fake_programs(public, 'echo "initdb: could not write: No space left on device: $*"; exit 1')
    with pytest.raises(EmbeddedPostgresError, match=r"The disk is full: make room.*\n.*could not") as caught:
        EmbeddedPostgres(data, programs).start()
    assert [path.name for path in data.iterdir()] == ["service.lock"]
    place = Path(str(caught.value).split(" -D ")[1].split()[0]).parents[1]
    assert place == data or not place.exists()
    assert_starts(data)


INTERRUPTED_AT_A_FORK = """
import os, signal, sys
from services.store.embedded_account import Account

account = Account("this one")
os.register_at_fork(after_in_parent=lambda: signal.raise_signal(signal.SIGINT))
account.run("/bin/true")
print("the interrupt was lost")
"""


def test_an_interrupt_in_the_moment_of_a_fork_is_not_lost() -> None:
    command = [sys.executable, "-c", INTERRUPTED_AT_A_FORK]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGINT, done.stdout + done.stderr
