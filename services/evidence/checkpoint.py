"""Checkpoints: the root over all chains at a position of the log, signed, each naming the one before it."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.evidence.chain import HASH_BYTES, VERSION, VERSION_FIELD, framed

CHECKPOINT = b"folio-ledger checkpoint"
NO_CHECKPOINT = bytes(HASH_BYTES)
"""What the first checkpoint has before it."""
KEY_ID_LENGTH = 16


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint; `made_at` as in `2026-11-22T05:00:00.000000Z`, `previous` the digest of the one before it."""

    number: int
    position: int
    made_at: str
    root: bytes
    previous: bytes
    key_id: str
    signature: bytes = field(default=b"", compare=False)

    @property
    def signed_bytes(self) -> bytes:
        """What is signed."""
        return framed((
            CHECKPOINT,
            VERSION_FIELD,
            b"%d" % self.number,
            b"%d" % self.position,
            self.made_at.encode(),
            self.root,
            self.previous,
            self.key_id.encode(),
        ))  # fmt: skip

    @property
    def digest(self) -> bytes:
        """What the next checkpoint names."""
        return hashlib.sha256(self.signed_bytes).digest()

    def signed(self, key: Ed25519PrivateKey) -> "Checkpoint":
        """The same, signed with the key that `key_id` names."""
        signature = key.sign(self.signed_bytes)
        return Checkpoint(self.number, self.position, self.made_at, self.root, self.previous, self.key_id, signature)

    def signed_with(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is of this key."""
        try:
            key.verify(self.signature, self.signed_bytes)
        except InvalidSignature:
            return False
        return True

    def document(self) -> dict[str, Any]:
        """As JSON, with hashes and signature in hexadecimal."""
        return {
            "version": VERSION,
            "number": self.number,
            "position": self.position,
            "madeAt": self.made_at,
            "root": self.root.hex(),
            "previous": self.previous.hex(),
            "keyId": self.key_id,
            "signature": self.signature.hex(),
        }


def key_id_of(key: Ed25519PublicKey) -> str:
    """The name of a public key: the beginning of its SHA-256, in hexadecimal."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:KEY_ID_LENGTH]
