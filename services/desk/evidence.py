"""The evidence that callers may have: proofs of folios, checkpoints, the public keys."""

import logging
from collections.abc import Sequence
from typing import Protocol

from services.access import Caller
from services.billing.errors import InvalidState
from services.desk.problems import Problem, not_found
from services.evidence.chain import Tampered
from services.evidence.checkpoint import Checkpoint
from services.evidence.keys import SigningKey
from services.evidence.package import Package, TooLong

NOTHING_PROVEN = "The log is not what was signed. Nothing is proven before 'folio audit verify' was looked into."

log = logging.getLogger(__name__)


class EvidenceStore(Protocol):
    """Where links and checkpoints are kept. All raise StoreUnavailable."""

    async def accommodation_of(self, folio_id: str) -> str | None:
        """Whose a folio is, None when there is none."""
        ...

    async def prove(self, folio_id: str, position: int) -> Package | None:
        """The proof of a folio with everything that is in the log, None when there is no such folio.

        Its checkpoint reaches a position of the log, if the log does.

        Raises Tampered when what is stored does not go on from what was signed.
        """
        ...

    async def checkpoints(self, before: int | None, limit: int) -> Sequence[Checkpoint]:
        """Checkpoints, newest first, those before a number."""
        ...

    async def keys(self) -> Sequence[SigningKey]:
        """The public keys, oldest first."""
        ...


class Evidence:
    """What auditors ask for."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store

    async def proof(self, folio_id: str, position: int, caller: Caller) -> Package:
        """The proof of a folio, up to a position or a later one if the log reaches it.

        Raises Problem when the caller sees no such folio, InvalidState, StoreUnavailable.
        """
        accommodation_id = await self._store.accommodation_of(folio_id)
        if accommodation_id is None or not caller.reaches(accommodation_id):
            raise not_found("folio", folio_id)
        try:
            package = await self._store.prove(folio_id, position)
        except Tampered as error:
            log.critical("a proof was refused, the evidence does not hold: %s", error)
            raise InvalidState(NOTHING_PROVEN) from error
        except TooLong as error:
            raise Problem("INVALID_PARAMETER", f"{error} 'folio audit verify' checks the whole log.") from error
        if package is None:
            raise not_found("folio", folio_id)
        return package

    async def checkpoints(self, before: int | None, limit: int) -> Sequence[Checkpoint]:
        """Checkpoints, newest first. Raises StoreUnavailable."""
        return await self._store.checkpoints(before, limit)

    async def keys(self) -> Sequence[SigningKey]:
        """The public keys that checkpoints were signed with, oldest first. Raises StoreUnavailable."""
        return await self._store.keys()
