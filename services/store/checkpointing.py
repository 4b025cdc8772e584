"""Checkpoints: the tree over all chains is brought to the newest links, and its root is signed.

Before anything is signed, the stored tree is held against the root that was signed last, and that against what is
known from outside the database. So who alters what is stored does not get it signed: the next checkpoint fails instead.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.evidence.chain import Tampered, origin_of
from services.evidence.checkpoint import NO_CHECKPOINT, Checkpoint, key_id_of
from services.evidence.drawers import (
    ROOT,
    Head,
    drawer_hash,
    empty_hash,
    key_of,
    node_of,
    recomputed,
    with_ancestors,
)
from services.store.linking import Connection, moment_text

DRAWERS_AT_ONCE = 2_000

SELECT_CHECKPOINTS = f"""
    SELECT number, position, {moment_text("made_at")}, root, previous, key_id, signature
      FROM ledger.checkpoints
"""  # noqa: S608 -- the name of a column
SELECT_LAST = f"{SELECT_CHECKPOINTS} ORDER BY number DESC LIMIT 1"
SELECT_FROM = f"{SELECT_CHECKPOINTS} WHERE number >= %(number)s ORDER BY number"
SELECT_GROWN = """
    SELECT grown.chain, first.number - 1, first.previous, last.number, last.hash, last.position
      FROM (SELECT chain, min(number) AS first, max(number) AS last FROM ledger.links
             WHERE position > %(after)s GROUP BY chain) AS grown
      JOIN ledger.links AS first ON first.chain = grown.chain AND first.number = grown.first
      JOIN ledger.links AS last ON last.chain = grown.chain AND last.number = grown.last
"""
SELECT_HEADS = """
    SELECT drawer, chain, key, links, hash FROM ledger.heads WHERE drawer = ANY(%(drawers)s) ORDER BY drawer, key
"""
UPSERT_HEADS = """
    INSERT INTO ledger.heads (chain, key, drawer, links, hash)
    SELECT * FROM unnest(%(chains)s::text[], %(keys)s::bytea[], %(drawers)s::int[], %(links)s::bigint[],
                         %(hashes)s::bytea[])
    ON CONFLICT (chain) DO UPDATE SET links = excluded.links, hash = excluded.hash
"""
SELECT_NODES = "SELECT node, hash FROM ledger.tree WHERE node = ANY(%(nodes)s)"
UPSERT_NODES = """
    INSERT INTO ledger.tree (node, hash) SELECT * FROM unnest(%(nodes)s::int[], %(hashes)s::bytea[])
    ON CONFLICT (node) DO UPDATE SET hash = excluded.hash
"""
INSERT_KEY = """
    INSERT INTO ledger.signing_keys (key_id, public_key, first_used_at)
    VALUES (%(key_id)s, %(public_key)s, %(made_at)s)
    ON CONFLICT (key_id) DO NOTHING
"""
INSERT_CHECKPOINT = """
    INSERT INTO ledger.checkpoints (number, position, made_at, root, previous, key_id, signature)
    VALUES (%(number)s, %(position)s, %(made_at)s, %(root)s, %(previous)s, %(key_id)s, %(signature)s)
"""


@dataclass(frozen=True, slots=True)
class Grown:
    """A chain that has grown: how many links it had, what its first new one was linked to, where it ends now."""

    chain: str
    had: int
    after: bytes
    head: Head


def last_checkpoint(connection: Connection) -> Checkpoint | None:
    """The newest checkpoint, None when there is none."""
    row = connection.execute(SELECT_LAST).fetchone()
    return None if row is None else Checkpoint(*row)


def make_checkpoint(
    connection: Connection, key: Ed25519PrivateKey, remembered: Checkpoint | None = None
) -> Checkpoint | None:
    """Sign the root over everything that is linked, in the caller's transaction; None when nothing came since.

    `remembered` is the last checkpoint that is known from outside the database. Raises Tampered when it, or what
    was signed last, is not what is stored; psycopg.Error.
    """
    last = last_checkpoint(connection)
    _check_signed(connection, key.public_key(), last, remembered)
    rows = connection.execute(SELECT_GROWN, {"after": 0 if last is None else last.position}).fetchall()
    if not rows:
        return None
    drawers: dict[int, list[Grown]] = defaultdict(list)
    for chain, had, after, links, hash_, _ in rows:
        head = Head(key_of(chain), links, hash_)
        drawers[head.drawer].append(Grown(chain, had, after, head))
    root = _grow_tree(connection, drawers, empty_hash(ROOT) if last is None else last.root)
    public_key = key.public_key()
    checkpoint = Checkpoint(
        number=1 if last is None else last.number + 1,
        position=max(row[5] for row in rows),
        made_at=datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        root=root,
        previous=NO_CHECKPOINT if last is None else last.digest,
        key_id=key_id_of(public_key),
    ).signed(key)
    connection.execute(INSERT_KEY, {**vars(checkpoint), "public_key": public_key.public_bytes_raw()})
    connection.execute(INSERT_CHECKPOINT, vars(checkpoint))
    return checkpoint


def _check_signed(
    connection: Connection, own: Ed25519PublicKey, last: Checkpoint | None, remembered: Checkpoint | None
) -> None:
    """Raise Tampered unless the checkpoints go on from the one remembered, or end with one of our own.

    The database is not asked which keys to trust.
    """
    if remembered is None:
        if last is not None:
            _check_own(own, last)
        return
    rows = connection.execute(SELECT_FROM.encode(), {"number": remembered.number}).fetchall()
    found = [Checkpoint(*row) for row in rows if None not in row]
    if not found or (found[0], found[0].signature) != (remembered, remembered.signature):
        raise Tampered(
            f"Checkpoint {remembered.number}, which was signed, is not in the database any more. If a backup was"
            " restored on purpose, move the file of checkpoints away."
        )
    for before, after in pairwise(found):
        if (after.number, after.previous) != (before.number + 1, before.digest):
            raise Tampered(f"Checkpoint {after.number} does not go on from the one before it.")
        _check_own(own, after)
    if len(found) != len(rows):
        raise Tampered(f"A checkpoint after {found[-1].number} lacks a part.")


def _check_own(own: Ed25519PublicKey, checkpoint: Checkpoint) -> None:
    if checkpoint.key_id != key_id_of(own):
        raise Tampered(
            f"Checkpoint {checkpoint.number} is signed with key {checkpoint.key_id}, not with this service's"
            f" {key_id_of(own)}. Services on one database share a key: FOLIO_SIGNING_KEY_FILE."
        )
    if not checkpoint.signed_with(own):
        raise Tampered(f"Checkpoint {checkpoint.number} is not as it was signed.")


def _grow_tree(connection: Connection, grown: Mapping[int, Sequence[Grown]], signed_root: bytes) -> bytes:
    """Put the new heads into the stored tree, which must lead to the signed root as it is; returns the new root."""
    before: dict[int, bytes] = {}
    after: dict[int, bytes] = {}
    numbers = sorted(grown)
    for start in range(0, len(numbers), DRAWERS_AT_ONCE):
        some = {drawer: grown[drawer] for drawer in numbers[start : start + DRAWERS_AT_ONCE]}
        _grow_drawers(connection, some, before, after)
    above = with_ancestors(node // 2 for node in after)
    wanted = [child for node in above for child in (2 * node, 2 * node + 1)]
    stored: dict[int, bytes] = dict(connection.execute(SELECT_NODES, {"nodes": wanted}).fetchall())
    if recomputed(stored, before)[ROOT] != signed_root:
        raise Tampered("The stored tree does not lead to the root that was signed last.")
    changed = recomputed(stored, after)
    connection.execute(UPSERT_NODES, {"nodes": list(changed), "hashes": list(changed.values())})
    return changed[ROOT]


def _grow_drawers(
    connection: Connection, grown: Mapping[int, Sequence[Grown]], before: dict[int, bytes], after: dict[int, bytes]
) -> None:
    """Put the new heads into their drawers; notes the hashes of the drawers' nodes as they were and as they are."""
    held: dict[int, dict[str, Head]] = {drawer: {} for drawer in grown}
    for drawer, chain, key, links, hash_ in connection.execute(SELECT_HEADS, {"drawers": list(grown)}):
        held[drawer][chain] = Head(key, links, hash_)
    for drawer, chains in grown.items():
        heads = held[drawer]
        before[node_of(drawer)] = _hash_of(heads)
        for each in chains:
            old = heads.get(each.chain) or Head(each.head.key, 0, origin_of(each.chain))
            if (old.links, old.hash) != (each.had, each.after):
                raise Tampered(f"The chain {each.chain} does not go on from its link {old.links}, which was signed.")
            heads[each.chain] = each.head
        after[node_of(drawer)] = _hash_of(heads)
    everything = [each for chains in grown.values() for each in chains]
    parameters = {
        "chains": [each.chain for each in everything],
        "keys": [each.head.key for each in everything],
        "drawers": [each.head.drawer for each in everything],
        "links": [each.head.links for each in everything],
        "hashes": [each.head.hash for each in everything],
    }
    connection.execute(UPSERT_HEADS, parameters)


def _hash_of(heads: Mapping[str, Head]) -> bytes:
    return drawer_hash(head.leaf for head in sorted(heads.values(), key=lambda head: head.key))
