"""The attendant: the worker that sends what was asked for, looks after what was sent, and reads the inbox."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime

from services.billing.errors import NotFound
from services.billing.ports import StoreUnavailable, TooBusy
from services.collection.collector import Attended, Collector
from services.collection.pace import letter_at, look_at, retry_at
from services.collection.ports import Agenda, Due, Inbox, Letter
from services.collection.reconciliation import difference_in

AT_ONCE_MAX = 8
"""Requests dealt with at the same time; each holds a lock."""
READ_AT_ONCE_MAX = 4
"""Callbacks read at the same time, for as many requests."""
LETTERS_MAX = 200
EARLY_ATTEMPTS_MAX = 12
"""A callback may come before the payment is final, by hours; what never becomes true is let go after that."""
POLL_SECONDS = 1.0
FAILED_PAUSE_SECONDS = 1.0

log = logging.getLogger(__name__)


class Attendant:
    """Works through the agenda and the inbox until it is cancelled."""

    def __init__(self, collector: Collector, agenda: Agenda, inbox: Inbox) -> None:
        self._collector = collector
        self._agenda = agenda
        self._inbox = inbox
        self._asked = asyncio.Event()
        self._arrived = asyncio.Event()

    def wake(self) -> None:
        """A request was stored: send it now."""
        self._asked.set()

    def ring(self) -> None:
        """A callback was kept: read it now."""
        self._arrived.set()

    async def work(self) -> None:
        """Everything, until cancelled."""
        await asyncio.gather(self.work_agenda(), self.read_inbox())

    async def work_agenda(self) -> None:
        """Send and look, one batch of what is due after the other."""
        await _for_ever(self._asked, self._agenda_batch)

    async def read_inbox(self) -> None:
        """Deal with callbacks, one batch after the other."""
        await _for_ever(self._arrived, self._inbox_batch)

    async def _agenda_batch(self) -> bool:
        due = await self._agenda.due(AT_ONCE_MAX)
        await _all(self._attend(each) for each in due)
        return bool(due)

    async def _attend(self, due: Due) -> None:
        try:
            attended = await self._collector.attend(due.request_id, ask_first=due.attempts > 0)
        except StoreUnavailable:
            raise
        except Exception as error:
            reason = _why(error, due.request_id)
            await self._agenda.put(due.request_id, retry_at(datetime.now(UTC), due.attempts), due.attempts + 1, reason)
        else:
            await self._put(attended, due.attempts)

    async def _put(self, attended: Attended, attempts: int, *, told: bool = False) -> None:
        """Put it on the agenda again; a change that no callback told of is a difference."""
        now, after = datetime.now(UTC), attended.after
        difference = None if told else difference_in(attended)
        if difference is not None:
            log.warning("the provider says otherwise of request %s: %s", after.id, difference)
            await self._agenda.keep_difference(difference)
        if attended.reason is None:
            await self._agenda.put(after.id, look_at(now, after.status, after.modified_on), 0, None)
        else:
            await self._agenda.put(after.id, retry_at(now, attempts), attempts + 1, attended.reason)

    async def _inbox_batch(self) -> bool:
        by_request: dict[str, list[Letter]] = defaultdict(list)
        for letter in await self._inbox.due(LETTERS_MAX):
            by_request[letter.request_id].append(letter)
        limit = asyncio.Semaphore(READ_AT_ONCE_MAX)

        async def read(letters: Sequence[Letter]) -> None:
            async with limit:
                await self._read(letters)

        await _all(map(read, by_request.values()))
        return bool(by_request)

    async def _read(self, letters: Sequence[Letter]) -> None:
        """Deal with all waiting callbacks of one request by asking the provider once."""
        first, numbers = letters[0], [letter.number for letter in letters]
        try:
            attended = await self._collector.attend(
                first.request_id,
                ask_first=True,
                callback=first.digest,
                news=not all(each.says_paid for each in letters),
            )
        except StoreUnavailable:
            raise
        except Exception as error:
            reason: str | None = _why(error, first.request_id)
        else:
            await self._put(attended, 0, told=True)
            early = first.says_paid and attended.after.payment_id is None and first.attempts < EARLY_ATTEMPTS_MAX
            reason = "the provider does not say that it is paid, yet" if early else attended.reason
        if reason is None:
            await self._inbox.done(numbers)
        else:
            await self._inbox.wait(numbers, letter_at(datetime.now(UTC), first.attempts), reason)


def _why(error: Exception, request_id: str) -> str:
    """Why a request waits that could not be dealt with; a fault of this program keeps no other waiting."""
    match error:
        case TooBusy():
            return "another process deals with it"
        case NotFound():
            return "there is no such payment request here"
        case _:
            log.error("payment request %s waits after a fault", request_id, exc_info=error)
            return f"a fault of this service, {type(error).__name__}; its log says more"


async def _all(doing: Iterable[Awaitable[None]]) -> None:
    """Wait for all of them, whatever becomes of one. Raises what the first raised that failed."""
    for done in await asyncio.gather(*doing, return_exceptions=True):
        if isinstance(done, BaseException):
            raise done


async def _for_ever(called: asyncio.Event, batch: Callable[[], Awaitable[bool]]) -> None:
    while True:
        try:
            if not await batch():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await called.wait()
                called.clear()
        except StoreUnavailable as error:
            log.warning("payment requests wait for the database: %s", error)
            await asyncio.sleep(FAILED_PAUSE_SECONDS)
        except Exception:
            log.exception("payment requests wait after a fault")
            await asyncio.sleep(FAILED_PAUSE_SECONDS)
