"""What every event carries, and the context of the command that caused it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from eventsourcing.domain import CanInitAggregate, CanMutateAggregate, MetaDomainEvent
from eventsourcing.utils import register_topic


@dataclass(frozen=True)
class Context:
    """Who asks, and under which conditions.

    `accommodations` are those that the caller's key may see, None for all. `expected_version` is the
    bill's version that the caller has seen (If-Match), None for any.
    """

    key: str
    request_id: str
    user: str | None = None
    reason: str | None = None
    accommodations: frozenset[str] | None = None
    expected_version: int | None = None

    @property
    def only_accommodation(self) -> str | None:
        """The accommodation of a key that reaches no other, so that its caller need not name it."""
        return next(iter(self.accommodations)) if self.accommodations and len(self.accommodations) == 1 else None

    def sees(self, accommodation_id: str) -> bool:
        """Whether the caller's key reaches this accommodation."""
        return self.accommodations is None or accommodation_id in self.accommodations


class LedgerEvent(CanMutateAggregate[str], metaclass=MetaDomainEvent):
    """A fact in the log. `TOPIC` is its name there for good, so that classes can move between files.

    `key` is the API key's name, `user` the PMS user whom the request named, `timestamp` the moment of
    recording (UTC). Replay applies an event as it is and checks nothing: the rule was the command's.
    """

    TOPIC: ClassVar[str]

    originator_id: str
    originator_version: int
    timestamp: datetime
    key: str
    user: str | None
    request_id: str
    reason: str | None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "TOPIC" in cls.__dict__:
            register_topic(cls.TOPIC, cls)

    @property
    def by(self) -> str:
        """The person to show: the PMS user, or the key when the request named nobody."""
        return self.user or self.key

    def apply(self, aggregate: Any) -> None:
        """Change the aggregate's state to what this event says."""
        raise NotImplementedError(type(self).__name__)


class CreatedEvent(CanInitAggregate[str], LedgerEvent):
    """The first event of an aggregate."""

    originator_topic: str


class BillEvent(LedgerEvent):
    """An event of a bill, with its effect on what the bill and its folio owe.

    `balance_effect` is added to the bill's balance; `total_effect` is by how much the total over the
    folio's live bills changes. Both are what conservation is asserted on.
    """

    accommodation_id: str
    folio_id: str
    balance_effect: int
    total_effect: int

    def apply(self, aggregate: Any) -> None:
        """Add the effect to the balance, then evolve what else this event changes."""
        aggregate.balance_amount += self.balance_effect
        self.evolve(aggregate)

    def evolve(self, bill: Any) -> None:
        """Change the bill's state beyond its balance."""
        raise NotImplementedError(type(self).__name__)
