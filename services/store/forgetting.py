"""That a guest who is forgotten in the log is so in the tables beside it: looked at, and done again where it is not."""

import logging
from collections.abc import Collection

import psycopg

from services.billing.ports import NotForgotten
from services.store.connection import Pool
from services.store.reading import reading, translated

SELECT_REMEMBERED = """
    SELECT given.folio_id FROM unnest(%(folio_ids)s::text[]) AS given (folio_id)
     WHERE EXISTS (
            SELECT FROM ledger.events
             WHERE originator_id = 'folio/' || given.folio_id AND topic = 'folio.guest_forgotten')
       AND (NOT EXISTS (
                SELECT FROM ledger.personal_data_keys AS key
                 WHERE key.folio_id = given.folio_id AND key.data_key IS NULL)
            OR EXISTS (
                SELECT FROM collection.callbacks AS callback
                 WHERE callback.folio_id = given.folio_id AND (body <> '' OR headers <> '{}'))
            OR EXISTS (
                SELECT FROM collection.callbacks AS callback
                 WHERE callback.folio_id IS NULL AND (body <> '' OR headers <> '{}')
                   AND request_id = ANY (ARRAY(SELECT ledger.payment_requests_of(given.folio_id)))))
"""
DESTROY = "SELECT ledger.destroy_personal_data(folio_id) FROM unnest(%(folio_ids)s::text[]) AS folio_id"

HINT = "Run 'folio audit verify' to see which protection is missing, put it right, and forget the guest again."

log = logging.getLogger(__name__)


class Forgetting:
    """Looks after the trigger that destroys keys and erases callbacks, and after tables restored from a backup."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def see_done(self, folio_ids: Collection[str]) -> None:
        """Destroy what is there of those guests whom the log says to be forgotten; nothing of any other.

        Raises NotForgotten, StoreUnavailable.
        """
        remembered = await self._remembered(folio_ids)
        if not remembered:
            return
        log.error(
            "personal data of forgotten guests was there, and is being destroyed: folios %s", ", ".join(remembered)
        )
        try:
            async with translated(), self._pool.connection() as connection:
                await connection.execute(DESTROY, {"folio_ids": remembered})
        except psycopg.Error as error:
            raise _not_forgotten(remembered) from error
        if remembered := await self._remembered(remembered):
            raise _not_forgotten(remembered)

    async def _remembered(self, folio_ids: Collection[str]) -> list[str]:
        rows = await reading(self._pool, SELECT_REMEMBERED, {"folio_ids": list(folio_ids)})
        return [folio_id for (folio_id,) in rows]


def _not_forgotten(folio_ids: Collection[str]) -> NotForgotten:
    return NotForgotten(
        f"The forgetting is recorded, but the personal data is not destroyed, of folios {', '.join(folio_ids)}. {HINT}"
    )
