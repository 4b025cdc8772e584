"""Writing the agenda of payment requests; what is due is read together with their read model."""

from datetime import datetime

from services.store.connection import Pool
from services.store.reading import translated

PUT = """
    INSERT INTO collection.agenda (request_id, next_at, attempts, reason)
    VALUES (%(request_id)s, %(next_at)s, %(attempts)s, %(reason)s)
    ON CONFLICT (request_id) DO UPDATE
       SET next_at = excluded.next_at, attempts = excluded.attempts, reason = excluded.reason
"""
ADD_DIFFERENCE = """
    INSERT INTO collection.differences (request_id, before, after, amount, note)
    VALUES (%(request_id)s, %(before)s, %(after)s, %(amount)s, %(note)s)
"""


class AgendaWriter:
    """Puts requests on the agenda, and keeps what reconciliations found."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, request_id: str, next_at: datetime, attempts: int, reason: str | None) -> None:
        """Look at it again then. Raises StoreUnavailable."""
        parameters = {"request_id": request_id, "next_at": next_at, "attempts": attempts, "reason": reason}
        async with translated(), self._pool.connection() as connection:
            await connection.execute(PUT, parameters)

    async def keep_difference(
        self, request_id: str, before: str, after: str, amount: int | None, note: str | None
    ) -> None:
        """Keep what a reconciliation found. Raises StoreUnavailable."""
        parameters = {"request_id": request_id, "before": before, "after": after, "amount": amount, "note": note}
        async with translated(), self._pool.connection() as connection:
            await connection.execute(ADD_DIFFERENCE, parameters)
