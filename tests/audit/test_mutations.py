"""Whatever somebody with every right changes in a row of the log or its evidence is found; where nothing, nothing."""

import pytest

from services.audit.findings import Kind
from tests.audit.sealed_log import Administrator, SealedLog
from tests.audit.tampering import ORDER, ROWS, columns_of, drop_constraints, tamper, the_row

BEFORE_CHRIST = "(to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00 BC')::timestamptz"

CHANGED = (
    ("events", "notification_id", "notification_id + 1000000", Kind.EVENT_MISSING),
    ("events", "notification_id", "-notification_id", Kind.EVENT_SURPLUS),
    ("events", "notification_id", "0", Kind.EVENT_SURPLUS),
    ("events", "originator_id", "originator_id || 'x'", Kind.EVENT_DIFFERS),
    ("events", "originator_id", "E'\\x1b[2J'", Kind.EVENT_DIFFERS),
    ("events", "originator_version", "originator_version + 1000", Kind.VERSION_WRONG),
    ("events", "originator_version", "-1", Kind.VERSION_WRONG),
    ("events", "topic", "'bill.moved'", Kind.EVENT_DIFFERS),
    ("events", "state", "''", Kind.EVENT_DIFFERS),
    ("events", "state", "'{}'", Kind.EVENT_DIFFERS),
    ("events", "state", "'[7]'", Kind.EVENT_DIFFERS),
    ("events", "state", "'{\"timestamp\":'", Kind.EVENT_DIFFERS),
    ("events", "state", "'\\xff00fe'", Kind.EVENT_DIFFERS),
    ("events", "state", "convert_to(repeat('[', 200000), 'UTF8')", Kind.EVENT_DIFFERS),
    ("events", "state", 'convert_to(E\'{"user":"\\\\uD800","folio_id":"\\\\uDC00"}\', \'UTF8\')', Kind.EVENT_DIFFERS),
    ("events", "state", "convert_to(E'{\"folio_id\":\"\\\\u0000\"}', 'UTF8')", Kind.EVENT_DIFFERS),
    ("events", "state", "convert_to('{\"timestamp\":' || repeat('9', 5000) || '}', 'UTF8')", Kind.EVENT_DIFFERS),
    ("events", "state", "state || ' '", Kind.EVENT_DIFFERS),
    ("events", "recorded_at", "recorded_at + interval '1 microsecond'", Kind.EVENT_DIFFERS),
    ("events", "recorded_at", "recorded_at - interval '1 day'", Kind.EVENT_DIFFERS),
    ("events", "recorded_at", "'infinity'", Kind.EVENT_DIFFERS),
    ("events", "recorded_at", "'-infinity'", Kind.EVENT_DIFFERS),
    ("events", "recorded_at", "'20000-01-01'", Kind.EVENT_DIFFERS),
    ("events", "recorded_at", BEFORE_CHRIST.format("recorded_at"), Kind.EVENT_DIFFERS),
    ("links", "position", "position + 1000000", Kind.LINK_SURPLUS),
    ("links", "position", "-position", Kind.LINK_SURPLUS),
    ("links", "chain", "chain || 'x'", Kind.LINK_MISPLACED),
    ("links", "number", "number + 1000", Kind.CHAIN_BROKEN),
    ("links", "number", "0", Kind.CHAIN_BROKEN),
    ("links", "previous", "sha256(previous)", Kind.CHAIN_BROKEN),
    ("links", "previous", "''", Kind.EVENT_DIFFERS),
    ("links", "hash", "sha256(hash)", Kind.EVENT_DIFFERS),
    ("links", "hash", "''", Kind.EVENT_DIFFERS),
    ("checkpoints", "number", "number + 1000", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "number", "-number", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "position", "position + 1000000", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "position", "position - 1", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "made_at", "made_at + interval '1 microsecond'", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "made_at", "'infinity'", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "made_at", "'20000-01-01'", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "made_at", BEFORE_CHRIST.format("made_at"), Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "root", "sha256(root)", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "root", "''", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "previous", "sha256(previous)", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "key_id", "'another'", Kind.KEY_DIFFERS),
    ("checkpoints", "signature", "set_byte(signature, 7, 255 - get_byte(signature, 7))", Kind.CHECKPOINT_DIFFERS),
    ("checkpoints", "signature", "''", Kind.CHECKPOINT_DIFFERS),
    ("heads", "chain", "chain || 'x'", Kind.TREE_DIFFERS),
    ("heads", "key", "sha256(key)", Kind.TREE_DIFFERS),
    ("heads", "drawer", "65535 - drawer", Kind.TREE_DIFFERS),
    ("heads", "links", "links + 1", Kind.TREE_DIFFERS),
    ("heads", "hash", "sha256(hash)", Kind.TREE_DIFFERS),
    ("tree", "node", "node + 200000", Kind.TREE_DIFFERS),
    ("tree", "node", "-node", Kind.TREE_DIFFERS),
    ("tree", "hash", "sha256(hash)", Kind.TREE_DIFFERS),
    ("signing_keys", "key_id", "'another'", Kind.KEY_DIFFERS),
    ("signing_keys", "public_key", "sha256(public_key)", Kind.KEY_DIFFERS),
    ("signing_keys", "public_key", "''", Kind.KEY_DIFFERS),
    ("signing_keys", "first_used_at", "first_used_at + interval '1 microsecond'", Kind.KEY_DIFFERS),
    ("signing_keys", "first_used_at", "'infinity'", Kind.KEY_DIFFERS),
    ("log_head", "position", "position + 1", Kind.HEAD_DIFFERS),
    ("log_head", "position", "0", Kind.HEAD_DIFFERS),
    ("log_head", "recorded_at", "recorded_at - interval '1 microsecond'", Kind.HEAD_DIFFERS),
    ("log_head", "recorded_at", "'20000-01-01'", Kind.HEAD_DIFFERS),
    ("log_head", "recorded_at", "'infinity'", Kind.HEAD_DIFFERS),
    ("log_head", "previous_recorded_at", "'2001-01-01'", Kind.HEAD_DIFFERS),
    ("log_head", "previous_recorded_at", "'20000-01-01'", Kind.HEAD_DIFFERS),
    ("log_head", "only_row", "false", Kind.HEAD_DIFFERS),
    ("aliases", "alias", "alias || 'x'", Kind.ALIAS_DIFFERS),
    ("aliases", "stream", "stream || 'x'", Kind.ALIAS_DIFFERS),
)
"""Table, column, what is put there, and the kind of finding that must be among those that tell of it."""

DELETED = {
    "events": Kind.LINK_SURPLUS,
    "links": Kind.LINK_MISSING,
    "heads": Kind.TREE_DIFFERS,
    "tree": Kind.TREE_DIFFERS,
    "signing_keys": Kind.KEY_DIFFERS,
    "log_head": Kind.HEAD_DIFFERS,
    "aliases": Kind.ALIAS_DIFFERS,
}
DOUBLED = {
    **DELETED,
    "events": Kind.EVENT_SURPLUS,
    "links": Kind.CHAIN_BROKEN,
    "checkpoints": Kind.CHECKPOINT_DIFFERS,
}
UNNAMED = {Kind.EVENT_SURPLUS, Kind.CHAIN_BROKEN, Kind.LINK_SURPLUS}
"""What tells of a row whose key was taken out."""
EMPTIED = {
    **DELETED,
    "events": Kind.EVENT_DIFFERS,
    "links": Kind.LINK_MISSING,
    "checkpoints": Kind.CHECKPOINT_DIFFERS,
}


def test_nothing_is_found_where_nothing_was_changed(sealed_log: SealedLog, administrator: Administrator) -> None:
    assert sealed_log.look(administrator) == []


def test_every_column_of_every_table_is_changed_here(administrator: Administrator) -> None:
    everything = {(table, column) for table in ORDER for column in columns_of(administrator, table)}
    assert {(table, column) for table, column, _, _ in CHANGED} == everything


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(("table", "column", "value", "kind"), CHANGED)
def test_a_changed_value_is_found(
    sealed_log: SealedLog, administrator: Administrator, table: str, column: str, value: str, kind: Kind, row: str
) -> None:
    if column == "only_row":
        drop_constraints(administrator, table)
    tamper(administrator, f"UPDATE ledger.{table} SET {column} = {value} WHERE {the_row(table, row)}")
    assert kind in sealed_log.kinds(administrator)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(("table", "kind"), DELETED.items())
def test_a_deleted_row_is_found(
    sealed_log: SealedLog, administrator: Administrator, table: str, kind: Kind, row: str
) -> None:
    tamper(administrator, f"DELETE FROM ledger.{table} WHERE {the_row(table, row)}")
    if (table, row) == ("links", "last"):
        kind = Kind.ROOT_DIFFERS  # nothing tells a link that was cut off from one that is still to come, but the root
    assert kind in sealed_log.kinds(administrator)


@pytest.mark.parametrize(
    ("row", "kind"),
    [("first", Kind.CHECKPOINT_MISSING), ("middle", Kind.CHECKPOINT_MISSING), ("last", Kind.TREE_DIFFERS)],
)
def test_a_deleted_checkpoint_is_found(
    sealed_log: SealedLog, administrator: Administrator, row: str, kind: Kind
) -> None:
    tamper(administrator, f"DELETE FROM ledger.checkpoints WHERE {the_row('checkpoints', row)}")
    assert kind in sealed_log.kinds(administrator)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(("table", "kind"), DOUBLED.items())
def test_a_row_that_is_there_twice_is_found(
    sealed_log: SealedLog, administrator: Administrator, table: str, kind: Kind, row: str
) -> None:
    drop_constraints(administrator, table)
    doubled = f"INSERT INTO ledger.{table} SELECT * FROM ledger.{table} WHERE {the_row(table, row)}"
    tamper(administrator, doubled)
    assert kind in sealed_log.kinds(administrator)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(("table", "kind"), EMPTIED.items())
def test_a_value_that_is_taken_out_is_found(
    sealed_log: SealedLog, administrator: Administrator, table: str, kind: Kind, row: str
) -> None:
    drop_constraints(administrator, table)
    for column in columns_of(administrator, table):
        administrator.execute("SAVEPOINT whole")
        tamper(administrator, f"UPDATE ledger.{table} SET {column} = NULL WHERE {the_row(table, row)}")
        assert sealed_log.kinds(administrator) & {kind, *UNNAMED}, column
        administrator.execute("ROLLBACK TO SAVEPOINT whole")
