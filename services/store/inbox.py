"""The inbox: callbacks as they came, kept until they are dealt with and after."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from services.billing.ports import StoreUnavailable
from services.collection.ports import KeptCallback, Letter
from services.store.connection import Pool, connect_blocking
from services.store.reading import reading, translated

WAITING_MAX = 100_000
"""Callbacks that may wait at once; beyond that none is taken, and the provider tries again later."""
AT_ONCE_MAX = 100
"""Callbacks that share one statement and one fsync; those that come meanwhile share the next."""
IN_HAND_MAX = 1_000

KEEP = """
    WITH given AS MATERIALIZED (
        SELECT each.*,
               (SELECT convert_from(event.state, 'UTF8')::jsonb #>> '{asked,folio_id}' FROM ledger.events AS event
                 WHERE event.originator_id = each.request_id AND event.originator_version = 1) AS folio_id
          FROM unnest(%(body)s::bytea[], %(headers)s::jsonb[], %(source)s::text[], %(request_id)s::text[],
                      %(says_paid)s::boolean[]) AS each (body, headers, source, request_id, says_paid)
    ), locked AS MATERIALIZED (
        SELECT key.folio_id, key.data_key IS NULL AS forgotten FROM ledger.personal_data_keys AS key
         WHERE key.folio_id IN (SELECT given.folio_id FROM given) ORDER BY key.folio_id FOR SHARE
    )
    INSERT INTO collection.callbacks (digest, body, headers, source, request_id, says_paid, folio_id)
    SELECT sha256(given.body), CASE WHEN locked.forgotten THEN '' ELSE given.body END,
           CASE WHEN locked.forgotten THEN '{}' ELSE given.headers END,
           given.source, given.request_id, given.says_paid, given.folio_id
      FROM given LEFT JOIN locked USING (folio_id)
    ON CONFLICT (digest) DO NOTHING
"""
"""Of a guest who was forgotten only the digest is kept. The key's row is locked against that happening meanwhile:
what the forgetting erases is what was kept before it."""
COUNT_WAITING = """
    SELECT count(*) FROM (SELECT FROM collection.callbacks WHERE state = 'WAITING' LIMIT %(limit)s) AS waiting
"""
SELECT_DUE = """
    SELECT number, request_id, encode(digest, 'hex'), says_paid, attempts FROM collection.callbacks
     WHERE state = 'WAITING' AND next_at <= now() ORDER BY number LIMIT %(limit)s
"""
SET_DONE = """
    UPDATE collection.callbacks SET state = 'DONE', reason = NULL, done_at = now() WHERE number = ANY(%(numbers)s)
"""
SET_WAITING = """
    UPDATE collection.callbacks SET reason = %(reason)s, next_at = %(next_at)s, attempts = attempts + 1
     WHERE number = ANY(%(numbers)s)
"""
SELECT_OF_FOLIO = """
    SELECT number, received_at, source, request_id, says_paid, state, attempts, reason, next_at, headers, body,
           encode(digest, 'hex')
      FROM collection.callbacks
     WHERE folio_id = %(folio_id)s
        OR (folio_id IS NULL AND request_id = ANY(ARRAY(SELECT ledger.payment_requests_of(%(folio_id)s))))
     ORDER BY number
"""
SELECT_BY_DIGEST = """
    SELECT encode(digest, 'hex'), number, received_at FROM collection.callbacks
     WHERE digest = ANY(SELECT decode(each, 'hex') FROM unnest(%(digests)s::text[]) AS each)
"""
SELECT_ALL = """
    SELECT number, received_at, source, request_id, says_paid, state, attempts, reason, next_at, headers, body,
           encode(digest, 'hex')
      FROM collection.callbacks
     WHERE (%(number)s::bigint IS NULL OR number = %(number)s) AND (%(all)s OR state = 'WAITING')
     ORDER BY number DESC LIMIT %(limit)s
"""
REPLAY = """
    UPDATE collection.callbacks SET state = 'WAITING', next_at = now(), attempts = 0
     WHERE (%(number)s::bigint IS NULL AND state = 'WAITING') OR number = %(number)s
"""


class StoredInbox:
    """Keeps callbacks in a table, each content once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._in_hand: list[tuple[dict[str, object], asyncio.Future[None]]] = []
        self._keeping: asyncio.Task[None] | None = None

    async def keep(
        self, body: bytes, headers: Mapping[str, str], source: str, request_id: str, *, says_paid: bool
    ) -> None:
        """Keep a callback, durably; one that is there already is kept once. Raises StoreUnavailable."""
        if len(self._in_hand) >= IN_HAND_MAX:
            raise StoreUnavailable("too many callbacks come at once")
        row: dict[str, object] = {
            "body": body,
            "headers": json.dumps(dict(headers)),
            "source": source,
            "request_id": request_id,
            "says_paid": says_paid,
        }
        kept = asyncio.get_running_loop().create_future()
        self._in_hand.append((row, kept))
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_in_hand(), name="inbox")
        await kept

    async def _keep_in_hand(self) -> None:
        while self._in_hand:
            batch, self._in_hand = self._in_hand[:AT_ONCE_MAX], self._in_hand[AT_ONCE_MAX:]
            trouble: Exception | None = None
            try:
                if (await reading(self._pool, COUNT_WAITING, {"limit": WAITING_MAX}))[0][0] >= WAITING_MAX:
                    raise StoreUnavailable("the inbox is full")
                await self._write(KEEP, {name: [row[name] for row, _ in batch] for name in batch[0][0]})
            except Exception as error:
                trouble = error
            for _, kept in batch:
                if kept.done():  # whoever brought it has gone
                    continue
                if trouble is None:
                    kept.set_result(None)
                else:
                    kept.set_exception(trouble)

    async def due(self, limit: int) -> Sequence[Letter]:
        """Callbacks that wait and whose time has come, the oldest first. Raises StoreUnavailable."""
        return [Letter(*row) for row in await reading(self._pool, SELECT_DUE, {"limit": limit})]

    async def received(self, digests: Collection[str]) -> Mapping[str, tuple[int, datetime]]:
        """Number and time of the callbacks with these SHA-256 (hex), as far as they are kept. Raises StoreUnavailable.

        Never the callback itself, which holds a credential.
        """
        rows = await reading(self._pool, SELECT_BY_DIGEST, {"digests": list(digests)}) if digests else ()
        return {digest: (number, received_at) for digest, number, received_at in rows}

    async def done(self, numbers: Sequence[int]) -> None:
        """They are dealt with. Raises StoreUnavailable."""
        await self._write(SET_DONE, {"numbers": list(numbers)})

    async def wait(self, numbers: Sequence[int], next_at: datetime, reason: str) -> None:
        """They cannot be dealt with before then, for this reason. Raises StoreUnavailable."""
        await self._write(SET_WAITING, {"numbers": list(numbers), "next_at": next_at, "reason": reason})

    async def of_folio(self, folio_id: str) -> Sequence[KeptCallback]:
        """Every callback about payment requests of a folio, the oldest first. Raises StoreUnavailable."""
        return [KeptCallback(*row) for row in await reading(self._pool, SELECT_OF_FOLIO, {"folio_id": folio_id})]

    async def _write(self, statement: str, parameters: Mapping[str, object]) -> None:
        async with translated(), self._pool.connection() as connection:
            await connection.execute(statement.encode(), parameters)


def list_callbacks(conninfo: str, number: int | None, *, all_states: bool, limit: int) -> list[KeptCallback]:
    """Callbacks for an operator, the newest first. Raises psycopg.Error."""
    with connect_blocking(conninfo) as connection:
        rows = connection.execute(SELECT_ALL, {"number": number, "all": all_states, "limit": limit})
        return [KeptCallback(*row) for row in rows]


def replay_callbacks(conninfo: str, number: int | None) -> int:
    """Let a callback, or all that wait, be dealt with now; returns how many. Raises psycopg.Error."""
    with connect_blocking(conninfo) as connection:
        return connection.execute(REPLAY, {"number": number}).rowcount
