"""A store for one dry run: it reads the log as it stood at one position, and keeps what is committed to itself."""

from collections import defaultdict
from collections.abc import Iterable

from services.billing.event import LedgerEvent
from services.billing.ids import folio_stream
from services.billing.ports import DataKey, Decided, KeptOutcome, KeyTaken, Loaded, Wanted
from services.store.data_keys import GUEST_FORGOTTEN, DataKeys, FolioDataKey, new_key
from services.store.log_store import LogStore
from services.store.memory import Memory


class DryRunStore:
    """Lies over the real store and is thrown away: nothing of it reaches the database or what that store remembers.

    Whoever loads from it finds the log up to `at` and then what was committed here. `logged` are the events of the
    streams that were loaded, as the log has them; `decided` are those that were committed here, in their order.
    """

    def __init__(self, log: LogStore, data_keys: DataKeys, at: int) -> None:
        self.at = at
        self.logged: dict[str, list[LedgerEvent]] = {}
        self.decided: list[LedgerEvent] = []
        self._log = log
        self._data_keys = data_keys
        self._following: dict[str, list[LedgerEvent]] = defaultdict(list)
        self._memory = Memory()
        self._aliases: dict[str, str] = {}
        self._own_keys: dict[str, FolioDataKey] = {}

    async def load(self, wanted: Wanted) -> Loaded:
        """What is wanted, as it would stand now. Raises StoreUnavailable."""
        loaded = Loaded() if wanted.fresh else Loaded(remembered=self._memory.recall(wanted.streams))
        unknown = wanted.streams - loaded.remembered.keys()
        if unread := unknown - self.logged.keys():
            self.logged.update(await self._log.events_until(unread, self.at))
        loaded.streams = {stream: [*self.logged[stream], *self._following[stream]] for stream in unknown}
        if wanted.aliases:
            found = await self._log.streams_of(wanted.aliases)
            loaded.aliases = {alias: self._aliases.get(alias, stream) for alias, stream in found.items()}
        if wanted.data_keys:
            loaded.data_keys = await self._for_sealing(wanted.data_keys)
        return loaded

    async def commit(self, decided: Decided) -> int | None:
        """Take what was decided for granted from now on. Raises KeyTaken, StoreUnavailable."""
        for outcome in decided.outcomes:
            if await self.find_outcome(outcome.holder, outcome.key) is not None:
                raise KeyTaken
        for event in decided.events:
            self._following[event.originator_id].append(event)
        self.decided.extend(decided.events)
        self._aliases.update(decided.aliases)
        self._memory.keep(decided.streams)
        return self.at if decided.events else None

    async def find_outcome(self, holder: str, key: str) -> tuple[KeptOutcome, int | None] | None:
        """The outcome that was kept with an idempotency key; none is kept here. Raises StoreUnavailable."""
        return await self._log.find_outcome(holder, key)

    async def position(self) -> int:
        """The position that everything here is decided on."""
        return self.at

    async def for_opening(self, folio_ids: Iterable[str]) -> dict[str, FolioDataKey]:
        """The keys that exist of these folios, and those made here; none of a guest who would be forgotten.

        Raises StoreUnavailable.
        """
        forgotten = {event.originator_id for event in self.decided if event.TOPIC == GUEST_FORGOTTEN}
        keys = {**await self._data_keys.for_opening(folio_ids), **self._own_keys}
        return {folio_id: key for folio_id, key in keys.items() if folio_stream(folio_id) not in forgotten}

    async def _for_sealing(self, folio_ids: frozenset[str]) -> dict[str, DataKey | None]:
        """The folios' keys; those that have none get one that is gone with this store."""
        found = await self._data_keys.find(folio_ids)
        for folio_id in folio_ids - found.keys():
            self._own_keys.setdefault(folio_id, FolioDataKey(folio_id, new_key()))
        return {folio_id: self._own_keys.get(folio_id, found.get(folio_id)) for folio_id in folio_ids}
