"""The ledger's store on PostgreSQL: reads streams, and hands commits to the committer."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from eventsourcing.persistence import StoredEvent

from services.billing.ports import Conflict, Decided, KeptOutcome, KeyTaken, Loaded, Wanted
from services.store.clearing import Clearing
from services.store.codec import EventCodec
from services.store.commit import Commit
from services.store.committer import Committer
from services.store.connection import Pool
from services.store.data_keys import DataKeys
from services.store.forgetting import Forgetting
from services.store.memory import Memory
from services.store.reading import reading, translated

SELECT_STREAMS = """
    SELECT originator_id, originator_version, topic, state
      FROM ledger.events
     WHERE originator_id = ANY(%(streams)s)
     ORDER BY originator_id, originator_version
"""
SELECT_ALIASES = "SELECT alias, stream FROM ledger.aliases WHERE alias = ANY(%(aliases)s)"
SELECT_OUTCOME = """
    SELECT holder, key, fingerprint, outcome, position
      FROM ledger.idempotency_keys
     WHERE holder = %(holder)s AND key = %(key)s
"""
SELECT_STREAMS_UNTIL = """
    SELECT originator_id, originator_version, topic, state
      FROM ledger.events
     WHERE originator_id = ANY(%(streams)s) AND notification_id <= %(position)s
     ORDER BY originator_id, originator_version
"""
SELECT_POSITION = "SELECT position FROM ledger.log_head"
DELETE_OLD_OUTCOMES = """
    DELETE FROM ledger.idempotency_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ledger.idempotency_keys WHERE created_at < now() - make_interval(days => %(days)s)
         LIMIT %(limit)s))
"""
DELETED_AT_ONCE = 5_000


class LogStore:
    """Reads through a pool of connections; writes through the one committer of this process."""

    def __init__(self, pool: Pool, committer: Committer, data_keys: DataKeys, codec: EventCodec, clearing: Clearing):
        self._pool = pool
        self._committer = committer
        self._data_keys = data_keys
        self._codec = codec
        self._forgetting = Forgetting(pool)
        self._clearing = clearing
        self._memory = Memory()

    async def load(self, wanted: Wanted) -> Loaded:
        """What is wanted, as it stands now. Raises StoreUnavailable."""
        loaded = Loaded() if wanted.fresh else Loaded(remembered=self._memory.recall(wanted.streams))
        unknown = wanted.streams - loaded.remembered.keys()
        if unknown:
            rows = await self.read(SELECT_STREAMS, {"streams": list(unknown)})
            loaded.streams = self._streams(unknown, rows)
        if wanted.aliases:
            loaded.aliases = await self.streams_of(wanted.aliases)
        for folio_id in wanted.data_keys:
            loaded.data_keys[folio_id] = await self._data_keys.for_sealing(folio_id)
        return loaded

    async def commit(self, decided: Decided) -> int | None:
        """Store what was decided, at once, and see to it that whoever is forgotten is so.

        Raises Conflict, KeyTaken, NotForgotten, StoreUnavailable.
        """
        try:
            position = await self._append(decided) if decided.events or decided.outcomes else None
        except KeyTaken:  # done before under this key, perhaps not to its end
            await self._see_forgotten(decided.forgotten)
            raise
        await self._see_forgotten(decided.forgotten)
        return position

    async def _see_forgotten(self, folio_ids: Collection[str]) -> None:
        if folio_ids:
            await self._forgetting.see_done(folio_ids)
            self._clearing.ask()

    async def _append(self, decided: Decided) -> int | None:
        commit = Commit(
            events=[self._codec.to_stored_event(event) for event in decided.events],
            recorded_ats=[event.timestamp for event in decided.events],
            aliases=decided.aliases,
            outcomes=decided.outcomes,
            reads=decided.reads,
        )
        try:
            position = await self._committer.commit(commit)
        except Conflict:
            self._memory.forget(decided.reads)
            raise
        if commit.moved_to is None:
            self._memory.keep(decided.streams)
        else:
            self._memory.forget(decided.streams)
            decided.moved_to = commit.moved_to
        return position

    async def find_outcome(self, holder: str, key: str) -> tuple[KeptOutcome, int | None] | None:
        """The outcome kept with an idempotency key, and its last event's position. Raises StoreUnavailable."""
        rows = await self.read(SELECT_OUTCOME, {"holder": holder, "key": key})
        if not rows:
            return None
        *kept, position = rows[0]
        return KeptOutcome(*kept), position

    async def position(self) -> int:
        """The position of the newest event, 0 in an empty log. Raises StoreUnavailable."""
        position: int = (await self.read(SELECT_POSITION, {}))[0][0]
        return position

    async def events_of(self, streams: Collection[str]) -> dict[str, list[Any]]:
        """All events of streams, the oldest first; none for an unknown stream. Raises StoreUnavailable."""
        return self._streams(frozenset(streams), await self.read(SELECT_STREAMS, {"streams": list(streams)}))

    async def events_until(self, streams: Iterable[str], position: int) -> dict[str, Any]:
        """The events of streams up to a position, from the log alone. Raises StoreUnavailable."""
        wanted = frozenset(streams)
        rows = await self.read(SELECT_STREAMS_UNTIL, {"streams": list(wanted), "position": position})
        return self._streams(wanted, rows)

    async def streams_of(self, aliases: Iterable[str]) -> dict[str, str | None]:
        """The stream that each alias stands for, None for an unknown one. Raises StoreUnavailable."""
        wanted = list(aliases)
        found = dict(await self.read(SELECT_ALIASES, {"aliases": wanted}))
        return {alias: found.get(alias) for alias in wanted}

    async def delete_outcomes_older_than(self, days: int) -> None:
        """Forget idempotency keys after their time. Raises StoreUnavailable."""
        deleted = DELETED_AT_ONCE
        while deleted == DELETED_AT_ONCE:
            async with translated(), self._pool.connection() as connection:
                cursor = await connection.execute(DELETE_OLD_OUTCOMES, {"days": days, "limit": DELETED_AT_ONCE})
                deleted = cursor.rowcount

    async def read(self, statement: str, parameters: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        """Rows of a query that changes nothing. Raises StoreUnavailable."""
        return await reading(self._pool, statement, parameters)

    def _streams(self, wanted: frozenset[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
        streams: dict[str, list[Any]] = {stream: [] for stream in wanted}
        for stream, version, topic, state in rows:
            streams[stream].append(self._codec.to_domain_event(StoredEvent(stream, version, topic, state)))
        return streams
