"""Dry runs: commands are decided as always, on a store that is thrown away, and told as what they would do."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.billing.bill import BillDeleted
from services.billing.event import BillEvent, LedgerEvent
from services.billing.execution import Executor
from services.billing.feed import EventLog
from services.billing.folio import FolioOpened
from services.billing.ledger import Ledger
from services.billing.ports import DataKey, Decided, KeptOutcome, Loaded, Wanted
from services.billing.stamp import Clock
from services.billing.views import View
from services.desk.cloud_events import event_document
from services.desk.desk import Desk
from services.desk.lookups import Lookups
from services.desk.opening import Opener
from services.desk.outcomes import Outcome

EVENT_ID_PREFIX = "dry-run"
"""The id of an event is its position in the log, which these do not have: what they have instead is no number."""


class ThrowawayStore(Protocol):
    """A store that reads the log as it stood at one position, and keeps what is committed to itself."""

    @property
    def at(self) -> int:
        """That position."""
        ...

    @property
    def logged(self) -> Mapping[str, Sequence[LedgerEvent]]:
        """The events that the log has of the streams that were loaded."""
        ...

    @property
    def decided(self) -> Sequence[LedgerEvent]:
        """The events that were committed, in their order."""
        ...

    async def load(self, wanted: Wanted) -> Loaded:
        """As a store."""
        ...

    async def commit(self, decided: Decided) -> int | None:
        """As a store, in memory."""
        ...

    async def find_outcome(self, holder: str, key: str) -> tuple[KeptOutcome, int | None] | None:
        """As a finder of outcomes; only of real ones."""
        ...

    async def position(self) -> int:
        """The position `at`."""
        ...

    async def for_opening(self, folio_ids: Iterable[str]) -> Mapping[str, DataKey]:
        """As an opener, of what was sealed for this dry run too."""
        ...


@dataclass(frozen=True)
class DryRun:
    """One dry run: a desk that takes commands as the real one does, and what would have come of them."""

    desk: Desk
    store: ThrowawayStore
    lookups: Lookups

    @property
    def opener(self) -> Opener:
        """Opens personal data, that of the dry run too."""
        return self.store

    async def foretold(self, outcome: Outcome, request_id: str) -> Outcome:
        """The outcome of a batch with its events and balances; an error as it is.

        Raises NotCaughtUp, StoreUnavailable.
        """
        if outcome.problem:
            return outcome.at(self.store.at)
        decided = self.store.decided
        body = {
            "dryRun": True,
            **outcome.body,
            "events": [_event(event, f"{request_id}/{number}") for number, event in enumerate(decided, 1)],
            "balances": _bill_balances(decided, self.store.logged),
            "folios": await self._folio_balances(decided),
        }
        return replace(outcome, body=body).at(self.store.at)

    async def _folio_balances(self, decided: Sequence[LedgerEvent]) -> list[View]:
        opened = {event.folio_id for event in decided if isinstance(event, FolioOpened)}
        changes: Counter[str] = Counter()
        for event in decided:
            if isinstance(event, BillEvent):
                changes[event.folio_id] += event.balance_effect
        before = await self.lookups.folio_balances(list(changes.keys() - opened), self.store.at)
        return [
            {"folioId": folio_id, "before": before.get(folio_id), "after": before.get(folio_id, 0) + change}
            for folio_id, change in changes.items()
        ]


class DryRuns:
    """Begins dry runs, each on the log as it stands then and with nothing of the others."""

    def __init__(
        self, ledger: Ledger, lookups: Lookups, log: EventLog, make_store: Callable[[int], ThrowawayStore]
    ) -> None:
        self._ledger = ledger
        self._lookups = lookups
        self._log = log
        self._make_store = make_store

    async def begin(self) -> DryRun:
        """A dry run on the newest event. Raises StoreUnavailable."""
        store = self._make_store(await self._log.head())
        return DryRun(Desk(self._ledger, Executor(store, Clock()), store), store, self._lookups)


def _event(event: LedgerEvent, number: str) -> View:
    """The event as the feed would show it; a batch has only events that name their accommodation."""
    folio_id = getattr(event, "folio_id", None)
    accommodation_id = getattr(event, "accommodation_id", None)
    return event_document(f"{EVENT_ID_PREFIX}/{number}", event, accommodation_id, folio_id)


def _bill_balances(decided: Sequence[LedgerEvent], logged: Mapping[str, Sequence[LedgerEvent]]) -> list[View]:
    """What each bill concerned owes before and after: a balance is the sum of its events' effects."""
    following: dict[str, list[BillEvent]] = {}
    for event in decided:
        if isinstance(event, BillEvent):
            following.setdefault(event.originator_id, []).append(event)
    balances = []
    for bill_id, events in following.items():
        earlier = [event for event in logged.get(bill_id, ()) if isinstance(event, BillEvent)]
        before = sum(event.balance_effect for event in earlier)
        after = before + sum(event.balance_effect for event in events)
        deleted = isinstance(events[-1], BillDeleted)
        balances.append(
            {
                "billId": bill_id,
                "folioId": events[0].folio_id,
                "before": before if earlier else None,
                "after": None if deleted else after,
            }
        )
    return balances
