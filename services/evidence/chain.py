"""The links of a chain: one for each event of a folio, each holding the hash of the one before it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

VERSION = 1
"""Of everything that is hashed here; another way to hash is another version."""
VERSION_FIELD = b"1"
HASH_BYTES = 32

CHAIN = b"folio-ledger chain"
LINK = b"folio-ledger link"


class Tampered(Exception):
    """What is stored is not what was stored: nothing is sealed on top of it. The message says what and where."""


def framed(fields: Iterable[bytes]) -> bytes:
    """The fields one after the other, each after its length in 8 bytes, so that none can be moved into another."""
    return b"".join([len(field).to_bytes(8) + field for field in fields])


def hashed(*fields: bytes) -> bytes:
    """SHA-256 of the framed fields."""
    return hashlib.sha256(framed(fields)).digest()


@dataclass(frozen=True, slots=True)
class Link:
    """What a link holds of its event; `recorded_at` as in `2026-11-22T05:00:00.000000Z`, the payload as stored."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: str
    actor: str
    payload: bytes

    def hash(self, previous: bytes) -> bytes:
        """The link's hash after that of the link before it."""
        return hashed(
            LINK,
            VERSION_FIELD,
            previous,
            b"%d" % self.position,
            self.stream.encode(),
            b"%d" % self.version,
            self.topic.encode(),
            self.recorded_at.encode(),
            self.actor.encode(),
            self.payload,
        )


def origin_of(chain: str) -> bytes:
    """What the first link of a chain has before it."""
    return hashed(CHAIN, VERSION_FIELD, chain.encode())


def folio_chain(folio_id: str) -> str:
    """The name of a folio's chain, which is that of its stream."""
    return f"folio/{folio_id}"


def facts_in(payload: bytes) -> dict[str, Any]:
    """The members of a payload, none when it is no JSON object."""
    try:
        facts = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def actor_in(facts: dict[str, Any]) -> str:
    """Who caused an event: the PMS user whom the request named, else the key's name."""
    return str(facts.get("user") or facts.get("key") or "")


def folio_in(facts: dict[str, Any]) -> str | None:
    """The folio that an event names, None when it names none."""
    asked = facts.get("asked")
    folio_id = facts.get("folio_id") or (asked.get("folio_id") if isinstance(asked, dict) else None)
    return folio_id if isinstance(folio_id, str) else None


def chain_of(stream: str, facts: dict[str, Any], first_facts: dict[str, Any]) -> str:
    """The chain of an event: of the folio that it names, or else its stream's first event; or else its stream."""
    folio_id = folio_in(facts) or folio_in(first_facts)
    return stream if folio_id is None else folio_chain(folio_id)
