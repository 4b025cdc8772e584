"""Numbered SQL migrations, each applied once, in order, in a transaction of its own, under a lock."""

import hashlib
import logging
from dataclasses import dataclass
from importlib import resources

import psycopg

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

    Raises MigrationError when an applied file was edited or the database is newer than this version;
    psycopg.Error when the database is away or the account may not create schemas.
    """
    shipped = shipped_migrations() if migrations is None else migrations
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        connection.execute(
            "CREATE TABLE IF NOT EXISTS folio_migrations (number int PRIMARY KEY, name text NOT NULL,"
            " digest bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        rows = connection.execute("SELECT number, digest FROM folio_migrations").fetchall()
        applied: dict[int, bytes] = dict(rows)
        _check(applied, shipped)
        for migration in shipped:
            if migration.number not in applied:
                _apply(connection, migration)
        return len(shipped) - len(applied)


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
