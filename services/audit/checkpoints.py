"""Checkpoints and the keys that they are signed with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit.findings import Finding, Kind
from services.evidence.checkpoint import NO_CHECKPOINT, Checkpoint, key_id_of
from services.store.checkpointing import SELECT_CHECKPOINTS, SELECT_LAST
from services.store.linking import Connection

SELECT_KEYS = """
    SELECT coalesce(stored.key_id, used.key_id), stored.public_key, used.key_id IS NOT NULL,
           stored.first_used_at IS NOT DISTINCT FROM used.made_at, count(*) OVER (PARTITION BY stored.key_id)
      FROM ledger.signing_keys AS stored
      FULL JOIN (SELECT DISTINCT ON (key_id) key_id, made_at FROM ledger.checkpoints ORDER BY key_id, number) AS used
           ON used.key_id = stored.key_id
"""

Keys = Mapping[str, Ed25519PublicKey]


@dataclass
class _Unknown:
    """Checkpoints that are signed with a key that was not given."""

    first: int
    count: int = 0


def checkpoint_findings(connection: Connection, keys: Keys) -> Iterator[Finding]:
    """Checkpoints that are gone or not as they were signed. Raises psycopg.Error."""
    number, position, previous = 0, 0, NO_CHECKPOINT
    unknown: dict[str, _Unknown] = {}
    with connection.cursor("audited_checkpoints", binary=True) as cursor:
        for row in cursor.execute(f"{SELECT_CHECKPOINTS} ORDER BY number".encode()):
            named = f"Checkpoint {row[0]}"
            if None in row:
                yield Finding(Kind.CHECKPOINT_DIFFERS, f"{named} lacks a part.")
                continue
            checkpoint = Checkpoint(*row)
            if checkpoint.number > number + 1:
                yield Finding(Kind.CHECKPOINT_MISSING, f"Checkpoint {number + 1} is missing.", position)
            elif checkpoint.number <= number:
                yield Finding(Kind.CHECKPOINT_DIFFERS, f"{named} is no number of the one after {number}.", position)
            elif checkpoint.previous != previous:
                yield Finding(Kind.CHECKPOINT_DIFFERS, f"{named} does not name the one before it.", checkpoint.position)
            if checkpoint.position <= position:
                yield Finding(Kind.CHECKPOINT_DIFFERS, f"{named} does not lie after the one before it.", position)
            key = keys.get(checkpoint.key_id)
            if key is None:
                unknown.setdefault(checkpoint.key_id, _Unknown(checkpoint.number)).count += 1
            elif not checkpoint.signed_with(key):
                yield Finding(Kind.CHECKPOINT_DIFFERS, f"{named} is not as it was signed.", checkpoint.position)
            number, position, previous = checkpoint.number, checkpoint.position, checkpoint.digest
    for key_id, those in unknown.items():
        told = f"{those.count:,} checkpoints, the first of them {those.first}, are signed with key {key_id}"
        yield Finding(Kind.NOT_CHECKED, f"{told}, which was not given with --key.")


def last_checkpoint_of(connection: Connection) -> Checkpoint | None:
    """The newest checkpoint, None without one, or when a part of it is missing. Raises psycopg.Error."""
    row = connection.execute(SELECT_LAST.encode(), binary=True).fetchone()
    return None if row is None or None in row else Checkpoint(*row)


def key_findings(connection: Connection, keys: Keys) -> Iterator[Finding]:
    """Public keys that are not those that checkpoints name. Raises psycopg.Error."""
    for key_id, public_key, used, dated, times in connection.execute(SELECT_KEYS.encode(), binary=True):
        known = keys.get(key_id)
        if public_key is None:
            wrong = "is missing, and checkpoints are signed with it"
        elif not _names(key_id, public_key) or (known is not None and known.public_bytes_raw() != public_key):
            wrong = "is not the one of that id"
        elif not used:
            wrong = "has signed no checkpoint"
        elif not dated:
            wrong = "was first used at another moment than is said of it"
        elif times > 1:
            wrong = f"is there {times} times"
        else:
            continue
        yield Finding(Kind.KEY_DIFFERS, f"The public key {key_id} {wrong}.")


def _names(key_id: str, stored: bytes) -> bool:
    try:
        return key_id_of(Ed25519PublicKey.from_public_bytes(stored)) == key_id
    except ValueError:
        return False
