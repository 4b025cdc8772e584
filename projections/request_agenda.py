"""The agenda of payment requests: what is due is read from their read model, the rest is the store's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from projections.payment_requests import due_requests, watched_requests
from projections.reading import NotCaughtUp, Reader
from services.billing.ports import StoreUnavailable
from services.collection.ports import Due
from services.store.agenda import AgendaWriter
from services.store.connection import Pool


class RequestAgenda(AgendaWriter):
    """The agenda: what is due is read together with the read model, the rest is written here."""

    def __init__(self, pool: Pool, reader: Reader) -> None:
        super().__init__(pool)
        self._reader = reader

    async def due(self, limit: int) -> Sequence[Due]:
        """Requests whose time has come, the oldest first. Raises StoreUnavailable."""
        with _caught_up():
            return [Due(request_id, attempts) for request_id, attempts in await due_requests(self._reader, limit)]

    async def all_watched(self) -> Sequence[str]:
        """Every request that may still change at the provider. Raises StoreUnavailable."""
        with _caught_up():
            return await watched_requests(self._reader)


@contextmanager
def _caught_up() -> Iterator[None]:
    """Read models that are behind are as good as a database that does not answer."""
    try:
        yield
    except NotCaughtUp as error:
        raise StoreUnavailable(str(error)) from error
