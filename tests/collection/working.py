"""The attendant's agenda and inbox in memory, and the attendant at work on them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.collection.attendant import Attendant
from services.collection.pace import JITTER
from services.collection.payment_request import PaymentRequest
from services.collection.ports import Difference, Due, Letter
from services.store.tasks import end
from tests.collection.given import Reception
from tests.unit.given import Hotel

SECONDS_MAX = 30


@dataclass
class Entry:
    """When a request is due, never for None, after how many failures, and why."""

    next_at: datetime | None
    attempts: int = 0
    reason: str | None = None


@dataclass
class MemoryAgenda:
    """The agenda, as dicts; `broken` raises at the next call."""

    hotel: Hotel
    entries: dict[str, Entry] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)

    async def due(self, limit: int) -> Sequence[Due]:
        """What is due."""
        if self.broken:
            raise self.broken.pop()
        ready = [(name, entry) for name, entry in self.entries.items() if self._is_due(entry)]
        return [Due(name, entry.attempts) for name, entry in ready][:limit]

    def _is_due(self, entry: Entry) -> bool:
        return entry.next_at is not None and entry.next_at <= self.hotel.now

    async def all_watched(self) -> Sequence[str]:
        """All of it."""
        return list(self.entries)

    async def put(self, request_id: str, next_at: datetime | None, attempts: int, reason: str | None) -> None:
        """Another time."""
        self.entries[request_id] = Entry(next_at, attempts, reason)

    async def keep_difference(self, difference: Difference) -> None:
        """What was found."""
        self.differences.append(difference)


@dataclass
class MemoryInbox:
    """The inbox, as dicts."""

    hotel: Hotel
    letters: dict[int, Letter] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    next_at: dict[int, datetime] = field(default_factory=dict)

    def arrive(self, request_id: str, *, says_paid: bool = True) -> int:
        """A callback comes in; returns its number."""
        number = len(self.next_at) + 1
        self.letters[number] = Letter(number, request_id, f"digest {number}", says_paid, 0)
        self.next_at[number] = self.hotel.now
        return number

    async def due(self, limit: int) -> Sequence[Letter]:
        """What waits and is due."""
        ready = [letter for number, letter in self.letters.items() if self.next_at[number] <= self.hotel.now]
        return ready[:limit]

    async def done(self, numbers: Sequence[int]) -> None:
        """Dealt with."""
        for number in numbers:
            del self.letters[number]

    async def wait(self, numbers: Sequence[int], next_at: datetime, reason: str) -> None:
        """Not yet."""
        for number in numbers:
            letter = self.letters[number]
            self.letters[number] = replace(letter, attempts=letter.attempts + 1)
            self.next_at[number], self.reasons[number] = next_at, reason


class Office:
    """The attendant at work, until nothing is due."""

    def __init__(self, reception: Reception) -> None:
        self.reception = reception
        self.agenda = MemoryAgenda(reception.hotel)
        self.inbox = MemoryInbox(reception.hotel)
        self.attendant = Attendant(reception.collector, self.agenda, self.inbox)

    def plan(self, request: PaymentRequest, attempts: int = 0) -> PaymentRequest:
        """The request is due now."""
        self.agenda.entries[request.id] = Entry(self.reception.hotel.now, attempts)
        return request

    async def work(self) -> None:
        """Deal with all that is due now."""
        tasks = [asyncio.create_task(self.attendant.work_agenda()), asyncio.create_task(self.attendant.read_inbox())]
        try:
            async with asyncio.timeout(SECONDS_MAX):
                while await self.agenda.due(1) or await self.inbox.due(1):
                    await asyncio.sleep(0)
        finally:
            await end(tasks)

    def waits(self, request: PaymentRequest) -> timedelta:
        """How long until the request is looked at again."""
        next_at = self.agenda.entries[request.id].next_at
        assert next_at is not None
        return next_at - self.reception.hotel.now


def within(waited: timedelta, expected: timedelta) -> bool:
    """Whether this is the expected interval, with jitter."""
    return expected * (1 - JITTER) <= waited <= expected * (1 + JITTER)
