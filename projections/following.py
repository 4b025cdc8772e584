"""Following the log around events that fail: tried again with growing pauses, and parked when nothing helps."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from projections.folding import Batch, BatchFailed, EventFailed, move
from projections.parking import park
from projections.place import Connection, Place
from projections.read_model import ReadModel

ATTEMPTS_MAX = 5
PAUSE_SECONDS = 0.1
"""After the first failure of an event; each further pause is twice as long."""

Read = Callable[[Connection, int, int], Awaitable[Batch]]
"""Gives the events after a position, up to another."""

log = logging.getLogger(__name__)


class TooManyFailed(Exception):
    """So many events cannot be taken that nothing is to be learned from the others."""

    def __init__(self, events: int) -> None:
        super().__init__(f"More than {events} events cannot be taken; 'folio audit verify' tells which cannot be read.")


class Follower:
    """Moves read models of one place along the log; what one of them cannot take is found, tried and parked."""

    def __init__(
        self,
        place: Place,
        models: Sequence[ReadModel],
        read: Read,
        batch_events_max: int,
        attempts_max: int = ATTEMPTS_MAX,
        parked_max: int | None = None,
    ) -> None:
        self._place = place
        self._models = {model.name: model for model in models}
        self._read = read
        self._batch_events_max = batch_events_max
        self._limit = batch_events_max
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._attempts_max = attempts_max
        self._parked = 0
        self._parked_max = parked_max

    @property
    def sound(self) -> bool:
        """Whether nothing is known to fail."""
        return not self._attempts and self._limit == self._batch_events_max

    async def step(self, connection: Connection, until: int | None = None) -> dict[str, int] | None:
        """Apply the next batch, at most up to a position; the new positions, or None when something failed.

        Raises TooManyFailed, OtherDefinition, psycopg.Error.
        """

        async def source(after: int) -> Batch:
            last = after + self._limit
            return await self._read(connection, after, last if until is None else min(last, until))

        try:
            positions = await move(connection, self._place, list(self._models.values()), source)
        except (EventFailed, BatchFailed) as failed:
            await self.failed(connection, failed)
            return None
        self._limit = min(self._limit * 2, self._batch_events_max)
        self._attempts.clear()
        return positions

    async def failed(self, connection: Connection, failed: EventFailed | BatchFailed) -> None:
        """Draw the conclusion from a failure: fewer events at once, a pause, or the event is parked."""
        if isinstance(failed, BatchFailed):
            log.warning("%s; trying fewer events at once", failed)
            self._limit = max(1, min(self._limit, failed.positions) // 2)
            return
        event = (failed.read_model, failed.position)
        self._attempts[event] += 1
        if self._attempts[event] < self._attempts_max:
            log.warning("%s; trying again", failed)
            await asyncio.sleep(PAUSE_SECONDS * 2 ** (self._attempts[event] - 1))
            return
        self._parked += 1
        if self._parked_max is not None and self._parked > self._parked_max:
            raise TooManyFailed(self._parked_max)
        log.error("%s; it is parked, and what follows on %s waits behind it", failed, failed.folio)
        await park(connection, self._place, self._models[failed.read_model], failed)
        del self._attempts[event]
