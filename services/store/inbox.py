"""The inbox: callbacks as they came, kept until they are dealt with and after."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from services.billing.ports import StoreUnavailable
from services.collection.ports import Letter
from services.store.connection import Pool
from services.store.reading import reading, translated

WAITING_MAX = 100_000
"""Callbacks that may wait at once; beyond that none is taken, and the provider tries again later."""
COUNT_EVERY = 100

KEEP = """
    INSERT INTO collection.callbacks (digest, body, headers, source, request_id, says_paid)
    VALUES (%(digest)s, %(body)s, %(headers)s, %(source)s, %(request_id)s, %(says_paid)s)
    ON CONFLICT (digest) DO NOTHING
"""
COUNT_WAITING = "SELECT count(*) FROM collection.callbacks WHERE state = 'WAITING'"
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


@dataclass(frozen=True)
class KeptCallback:
    """A callback as an operator sees it; `body` holds the provider's credential and is shown with care."""

    number: int
    received_at: datetime
    source: str
    request_id: str
    says_paid: bool
    state: str
    attempts: int
    reason: str | None
    next_at: datetime
    headers: dict[str, str]
    body: bytes
    digest: str


class StoredInbox:
    """Keeps callbacks in a table, each content once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._until_count = 0

    async def keep(
        self, body: bytes, headers: Mapping[str, str], source: str, request_id: str, *, says_paid: bool
    ) -> None:
        """Keep a callback, durably; one that is there already is kept once. Raises StoreUnavailable."""
        if self._until_count == 0:
            if (await reading(self._pool, COUNT_WAITING, {}))[0][0] >= WAITING_MAX:
                raise StoreUnavailable("the inbox is full")
            self._until_count = COUNT_EVERY
        self._until_count -= 1
        await self._write(
            KEEP,
            {
                "digest": hashlib.sha256(body).digest(),
                "body": body,
                "headers": Jsonb(dict(headers)),
                "source": source,
                "request_id": request_id,
                "says_paid": says_paid,
            },
        )

    async def due(self, limit: int) -> Sequence[Letter]:
        """Callbacks that wait and whose time has come, the oldest first. Raises StoreUnavailable."""
        return [Letter(*row) for row in await reading(self._pool, SELECT_DUE, {"limit": limit})]

    async def done(self, numbers: Sequence[int]) -> None:
        """They are dealt with. Raises StoreUnavailable."""
        await self._write(SET_DONE, {"numbers": list(numbers)})

    async def wait(self, numbers: Sequence[int], next_at: datetime, reason: str) -> None:
        """They cannot be dealt with before then, for this reason. Raises StoreUnavailable."""
        await self._write(SET_WAITING, {"numbers": list(numbers), "next_at": next_at, "reason": reason})

    async def _write(self, statement: str, parameters: Mapping[str, object]) -> None:
        async with translated(), self._pool.connection() as connection:
            await connection.execute(statement.encode(), parameters)


def list_callbacks(conninfo: str, number: int | None, *, all_states: bool, limit: int) -> list[KeptCallback]:
    """Callbacks for an operator, the newest first. Raises psycopg.Error."""
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(SELECT_ALL, {"number": number, "all": all_states, "limit": limit})
        return [KeptCallback(*row) for row in rows]


def replay_callbacks(conninfo: str, number: int | None) -> int:
    """Let a callback, or all that wait, be dealt with now; returns how many. Raises psycopg.Error."""
    with psycopg.connect(conninfo) as connection:
        return connection.execute(REPLAY, {"number": number}).rowcount
