"""A store in memory, so that the domain's commands run for real without a database."""

from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import IntegrityError, Notification

from services.billing.event import LedgerEvent
from services.billing.ledger import Ledger
from services.billing.ports import Conflict, Decided, KeptOutcome, KeyTaken, Loaded, Wanted
from services.store.data_keys import FolioDataKey


class MemoryStore:
    """The domain's `Store`: the library's recorder of plain objects for events, dicts for all else.

    `before_commit` is what another process does between a command's decision and its commit, once each.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.aliases: dict[str, str] = {}
        self.outcomes: dict[tuple[str, str], KeptOutcome] = {}
        self.data_keys: dict[str, FolioDataKey | None] = {}
        self.before_commit: list[Callable[[], object]] = []
        self.newest: datetime | None = None

    @property
    def log(self) -> list[Notification]:
        """Every event as it is stored, in the order of positions."""
        return list(self._ledger.recorder.select_notifications(None, limit=1_000_000))

    @property
    def events(self) -> list[LedgerEvent]:
        """Every event of the log, read back."""
        return [self._decoded(stored) for stored in self.log]

    def stream(self, name: str) -> list[LedgerEvent]:
        """The events of one stream, read back."""
        return [self._decoded(stored) for stored in self._ledger.recorder.select_events(name)]

    async def load(self, wanted: Wanted) -> Loaded:
        """What is wanted, as it stands now; a folio's data key is made when it has none."""
        for folio_id in wanted.data_keys:
            self.data_keys.setdefault(folio_id, FolioDataKey(folio_id, AESGCM.generate_key(bit_length=256)))
        return Loaded(
            streams={name: self.stream(name) for name in wanted.streams},
            aliases={alias: self.aliases.get(alias) for alias in wanted.aliases},
            data_keys={folio_id: self.data_keys[folio_id] for folio_id in wanted.data_keys},
        )

    async def commit(self, decided: Decided) -> int | None:
        """Store all that was decided or nothing of it. Raises Conflict, KeyTaken."""
        if self.before_commit:
            self.before_commit.pop(0)()
        outcomes = {(kept.holder, kept.key): kept for kept in decided.outcomes}
        if outcomes.keys() & self.outcomes.keys():
            raise KeyTaken
        if decided.aliases.keys() & self.aliases.keys():
            raise Conflict
        if decided.events and self.newest is not None and decided.events[0].timestamp <= self.newest:
            raise Conflict(self.newest)
        stored = [self._ledger.mapper.to_stored_event(event) for event in decided.events]
        try:
            positions = self._ledger.recorder.insert_events(stored)
        except IntegrityError:
            raise Conflict from None
        self.aliases |= decided.aliases
        self.outcomes |= outcomes
        self.newest = decided.events[-1].timestamp if decided.events else self.newest
        return positions[-1] if positions else None

    def _decoded(self, stored: Notification | object) -> LedgerEvent:
        event = self._ledger.mapper.to_domain_event(stored)  # type: ignore[arg-type]
        assert isinstance(event, LedgerEvent)
        return event
