"""Numbered SQL migrations, each applied once, in order, in a transaction of its own, under a lock."""

import hashlib
import logging
from dataclasses import dataclass
from importlib import resources

import psycopg

from services.store.roles import SERVICE_ROLE, RoleRefused, may_work_as_service, provide_roles

LOCK = 0x466F6C696F  # "Folio": only one process migrates at a time

log = logging.getLogger(__name__)


class MigrationError(Exception):
    """The database is not as this version of the service expects; the message says how and what to do."""


@dataclass(frozen=True)
class Migration:
    """One file: `0001_event_log.sql`."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> bytes:
        """SHA-256 of the text: an applied migration must never be edited."""
        return hashlib.sha256(self.sql.encode()).digest()


def shipped_migrations() -> list[Migration]:
    """The migrations that come with this version, in order."""
    folder = resources.files("services.store") / "migrations"
    return [
        Migration(int(file.name.split("_")[0]), file.name, file.read_text("utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    ]


def migrate(conninfo: str, migrations: list[Migration] | None = None) -> int:
    """Bring the database up to date; returns how many migrations were applied.

    The login's own rights count here, and nowhere else; one without any but the service's finds nothing to do.
    Raises MigrationError when an applied file was edited, the database is newer than this version or the login may
    not change it; psycopg.Error when the database is away.
    """
    shipped = shipped_migrations() if migrations is None else migrations
    with psycopg.connect(conninfo, autocommit=True) as connection:
        try:
            up_to_date = len(_applied(connection, shipped)) == len(shipped)
            if up_to_date and may_work_as_service(connection, connection.info.user):
                return 0
            connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            return _migrate(connection, shipped)
        except RoleRefused as error:
            raise MigrationError(str(error)) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise MigrationError(_refused(connection.info.user, error)) from error


def _migrate(connection: psycopg.Connection, shipped: list[Migration]) -> int:
    """Apply what is missing; nobody else does at this time. Without the service's role nothing is begun."""
    provide_roles(connection, connection.info.user)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS folio_migrations (number int PRIMARY KEY, name text NOT NULL,"
        " digest bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    applied = _applied(connection, shipped)
    for migration in shipped:
        if migration.number not in applied:
            _apply(connection, migration)
    return len(shipped) - len(applied)


def _applied(connection: psycopg.Connection, shipped: list[Migration]) -> dict[int, bytes]:
    """The numbers and digests of the migrations that the database has. Raises MigrationError when they do not fit."""
    try:
        rows = connection.execute("SELECT number, digest FROM folio_migrations").fetchall()
    except psycopg.errors.UndefinedTable:
        return {}
    applied: dict[int, bytes] = dict(rows)
    _check(applied, shipped)
    return applied


def _refused(login: str, error: psycopg.errors.InsufficientPrivilege) -> str:
    """What is to be done for a login without the rights."""
    return (
        f"{login} may not bring the database up to date: {error.diag.message_primary}. Let its owner run 'folio"
        f' migrate\'; a login that is only to serve needs no more than: GRANT {SERVICE_ROLE} TO "{login}";'
    )


def _check(applied: dict[int, bytes], shipped: list[Migration]) -> None:
    known = {migration.number: migration for migration in shipped}
    newer = applied.keys() - known.keys()
    if newer:
        raise MigrationError(
            f"The database has migration {max(newer)}, this version of folio knows up to {max(known)};"
            " start a version at least as new as the one that wrote it."
        )
    for number, digest in applied.items():
        if known[number].digest != digest:
            raise MigrationError(
                f"{known[number].name} was edited after it had been applied; put its text back and add a new"
                " migration for the change."
            )


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    with connection.transaction():
        connection.execute(migration.sql.encode())
        connection.execute(
            "INSERT INTO folio_migrations (number, name, digest) VALUES (%s, %s, %s)",
            [migration.number, migration.name, migration.digest],
        )
    log.info("applied migration %s", migration.name)
