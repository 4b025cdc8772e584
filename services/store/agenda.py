"""Writing the agenda of payment requests; what is due is read together with their read model."""

from datetime import datetime

from services.collection.ports import Difference
from services.store.connection import Pool
from services.store.reading import translated

PUT = """
    INSERT INTO collection.agenda (request_id, next_at, attempts, reason)
    VALUES (%(request_id)s, %(next_at)s, %(attempts)s, %(reason)s)
    ON CONFLICT (request_id) DO UPDATE
       SET next_at = excluded.next_at, attempts = excluded.attempts, reason = excluded.reason
"""
DROP = "DELETE FROM collection.agenda WHERE request_id = %(request_id)s"
ADD_DIFFERENCE = """
    INSERT INTO collection.differences (request_id, before, after, amount, flags)
    VALUES (%(request_id)s, %(before)s, %(after)s, %(amount)s, %(flags)s)
"""


class AgendaWriter:
    """Puts requests on the agenda, and keeps what was found by asking."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, request_id: str, next_at: datetime | None, attempts: int, reason: str | None) -> None:
        """Look at it again then, None for never. Raises StoreUnavailable."""
        parameters = {"request_id": request_id, "next_at": next_at, "attempts": attempts, "reason": reason}
        async with translated(), self._pool.connection() as connection:
            await connection.execute(DROP if next_at is None else PUT, parameters)

    async def keep_difference(self, difference: Difference) -> None:
        """Keep what was found to be other than the books said. Raises StoreUnavailable."""
        parameters = {**vars(difference), "flags": list(difference.flags)}
        async with translated(), self._pool.connection() as connection:
            await connection.execute(ADD_DIFFERENCE, parameters)
