"""Migrations: each applied once, whoever starts at the same time, and never one that was edited."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.bootstrap import READ_MODELS
from services.store.migrate import Migration, MigrationError, migrate, shipped_migrations

PROJECT = Path(__file__).parents[2]
SECONDS_MAX = 60
MIGRATE = "import sys; from services.store.migrate import migrate; print(migrate(sys.argv[1]))"
PREPARE = "import sys; from services.bootstrap import prepare_database; prepare_database(sys.argv[1]); print(0)"
NOTE = Migration(9001, "9001_note.sql", "CREATE TABLE ledger.note (text text)")


@pytest.fixture
def empty_database(postgres: str) -> str:
    """A database that no version of the service has seen."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS ledger, read_model, collection, reporting CASCADE")
        connection.execute("DROP TABLE IF EXISTS folio_migrations")
    return postgres


def ask(conninfo: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement.encode()).fetchall()


def tables(conninfo: str) -> list[tuple[Any, ...]]:
    return ask(
        conninfo,
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema IN ('ledger', 'read_model') ORDER BY 1, 2",
    )


def run(script: str, conninfo: str) -> int:
    """Run a script in a process of its own; returns what it prints."""
    command = [sys.executable, "-c", script, conninfo]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_the_shipped_migrations_are_numbered_without_gaps() -> None:
    numbers = [migration.number for migration in shipped_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_eight_threads_that_start_together_apply_each_migration_once(empty_database: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        applied = list(pool.map(migrate, [empty_database] * 8))
    assert sum(applied) == len(shipped_migrations())
    assert sorted(applied)[:-1] == [0] * 7


def test_eight_processes_that_start_together_apply_each_migration_once(empty_database: str) -> None:
    scripts = [MIGRATE, MIGRATE, PREPARE, MIGRATE, PREPARE, MIGRATE, MIGRATE, PREPARE]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, scripts, [empty_database] * 8))
    recorded = ask(empty_database, "SELECT number, name, digest FROM folio_migrations ORDER BY number")
    assert recorded == [(each.number, each.name, each.digest) for each in shipped_migrations()]
    positions = ask(empty_database, "SELECT application_name, notification_id FROM read_model.positions")
    assert sorted(positions) == sorted((model.name, 0) for model in READ_MODELS)


def test_a_second_start_applies_nothing(database: str) -> None:
    before = ask(database, "SELECT * FROM folio_migrations ORDER BY number")
    assert migrate(database) == 0
    assert ask(database, "SELECT * FROM folio_migrations ORDER BY number") == before


def test_a_migration_that_was_edited_after_it_was_applied_is_refused(database: str) -> None:
    first, *others = shipped_migrations()
    edited = [replace(first, sql=first.sql + "\n-- only a remark"), *others, NOTE]
    with pytest.raises(MigrationError, match=rf"{first.name} was edited"):
        migrate(database, edited)
    assert ("ledger", "note") not in tables(database)


def test_a_database_of_a_newer_version_is_refused(database: str) -> None:
    assert migrate(database, [*shipped_migrations(), NOTE]) == 1
    with pytest.raises(MigrationError, match=r"has migration 9001, this version of folio knows up to \d+;"):
        migrate(database)


def test_a_migration_that_fails_leaves_nothing_and_is_applied_when_put_right(database: str) -> None:
    broken = replace(NOTE, sql=f"{NOTE.sql}; SELECT nonsense")
    before = tables(database)
    with pytest.raises(psycopg.errors.UndefinedColumn):
        migrate(database, [*shipped_migrations(), broken])
    assert tables(database) == before
    assert migrate(database, [*shipped_migrations(), NOTE]) == 1


def test_a_process_that_was_killed_while_migrating_holds_nobody_up(empty_database: str) -> None:
    killed = (
        "import os, sys; from services.store import migrate\n"
        "apply = migrate._apply\n"
        "def dying(connection, migration):\n"
        "    if migration.number == 3: os.kill(os.getpid(), 9)\n"
        "    apply(connection, migration)\n"
        "migrate._apply = dying; migrate.migrate(sys.argv[1])"
    )
    command = [sys.executable, "-c", killed, empty_database]
    assert subprocess.run(command, cwd=PROJECT, timeout=SECONDS_MAX, check=False).returncode == -9
    assert ask(empty_database, "SELECT number FROM folio_migrations ORDER BY 1") == [(1,), (2,)]
    assert migrate(empty_database) == len(shipped_migrations()) - 2
