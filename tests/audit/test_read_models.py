"""What was changed in the read models is found, whatever it is, and nothing holds the comparison up for ever."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from projections.building import Progress
from projections.entries import EntryModel
from projections.read_model import ReadModel
from services.audit.findings import Finding, Kind
from services.audit.read_models import read_model_findings
from services.bootstrap import CODEC, READ_MODELS
from tests.audit.sealed_log import SealedLog, unprotected

BOOKS = ("positions", "definitions", "parked")
SECONDS_MAX = 60
OTHER = {
    "bigint": "coalesce({0}, 0) - 1",
    "integer": "coalesce({0}, 0) + 1",
    "numeric": "coalesce({0}, 0) + 1",
    "text": "coalesce({0}, '') || 'x'",
    "boolean": "coalesce(NOT {0}, true)",
    "date": "coalesce({0} + 1, '2026-11-22')",
    "timestamp with time zone": "coalesce({0} + interval '1 microsecond', '2026-11-22')",
    "jsonb": "jsonb_build_array({0}, 7)",
    "ARRAY": "array_append({0}, 'x')",
}
"""Another value, by type."""
SELECT_TYPES = """
    SELECT column_name, data_type FROM information_schema.columns
     WHERE table_schema = 'read_model' AND table_name = %(name)s
"""


def look(sealed_log: SealedLog, *models: ReadModel) -> list[Finding]:
    """What is found in read models."""

    async def found() -> list[Finding]:
        async with asyncio.timeout(SECONDS_MAX):
            findings = read_model_findings(sealed_log.conninfo, models or READ_MODELS, CODEC, Progress())
            return [finding async for finding in findings]

    return asyncio.run(found())


@pytest.fixture
def administrator(sealed_log: SealedLog) -> Iterator[psycopg.Connection]:
    """The superuser, whose changes take effect at once and are undone at the end."""
    tables = [f"read_model.{name}" for name in (*(model.name for model in READ_MODELS), *BOOKS)]
    with (
        psycopg.connect(sealed_log.administrators_conninfo, autocommit=True) as connection,
        kept(connection, *tables, "ledger.events"),
    ):
        yield connection


@contextmanager
def kept(connection: psycopg.Connection, *tables: str) -> Iterator[None]:
    """Put the rows of tables back as they were."""
    for table in tables:
        connection.execute(f"CREATE TEMPORARY TABLE {table.split('.')[1]}_kept AS TABLE {table}".encode())
    yield
    with connection.transaction(), unprotected(connection):
        for table in tables:
            restore = f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM pg_temp.{table.split('.')[1]}_kept"
            connection.execute(restore.encode())


def key_of(model: ReadModel) -> str:
    return model.columns[0]


def added_key(model: ReadModel) -> str:
    """A key that no row has, as SQL has it: entries have their position."""
    return "4711" if isinstance(model, EntryModel) else "'added'"


def test_nothing_is_found_where_nothing_was_changed(sealed_log: SealedLog) -> None:
    assert look(sealed_log) == []


def test_a_changed_value_of_every_column_is_found(sealed_log: SealedLog, administrator: psycopg.Connection) -> None:
    expected = set()
    for model in READ_MODELS:
        types: dict[str, str] = dict(administrator.execute(SELECT_TYPES, {"name": model.name}).fetchall())
        assert types.keys() == set(model.columns)
        changes = [f"{column} = {OTHER[types[column]].format(column)}" for column in model.columns[1:]]
        one = f"(SELECT max({key_of(model)}) FROM read_model.{model.name})"
        statement = f"UPDATE read_model.{model.name} SET {', '.join(changes)} WHERE {key_of(model)} = {one}"
        assert administrator.execute(statement.encode()).rowcount == 1
        expected |= {f", {column}: it is" for column in model.columns[1:]}
    found = look(sealed_log)
    assert {finding.kind for finding in found} == {Kind.READ_MODEL_DIFFERS}
    assert len(found) == sum(len(model.columns) - 1 for model in READ_MODELS)
    assert all(any(part in finding.sentence for finding in found) for part in expected)


def test_a_removed_and_an_added_row_are_found(sealed_log: SealedLog, administrator: psycopg.Connection) -> None:
    for model in READ_MODELS:
        columns = ", ".join(model.columns[1:])
        key = added_key(model)
        copied = columns.replace("subject", "subject || 'x'", 1) if isinstance(model, EntryModel) else columns
        added = (
            f"INSERT INTO read_model.{model.name} ({key_of(model)}, {columns})"
            f" SELECT {key}, {copied} FROM read_model.{model.name} LIMIT 1"
        )
        least = f"(SELECT min({key_of(model)}) FROM read_model.{model.name} WHERE {key_of(model)} <> {key})"
        administrator.execute(added.encode())
        administrator.execute(f"DELETE FROM read_model.{model.name} WHERE {key_of(model)} = {least}".encode())
    found = look(sealed_log)
    for model in READ_MODELS:
        sentences = [each.sentence for each in found if each.sentence.startswith(f"{model.name} ")]
        assert len(sentences) == 2
        key = added_key(model).strip("'")
        assert any(sentence.startswith(f"{model.name} {key}: it is {{") for sentence in sentences)
        assert any(": it is None, the log says {" in sentence for sentence in sentences)


def test_a_read_model_that_says_to_have_taken_more_than_the_log_has_is_found(
    sealed_log: SealedLog, administrator: psycopg.Connection
) -> None:
    administrator.execute("UPDATE read_model.positions SET notification_id = 10^12 WHERE application_name = 'bills'")
    (found,) = look(sealed_log)
    assert found.kind is Kind.READ_MODEL_DIFFERS
    assert (
        found.sentence == f"The read model bills stands at position 1000000000000; the log ends at {sealed_log.head}."
    )


@pytest.mark.parametrize("position", [0, -7, 30])
def test_a_read_model_that_says_to_have_taken_less_than_its_rows_hold_is_found(
    sealed_log: SealedLog, administrator: psycopg.Connection, position: int
) -> None:
    statement = f"UPDATE read_model.positions SET notification_id = {position} WHERE application_name = 'folios'"
    administrator.execute(statement.encode())
    found = look(sealed_log)
    assert {finding.kind for finding in found} == {Kind.READ_MODEL_DIFFERS}
    assert all(finding.sentence.startswith("folios ") for finding in found)


def test_a_log_that_lacks_events_holds_nothing_up(sealed_log: SealedLog, administrator: psycopg.Connection) -> None:
    with unprotected(administrator):
        administrator.execute("DELETE FROM ledger.events WHERE notification_id = 40")
    (found,) = look(sealed_log)
    assert (found.kind, found.sentence) == (
        Kind.NOT_CHECKED,
        "The log lacks events: the read models cannot be derived from it.",
    )
    with unprotected(administrator):
        administrator.execute("DELETE FROM ledger.events WHERE notification_id >= 40")
    found_of = [finding.sentence for finding in look(sealed_log)]
    assert found_of == [
        f"The read model {model.name} stands at position {sealed_log.head}; the log ends at 39."
        for model in READ_MODELS
    ]


def test_an_accommodation_that_nobody_can_read_holds_nothing_up(
    sealed_log: SealedLog, administrator: psycopg.Connection
) -> None:
    unreadable = "topic = 'accommodation.configured' AND originator_version = 1"
    with unprotected(administrator):
        administrator.execute(f"UPDATE ledger.events SET topic = topic || 'x' WHERE {unreadable}".encode())
    (found,) = look(sealed_log)
    assert found.kind is Kind.NOT_CHECKED
    assert "bill_entries" in found.sentence
    assert "More than 20 events cannot be taken" in found.sentence


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM read_model.positions WHERE application_name = 'bills'",
        "DELETE FROM read_model.definitions WHERE name = 'bills'",
        "UPDATE read_model.definitions SET digest = '' WHERE name = 'bills'",
    ],
)
def test_a_read_model_that_cannot_be_compared_is_told_and_the_others_are(
    sealed_log: SealedLog, administrator: psycopg.Connection, statement: str
) -> None:
    administrator.execute(statement.encode())
    administrator.execute("UPDATE read_model.folios SET balance_amount = 7 WHERE folio_id = 'FOLIO-A'")
    found = look(sealed_log)
    assert [finding.kind for finding in found] == [Kind.NOT_CHECKED, Kind.READ_MODEL_DIFFERS]
    assert found[0].sentence.startswith("The read model bills has no table, or one of another version")


def test_events_that_are_parked_are_not_taken_for_checked(
    sealed_log: SealedLog, administrator: psycopg.Connection
) -> None:
    parked = "INSERT INTO read_model.parked (read_model, position, folio, reason) VALUES ('bills', 5, 'FOLIO-1', 'no')"
    administrator.execute(parked.encode())
    found = look(sealed_log)
    assert found[0].kind is Kind.NOT_CHECKED
    assert found[0].sentence.startswith("The read model bills lacks 1 events")
