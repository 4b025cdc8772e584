"""What the domain asks of a store, and what the store may answer: the words that both share."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from eventsourcing.domain import BaseAggregate

from services.billing.event import LedgerEvent


class Conflict(Exception):
    """Another commit was first: with the same version of a stream, or with a later moment in the log."""

    def __init__(self, newest: datetime | None = None) -> None:
        super().__init__("another commit was first")
        self.newest = newest


class KeyTaken(Exception):
    """An idempotency key of this commit has an outcome already."""


class StoreUnavailable(Exception):
    """The database does not answer. Whether a commit under way happened is not known to the caller."""


class NotForgotten(Exception):
    """The log says that a guest is forgotten, and personal data is there all the same; the message says what to do."""


class TooBusy(Exception):
    """The command lost its race again and again; it changed nothing and may be repeated."""


class DataKey(Protocol):
    """The key that personal data of one folio is sealed under."""

    def seal(self, plain: bytes) -> str:
        """The bytes encrypted, as text that only this folio's key opens."""
        ...

    def open(self, sealed: str) -> bytes | None:
        """The bytes again, or None when they were not sealed under this key."""
        ...


@dataclass(frozen=True)
class Wanted:
    """What a command needs from the store before it can decide; `fresh` takes nothing from memory."""

    streams: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    data_keys: frozenset[str] = frozenset()
    fresh: bool = False

    def __or__(self, other: "Wanted") -> "Wanted":
        return Wanted(
            self.streams | other.streams,
            self.aliases | other.aliases,
            self.data_keys | other.data_keys,
            self.fresh or other.fresh,
        )


@dataclass
class Loaded:
    """What was read from the store: events by stream (none for an unknown stream), aliases, data keys.

    `remembered` are aggregates as the store last saw them: another process may have changed them since, which
    the commit finds out. A data key is None when it was destroyed, so that its folio's guest is forgotten.
    """

    streams: dict[str, Sequence[LedgerEvent]] = field(default_factory=dict)
    remembered: dict[str, BaseAggregate[str]] = field(default_factory=dict)
    aliases: dict[str, str | None] = field(default_factory=dict)
    data_keys: dict[str, DataKey | None] = field(default_factory=dict)

    @property
    def newest(self) -> datetime:
        """The latest moment in what is loaded: what is decided on it happens after that, whatever the clocks say."""
        moments = [events[-1].timestamp for events in self.streams.values() if events]
        moments.extend(aggregate.modified_on for aggregate in self.remembered.values())
        return max(moments, default=datetime.min.replace(tzinfo=UTC))

    def update(self, more: "Loaded") -> None:
        """Take over what another load brought."""
        self.streams.update(more.streams)
        self.remembered.update(more.remembered)
        self.aliases.update(more.aliases)
        self.data_keys.update(more.data_keys)


@dataclass(frozen=True)
class KeptOutcome:
    """The answer to keep with an idempotency key, so that the same request gets it again.

    `holder` is whose key it is, `fingerprint` the digest of the request, `outcome` the encoded answer.
    """

    holder: str
    key: str
    fingerprint: bytes
    outcome: bytes


class Decided(Protocol):
    """What a command has decided and wants committed.

    The store sets `moved_to` when another process's commit overtook it: its moment is then this one.
    """

    moved_to: datetime | None

    @property
    def events(self) -> Sequence[LedgerEvent]:
        """The events, in their order."""
        ...

    @property
    def aliases(self) -> Mapping[str, str]:
        """Names that the events introduce, each with the stream that it stands for."""
        ...

    @property
    def outcomes(self) -> Sequence[KeptOutcome]:
        """Answers to keep with their keys."""
        ...

    @property
    def forgotten(self) -> Collection[str]:
        """The folios whose guests are forgotten, by these events or by earlier ones."""
        ...

    @property
    def reads(self) -> Mapping[str, int]:
        """The streams that it was decided on, each with its version then, 0 for one that was not there."""
        ...

    @property
    def streams(self) -> Mapping[str, BaseAggregate[str]]:
        """Their aggregates as they are once this is committed."""
        ...


class Store(Protocol):
    """Where events are read from and committed to."""

    async def load(self, wanted: Wanted) -> Loaded:
        """What is wanted, as it stands now. Raises StoreUnavailable."""
        ...

    async def commit(self, decided: Decided) -> int | None:
        """Store events, aliases and outcomes at once; returns the last event's position.

        A guest who is to be forgotten is so once it returns, also when that was recorded before and had been undone.
        The order among commits of one process is the order of the calls. Raises Conflict, also when a stream
        that it read has grown, KeyTaken, StoreUnavailable; then nothing of it is stored, except as
        StoreUnavailable says. Raises NotForgotten when all is stored, and a guest is not forgotten.
        """
        ...
