"""Checkpoints, the tree that they are made from, the keys, and the file of checkpoints outside the database."""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit.findings import Finding, Kind
from services.evidence.checkpoint import NO_CHECKPOINT, Checkpoint, key_id_of
from services.evidence.drawers import ROOT, Head, drawer_hash, empty_hash, node_of, recomputed
from services.store.checkpointing import SELECT_CHECKPOINTS
from services.store.linking import Connection

SELECT_HEADS = """
    SELECT sha256(convert_to(chain, 'UTF8')) AS key, number, hash
      FROM ledger.links JOIN (
        SELECT chain, max(number) AS number FROM ledger.links WHERE position <= %(position)s GROUP BY chain
      ) AS last USING (chain, number)
     ORDER BY key
"""
SELECT_STRANGE_HEADS = """
    SELECT coalesce(kept.chain, said.chain)
      FROM (SELECT chain, sha256(convert_to(chain, 'UTF8')) AS key, number, hash
              FROM ledger.links JOIN (SELECT chain, max(number) AS number FROM ledger.links
                                       WHERE position <= %(position)s GROUP BY chain) AS last USING (chain, number)
           ) AS said
      FULL JOIN ledger.heads AS kept ON kept.chain = said.chain
     WHERE (kept.key, kept.links, kept.hash, kept.drawer) IS DISTINCT FROM
           (said.key, said.number, said.hash, get_byte(said.key, 0) * 256 + get_byte(said.key, 1))
     LIMIT 100
"""
SELECT_TREE = "SELECT node, hash FROM ledger.tree"
SELECT_KEYS = "SELECT key_id, public_key FROM ledger.signing_keys"

Keys = Mapping[str, Ed25519PublicKey]


def checkpoint_findings(connection: Connection, keys: Keys) -> Iterator[Finding]:
    """Checkpoints that are gone or not as they were signed. Raises psycopg.Error."""
    number, position, previous = 0, 0, NO_CHECKPOINT
    unknown: dict[str, list[int]] = {}
    with connection.cursor("audited_checkpoints", binary=True) as cursor:
        for row in cursor.execute(f"{SELECT_CHECKPOINTS} ORDER BY number".encode()):
            checkpoint = Checkpoint(*row)
            named = f"Checkpoint {checkpoint.number}"
            key = keys.get(checkpoint.key_id)
            if checkpoint.number != number + 1:
                yield Finding(Kind.CHECKPOINT_MISSING, f"Checkpoint {number + 1} is missing.", position)
            elif checkpoint.previous != previous:
                yield Finding(Kind.CHECKPOINT_DIFFERS, f"{named} does not name the one before it.", checkpoint.position)
            if checkpoint.position <= position:
                yield Finding(Kind.CHECKPOINT_DIFFERS, f"{named} does not lie after the one before it.", position)
            if key is None:
                unknown.setdefault(checkpoint.key_id, []).append(checkpoint.number)
            elif not checkpoint.signed_with(key):
                yield Finding(Kind.CHECKPOINT_DIFFERS, f"{named} is not as it was signed.", checkpoint.position)
            number, position, previous = checkpoint.number, checkpoint.position, checkpoint.digest
    for key_id, numbers in unknown.items():
        told = f"{len(numbers)} checkpoints, the first of them {numbers[0]}, are signed with key {key_id}"
        yield Finding(Kind.NOT_CHECKED, f"{told}, which was not given with --key.")


def last_checkpoint_of(connection: Connection) -> Checkpoint | None:
    """The newest checkpoint."""
    row = connection.execute(f"{SELECT_CHECKPOINTS} ORDER BY number DESC LIMIT 1".encode(), binary=True).fetchone()
    return None if row is None else Checkpoint(*row)


def tree_findings(connection: Connection, checkpoint: Checkpoint | None) -> Iterator[Finding]:
    """Chains that do not lead to the newest checkpoint's root or are not kept as they are. Raises psycopg.Error."""
    position = 0 if checkpoint is None else checkpoint.position
    drawers: dict[int, bytes] = {}
    with connection.cursor("audited_heads", binary=True) as cursor:
        heads = (Head(*row) for row in cursor.execute(SELECT_HEADS, {"position": position}))
        for drawer, inside in groupby(heads, key=lambda head: head.drawer):
            drawers[node_of(drawer)] = drawer_hash(head.leaf for head in inside)
    nodes = recomputed({}, drawers)
    root = nodes.get(ROOT, empty_hash(ROOT))
    if checkpoint is not None and root != checkpoint.root:
        sentence = f"The chains do not lead to the root that checkpoint {checkpoint.number} has signed."
        yield Finding(Kind.ROOT_DIFFERS, sentence, position)
    for (chain,) in connection.execute(SELECT_STRANGE_HEADS, {"position": position}):
        yield Finding(Kind.TREE_DIFFERS, f"The end that is kept of {chain} is not where its links end.")
    kept: dict[int, bytes] = dict(connection.execute(SELECT_TREE.encode(), binary=True).fetchall())
    if kept != nodes:
        differing = sum(kept.get(node) != nodes.get(node) for node in kept.keys() | nodes.keys())
        yield Finding(Kind.TREE_DIFFERS, f"{differing} kept nodes of the tree are not what the chains say.")


def key_findings(connection: Connection, keys: Keys) -> Iterator[Finding]:
    """Public keys that are not the ones that their ids name. Raises psycopg.Error."""
    for key_id, stored in connection.execute(SELECT_KEYS.encode(), binary=True):
        known = keys.get(key_id)
        if not _names(key_id, stored) or (known is not None and known.public_bytes_raw() != stored):
            yield Finding(Kind.KEY_DIFFERS, f"The public key {key_id} is not the one of that id.")


def _names(key_id: str, stored: bytes) -> bool:
    try:
        return key_id_of(Ed25519PublicKey.from_public_bytes(stored)) == key_id
    except ValueError:
        return False


def anchor_findings(connection: Connection, path: Path) -> Iterator[Finding]:
    """Checkpoints that a file tells of and the database does not have so. Raises psycopg.Error."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        yield Finding(Kind.NOT_CHECKED, f"The file of checkpoints {path} cannot be read: {error}.")
        return
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            wanted = told["number"]
        except (ValueError, KeyError, TypeError):
            yield Finding(Kind.NOT_CHECKED, f"Line {number} of {path} is no checkpoint.")
            continue
        yield from _anchored(connection, told, wanted)


def _anchored(connection: Connection, told: dict[str, Any], number: Any) -> Iterator[Finding]:
    row = connection.execute(f"{SELECT_CHECKPOINTS} WHERE number = %(number)s".encode(), {"number": number}).fetchone()
    if row is None:
        yield Finding(Kind.CHECKPOINT_MISSING, f"Checkpoint {number} is in the file and not in the database.")
    elif Checkpoint(*row).document() != told:
        yield Finding(Kind.CHECKPOINT_DIFFERS, f"Checkpoint {number} is not the one in the file.")
