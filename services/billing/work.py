"""One commit in the making: what its commands have loaded, and the events that they record."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from eventsourcing.application import project_aggregate
from eventsourcing.domain import BaseAggregate

from services.billing.bill import BillAdded
from services.billing.errors import ConservationViolated, InvalidState
from services.billing.event import BillEvent, Context, LedgerEvent
from services.billing.folio import Folio
from services.billing.ids import folio_stream
from services.billing.ports import KeptOutcome, Loaded, Wanted
from services.billing.settlement import Settled
from services.billing.stamp import Stamp
from services.billing.transfer import BillTransferred

A = TypeVar("A", bound=BaseAggregate[str])


class NotLoaded(Exception):
    """The command needs more than is loaded: load what is wanted and decide again from the start."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.wanted = wanted


class Work:
    """The aggregates, events and outcomes of one commit. All its commands happen, or none."""

    def __init__(self, loaded: Loaded, now: datetime) -> None:
        self.now = now
        self.events: list[LedgerEvent] = []
        self.aliases: dict[str, str] = {}
        self.outcomes: list[KeptOutcome] = []
        self.forgotten: set[str] = set()
        self.reads: dict[str, int] = {}
        self.moved_to: datetime | None = None
        self._loaded = loaded
        self._aggregates: dict[str, BaseAggregate[str]] = {}
        self._context: Context | None = None

    def begin(self, context: Context) -> None:
        """A command starts: its events carry this context."""
        self._context = context

    @property
    def context(self) -> Context:
        """The context of the command that is being decided."""
        if self._context is None:
            raise RuntimeError("a command decides before begin()")
        return self._context

    @property
    def stamp(self) -> Stamp:
        """What every event of the command carries."""
        context = self.context
        return {
            "timestamp": self.now,
            "key": context.key,
            "user": context.user,
            "request_id": context.request_id,
            "reason": context.reason,
        }

    def require(self, streams: Iterable[str]) -> None:
        """Raise NotLoaded for those of the streams that are missing, all at once."""
        missing = self._missing(streams)
        if missing:
            raise NotLoaded(Wanted(streams=missing))

    def _missing(self, streams: Iterable[str]) -> frozenset[str]:
        loaded = self._loaded
        return frozenset(streams) - self._aggregates.keys() - loaded.remembered.keys() - loaded.streams.keys()

    def find(self, kind: type[A], stream: str) -> A | None:
        """The aggregate of a stream as this work has it, None when there is none. Raises NotLoaded."""
        if stream not in self._aggregates:
            self.require([stream])
            aggregate = self._take(stream)
            self.reads[stream] = 0 if aggregate is None else aggregate.version
            if aggregate is None:
                return None
            self._aggregates[stream] = aggregate
        found = self._aggregates[stream]
        return found if isinstance(found, kind) else None

    def _take(self, stream: str) -> BaseAggregate[str] | None:
        remembered = self._loaded.remembered.get(stream)
        if remembered is not None:
            return _private(remembered)
        aggregate: Any = project_aggregate(None, self._loaded.streams[stream])
        found: BaseAggregate[str] | None = aggregate
        return found

    def add(self, aggregate: BaseAggregate[str]) -> None:
        """Take in an aggregate that this work has made."""
        self._aggregates[aggregate.id] = aggregate

    def resolve(self, alias: str) -> str | None:
        """The stream that an alias stands for (a payment's id for its bill), or None. Raises NotLoaded."""
        if alias in self.aliases:
            return self.aliases[alias]
        if alias not in self._loaded.aliases:
            raise NotLoaded(Wanted(aliases=frozenset([alias])))
        return self._loaded.aliases[alias]

    def name(self, alias: str, stream: str) -> None:
        """Let an alias, unique for good, stand for a stream."""
        self.aliases[alias] = stream

    def seal(self, folio_id: str, plain: bytes) -> str:
        """Personal data encrypted under the folio's data key. Raises NotLoaded, InvalidState.

        The folio is looked at as well: when its guest is forgotten meanwhile, the commit finds that it has grown.
        """
        stream = folio_stream(folio_id)
        if folio_id not in self._loaded.data_keys:
            raise NotLoaded(Wanted(streams=self._missing([stream]), data_keys=frozenset([folio_id])))
        data_key, folio = self._loaded.data_keys[folio_id], self.find(Folio, stream)
        if data_key is None or (folio is not None and folio.forgotten is not None):
            raise InvalidState(f"The guest of folio {folio_id} was forgotten; it takes no personal data.")
        return data_key.seal(plain)

    def forget(self, folio_id: str) -> None:
        """The folio's guest is forgotten, now or long ago: whoever commits sees to it that it holds."""
        self.forgotten.add(folio_id)

    def collect(self) -> None:
        """A command is decided: take its events over, in the order in which its aggregates came in."""
        for aggregate in self._aggregates.values():
            self.events.extend(aggregate.collect_events())  # type: ignore[arg-type]

    def discard(self) -> None:
        """A command is refused: nothing of this work happens."""
        self.events.clear()
        self.aliases.clear()
        self.outcomes.clear()
        self.forgotten.clear()
        self._aggregates.clear()

    def keep(self, outcome: KeptOutcome) -> None:
        """Commit this outcome together with the events."""
        self.outcomes.append(outcome)

    @property
    def streams(self) -> Mapping[str, BaseAggregate[str]]:
        """The aggregates that this work has touched, by stream."""
        return self._aggregates


def _private(remembered: BaseAggregate[str]) -> BaseAggregate[str]:
    """A copy that may be changed: what an aggregate's own dicts and lists hold is never changed itself."""
    own = object.__new__(type(remembered))
    for name, value in vars(remembered).items():
        own.__dict__[name] = value.copy() if isinstance(value, dict | list) else value
    return own


def assert_conserved(events: Sequence[LedgerEvent]) -> None:
    """Raise ConservationViolated unless the commit's transfers and settlements move money without making any.

    Over the bills of each accommodation, their effects on balances and on live totals must add up to nothing.
    """
    balances: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for event in events:
        arrived = isinstance(event, BillAdded) and event.transfer_origin_bill_id is not None
        if isinstance(event, BillEvent) and (arrived or isinstance(event, BillTransferred | Settled)):
            balances[event.accommodation_id] += event.balance_effect
            totals[event.accommodation_id] += event.total_effect
    if any(balances.values()) or any(totals.values()):
        raise ConservationViolated(
            f"transfers and settlements would change balances by {dict(balances)} and totals by {dict(totals)}"
        )
