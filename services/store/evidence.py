"""Proofs, checkpoints and public keys out of the store."""

import asyncio
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.billing.ports import StoreUnavailable
from services.evidence.chain import Link, actor_in, facts_in, folio_chain
from services.evidence.checkpoint import Checkpoint
from services.evidence.drawers import ROOT, Head, drawer_of, empty_hash, key_of, node_of
from services.evidence.keys import SigningKey, public_text
from services.evidence.package import Package, TooLong
from services.store.checkpointing import SELECT_CHECKPOINTS, SELECT_LAST, SELECT_NODES
from services.store.connection import Pool
from services.store.linking import moment_text
from services.store.reading import reading, translated
from services.store.sealing import Sealing

EVENTS_MAX = 50_000
"""Events that one proof holds, some 50 MiB."""

ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
SELECT_OPENING = "SELECT state FROM ledger.events WHERE originator_id = %(stream)s AND originator_version = 1"
SELECT_CHAIN = f"""
    SELECT notification_id, originator_id, originator_version, topic, {moment_text("recorded_at")}, state, hash
      FROM ledger.links JOIN ledger.events ON notification_id = position
     WHERE chain = %(chain)s AND position <= %(position)s ORDER BY number LIMIT %(limit)s
"""  # noqa: S608 -- the name of a column
SELECT_DRAWER = "SELECT key, links, hash FROM ledger.heads WHERE drawer = %(drawer)s ORDER BY key"
SELECT_PAGE = f"""
    {SELECT_CHECKPOINTS} WHERE %(before)s::bigint IS NULL OR number < %(before)s ORDER BY number DESC LIMIT %(limit)s
"""
SELECT_KEYS = "SELECT key_id, public_key, first_used_at FROM ledger.signing_keys ORDER BY first_used_at, key_id"


class StoredEvidence:
    """Reads links and checkpoints; what a proof needs that is not sealed yet is sealed first."""

    def __init__(self, pool: Pool, sealing: Sealing | None) -> None:
        """Without sealing, for want of a key to sign with, nothing is proven."""
        self._pool = pool
        self._sealing = sealing

    async def accommodation_of(self, folio_id: str) -> str | None:
        """Whose a folio is, None when there is none. Raises StoreUnavailable."""
        rows = await reading(self._pool, SELECT_OPENING, {"stream": folio_chain(folio_id)})
        return None if not rows else facts_in(rows[0][0]).get("accommodation_id")

    async def prove(self, folio_id: str, position: int) -> Package | None:
        """The proof of a folio up to a position or a later one, None without one. Raises Tampered, StoreUnavailable."""
        if self._sealing is None:
            raise StoreUnavailable("this process has no key to sign with")
        chain = folio_chain(folio_id)
        await self._sealing.cover(chain, position)
        async with translated(), self._pool.connection() as connection, connection.transaction():
            await connection.execute(ONE_MOMENT)
            return await _read(connection, folio_id, chain)

    async def checkpoints(self, before: int | None, limit: int) -> Sequence[Checkpoint]:
        """Checkpoints before a number, newest first. Raises StoreUnavailable."""
        rows = await reading(self._pool, SELECT_PAGE, {"before": before, "limit": limit})
        return [Checkpoint(*row) for row in rows]

    async def keys(self) -> Sequence[SigningKey]:
        """The public keys that checkpoints were signed with, oldest first. Raises StoreUnavailable."""
        rows = await reading(self._pool, SELECT_KEYS, {})
        return [SigningKey(id_, public_text(Ed25519PublicKey.from_public_bytes(key)), used) for id_, key, used in rows]


async def _read(connection: Any, folio_id: str, chain: str) -> Package | None:
    row = await (await connection.execute(SELECT_LAST)).fetchone()
    if row is None:
        return None
    checkpoint = Checkpoint(*row)
    parameters = {"chain": chain, "position": checkpoint.position, "limit": EVENTS_MAX + 1}
    rows = await (await connection.execute(SELECT_CHAIN.encode(), parameters, binary=True)).fetchall()
    if not rows:
        return None
    if len(rows) > EVENTS_MAX:
        raise TooLong(folio_id, EVENTS_MAX)
    drawer = drawer_of(key_of(chain))
    heads = await (await connection.execute(SELECT_DRAWER, {"drawer": drawer})).fetchall()
    beside = _beside(node_of(drawer))
    nodes = dict(await (await connection.execute(SELECT_NODES, {"nodes": beside})).fetchall())
    return Package(
        folio_id=folio_id,
        links=await asyncio.to_thread(lambda: [_link(row) for row in rows]),
        hashes=[row[6] for row in rows],
        drawer=[Head(*head).leaf for head in heads],
        path=[nodes.get(node) or empty_hash(node) for node in beside],
        checkpoint=checkpoint,
    )


def _link(row: Sequence[Any]) -> Link:
    position, stream, version, topic, recorded_at, state, _ = row
    return Link(position, stream, version, topic, recorded_at, actor_in(facts_in(state)), state)


def _beside(node: int) -> list[int]:
    """The nodes beside the way up from a node."""
    found = []
    while node > ROOT:
        found.append(node ^ 1)
        node //= 2
    return found
