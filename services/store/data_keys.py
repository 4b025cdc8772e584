"""Data keys: personal data is sealed under a key per folio, so that destroying the key forgets the guest.

A sealed text is `v1.` and base64url of nonce and AES-256-GCM ciphertext; the folio's id is authenticated
with it, so that a sealed text of one folio cannot be passed off as another's.
"""

import base64
import binascii
import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.store.connection import Pool
from services.store.reading import reading, translated

PREFIX = "v1."
NONCE_BYTES = 12

INSERT_KEY = """
    INSERT INTO ledger.personal_data_keys (folio_id, data_key) VALUES (%(folio_id)s, %(data_key)s)
    ON CONFLICT (folio_id) DO NOTHING
"""
SELECT_KEYS = "SELECT folio_id, data_key FROM ledger.personal_data_keys WHERE folio_id = ANY(%(folio_ids)s)"

GUEST_FORGOTTEN = "folio.guest_forgotten"
"""The event that destroys its folio's key, by a trigger on the log."""


def new_key() -> bytes:
    """A new data key, not kept anywhere."""
    return AESGCM.generate_key(bit_length=256)


class FolioDataKey:
    """The data key of one folio."""

    def __init__(self, folio_id: str, key: bytes) -> None:
        self._folio_id = folio_id.encode()
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes) -> str:
        """The bytes encrypted, different each time."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, plain, self._folio_id)
        return PREFIX + base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str) -> bytes | None:
        """The bytes again, or None when they were not sealed under this key."""
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(PREFIX))
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], self._folio_id)
        except (InvalidTag, binascii.Error, ValueError):
            return None


class DataKeys:
    """Makes and finds data keys. None is kept in memory, so that a destroyed key is gone at once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def for_sealing(self, folio_id: str) -> FolioDataKey | None:
        """The folio's key, made when it has none; None when it was destroyed. Raises StoreUnavailable."""
        found = await self.find([folio_id])
        if folio_id not in found:
            parameters = {"folio_id": folio_id, "data_key": new_key()}
            async with translated(), self._pool.connection() as connection:
                await connection.execute(INSERT_KEY, parameters)
            found = await self.find([folio_id])
        return found[folio_id]

    async def for_opening(self, folio_ids: Iterable[str]) -> dict[str, FolioDataKey]:
        """The keys that exist of these folios. Raises StoreUnavailable."""
        found = await self.find(folio_ids)
        return {folio_id: key for folio_id, key in found.items() if key is not None}

    async def find(self, folio_ids: Iterable[str]) -> dict[str, FolioDataKey | None]:
        """The keys of those folios that have had one, None where it was destroyed. Raises StoreUnavailable."""
        rows = await reading(self._pool, SELECT_KEYS, {"folio_ids": list(folio_ids)})
        return {folio_id: None if key is None else FolioDataKey(folio_id, bytes(key)) for folio_id, key in rows}
