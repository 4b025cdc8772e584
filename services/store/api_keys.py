"""API keys: made, listed and revoked here, stored as digests only."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import datetime

import psycopg
from ulid import ULID

from services.access import Caller, Role
from services.store.connection import Pool, connect_blocking
from services.store.reading import reading

KEY_BYTES = 32
KEY_PREFIX = "folio_"
KNOWN_SECONDS_MAX = 2.0
"""How long a key that was looked up is taken as known: a revoked key ends after this at the latest."""
KNOWN_MAX = 10_000

SELECT_CALLER = """
    SELECT id, name, role, accommodations FROM ledger.api_keys
     WHERE digest = %(digest)s AND revoked_at IS NULL
"""
INSERT_KEY = """
    INSERT INTO ledger.api_keys (id, name, role, accommodations, digest)
    VALUES (%(id)s, %(name)s, %(role)s, %(accommodations)s, %(digest)s)
"""
SELECT_KEYS = """
    SELECT id, name, role, accommodations, created_at, revoked_at FROM ledger.api_keys ORDER BY created_at, id
"""
REVOKE_KEY = """
    UPDATE ledger.api_keys SET revoked_at = now()
     WHERE (id = %(key)s OR name = %(key)s) AND revoked_at IS NULL RETURNING id
"""


@dataclass(frozen=True)
class StoredKey:
    """A key as `folio keys list` shows it; the key itself is known to its holder only."""

    id: str
    name: str
    role: Role
    accommodations: list[str] | None
    created_at: datetime
    revoked_at: datetime | None


class NameTaken(Exception):
    """Another key, not revoked, has this name."""


def digest_of(key: str) -> bytes:
    """SHA-256; enough for a key of 256 random bits, which nobody can guess from it."""
    return hashlib.sha256(key.encode()).digest()


def create_key(conninfo: str, name: str, role: Role, accommodations: list[str] | None) -> str:
    """Make a key; returns it, the only time that it is to be seen. Raises NameTaken, psycopg.Error."""
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    parameters = {
        "id": str(ULID()),
        "name": name,
        "role": role,
        "accommodations": accommodations,
        "digest": digest_of(key),
    }
    with connect_blocking(conninfo) as connection:
        try:
            connection.execute(INSERT_KEY, parameters)
        except psycopg.errors.UniqueViolation as error:
            raise NameTaken(f"A key named {name!r} exists; choose another name, or revoke that one first.") from error
    return key


def list_keys(conninfo: str) -> list[StoredKey]:
    """All keys, oldest first. Raises psycopg.Error."""
    with connect_blocking(conninfo) as connection:
        return [StoredKey(*row) for row in connection.execute(SELECT_KEYS)]


def revoke_key(conninfo: str, key: str) -> bool:
    """End a key, given its id or name; False when there is none. Raises psycopg.Error."""
    with connect_blocking(conninfo) as connection:
        return connection.execute(REVOKE_KEY, {"key": key}).fetchone() is not None


class KeyRing:
    """Finds the caller of a request by its key."""

    def __init__(self, pool: Pool, admin_key: str | None) -> None:
        self._pool = pool
        self._admin_digest = None if admin_key is None else digest_of(admin_key)
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def find(self, key: str) -> Caller | None:
        """The key's holder, None for an unknown or revoked key. Raises StoreUnavailable."""
        digest = digest_of(key)
        if self._admin_digest is not None and hmac.compare_digest(digest, self._admin_digest):
            return Caller("admin", "admin", "admin")
        now = time.monotonic()
        known = self._known.get(digest)
        if known is not None and now - known[0] < KNOWN_SECONDS_MAX:
            return known[1]
        rows = await reading(self._pool, SELECT_CALLER, {"digest": digest})
        self._known.pop(digest, None)
        if not rows:
            return None
        key_id, name, role, accommodations = rows[0]
        caller = Caller(key_id, name, role, None if accommodations is None else frozenset(accommodations))
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[digest] = (now, caller)
        return caller
