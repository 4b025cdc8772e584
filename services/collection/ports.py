"""What collecting asks of the store: locks, the agenda of what to do next, the inbox of callbacks, keys."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.billing.ports import DataKey


class Locks(Protocol):
    """One at a time deals with the provider about a request, over all processes."""

    def hold(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold the lock of this name. Raises TooBusy when another holds it for too long, StoreUnavailable."""
        ...


class Opener(Protocol):
    """Finds the keys of sealed guest data."""

    async def for_opening(self, folio_ids: Iterable[str]) -> Mapping[str, DataKey]:
        """The data keys that exist of these folios. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True)
class Difference:
    """What the books said before, and what the provider said; `amount` in won is what it concerns."""

    request_id: str
    before: str
    after: str
    amount: int
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Due:
    """A request that is to be looked at; `attempts` that failed in a row before."""

    request_id: str
    attempts: int


class Agenda(Protocol):
    """When each request is to be looked at next. It may be lost: what has no entry is due at once."""

    async def due(self, limit: int) -> Sequence[Due]:
        """Requests whose time has come, the oldest first. Raises StoreUnavailable."""
        ...

    async def all_watched(self) -> Sequence[str]:
        """Every request that may still change at the provider, the oldest first. Raises StoreUnavailable."""
        ...

    async def put(self, request_id: str, next_at: datetime | None, attempts: int, reason: str | None) -> None:
        """Look at it again then, None for never. Raises StoreUnavailable."""
        ...

    async def keep_difference(self, difference: Difference) -> None:
        """Keep what was found to be other than the books said. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True)
class Letter:
    """A callback that was kept: its number, the request that it names, the digest of its bytes."""

    number: int
    request_id: str
    digest: str
    says_paid: bool
    attempts: int


@dataclass(frozen=True)
class KeptCallback:
    """A callback as it came. `body` holds the provider's credential and is shown with care.

    Body and headers are empty once the guest was forgotten whom they are about.
    """

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


class Inbox(Protocol):
    """Callbacks, kept before they are answered and read after."""

    async def due(self, limit: int) -> Sequence[Letter]:
        """Callbacks that wait, the oldest first. Raises StoreUnavailable."""
        ...

    async def done(self, numbers: Sequence[int]) -> None:
        """They are dealt with. Raises StoreUnavailable."""
        ...

    async def wait(self, numbers: Sequence[int], next_at: datetime, reason: str) -> None:
        """They cannot be dealt with yet, for this reason. Raises StoreUnavailable."""
        ...
