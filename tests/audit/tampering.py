"""What is done to the tables: rows picked, values changed, constraints dropped, and a past forged down to the tree."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.evidence.checkpoint import Checkpoint, key_id_of
from services.store.checkpointing import INSERT_CHECKPOINT, INSERT_KEY, SELECT_CHECKPOINTS, make_checkpoint
from services.store.linking import link_next
from tests.audit.sealed_log import Administrator, unprotected

ORDER = {
    "events": "notification_id",
    "links": "position",
    "checkpoints": "number",
    "heads": "chain",
    "tree": "node",
    "signing_keys": "key_id",
    "log_head": "position",
    "aliases": "alias",
}
"""The tables of the log and its evidence, and what their rows are in the order of."""

ROWS = {"first": 0, "middle": 0.5, "last": 1}
EVIDENCE = ("links", "heads", "tree", "checkpoints", "signing_keys")
SIGNED_BY_NOBODY = "DELETE FROM ledger.checkpoints; DELETE FROM ledger.signing_keys"

DROP_CHECKS = """
    ALTER TABLE ledger.events DROP CONSTRAINT IF EXISTS events_position;
    ALTER TABLE ledger.links DROP CONSTRAINT IF EXISTS links_position
"""
DROP_CONSTRAINTS = """
    DO $$ DECLARE each record; BEGIN
        FOR each IN SELECT conname FROM pg_constraint WHERE conrelid = 'ledger.{table}'::regclass
                     ORDER BY contype = 'n', conname
        LOOP EXECUTE format('ALTER TABLE ledger.{table} DROP CONSTRAINT %I', each.conname); END LOOP;
    END $$
"""


def the_row(table: str, row: str) -> str:
    """A condition that only the first, middle or last row of a table fulfils."""
    offset = f"floor(((SELECT count(*) FROM ledger.{table}) - 1) * {ROWS[row]})::bigint"
    return f"ctid = (SELECT ctid FROM ledger.{table} ORDER BY {ORDER[table]} OFFSET {offset} LIMIT 1)"


def drop_constraints(administrator: Administrator, table: str) -> None:
    """Let a table take anything."""
    administrator.execute(DROP_CONSTRAINTS.format(table=table).encode())


def columns_of(administrator: Administrator, table: str) -> Sequence[str]:
    """The columns of a table."""
    cursor = administrator.execute(f"SELECT * FROM ledger.{table} LIMIT 0".encode())
    assert cursor.description is not None
    return [column.name for column in cursor.description]


def tamper(administrator: Administrator, *statements: str) -> None:
    """Do something, triggers and checks of positions or not."""
    administrator.execute(DROP_CHECKS)
    with unprotected(administrator):
        for statement in statements:
            administrator.execute(statement.encode())


@contextmanager
def restored(administrator: Administrator, *tables: str) -> Iterator[None]:
    """Put the rows of these tables back as they were before."""
    for table in tables:
        administrator.execute(f"CREATE TEMPORARY TABLE kept_{table} ON COMMIT DROP AS TABLE ledger.{table}".encode())
    yield
    for table in tables:
        tamper(administrator, f"DELETE FROM ledger.{table}", f"INSERT INTO ledger.{table} SELECT * FROM kept_{table}")


def seal_anew(administrator: Administrator, key: Ed25519PrivateKey) -> None:
    """Make all evidence as if the log had always been as it is now, with one checkpoint."""
    tamper(administrator, *(f"DELETE FROM ledger.{table}" for table in EVIDENCE))
    while link_next(administrator):
        pass
    make_checkpoint(administrator, key)


def sign_again(administrator: Administrator, row: str, key: Ed25519PrivateKey) -> None:
    """Replace a checkpoint by the same one, signed with another key, which is put among the known ones."""
    condition = the_row("checkpoints", row)
    found = administrator.execute(f"{SELECT_CHECKPOINTS} WHERE {condition}".encode()).fetchone()
    assert found is not None
    old = Checkpoint(*found)
    new = Checkpoint(old.number, old.position, old.made_at, old.root, old.previous, key_id_of(key.public_key()))
    tamper(administrator, f"DELETE FROM ledger.checkpoints WHERE {condition}")
    public_key = key.public_key().public_bytes_raw()
    administrator.execute(INSERT_KEY, {**vars(new), "public_key": public_key})
    administrator.execute(INSERT_CHECKPOINT, vars(new.signed(key)))
