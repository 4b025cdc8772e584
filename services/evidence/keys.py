"""Signing keys in files: Ed25519, as PEM. The private one stays with the service, the public one goes to auditors."""

import contextlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

PRIVATE_MODE = 0o600
KEY_BYTES_MAX = 100_000
BEGIN = b"-----BEGIN PUBLIC KEY-----"


@dataclass(frozen=True)
class SigningKey:
    """A public key, as PEM, that checkpoints were signed with."""

    key_id: str
    public_key: str
    first_used_at: datetime


class BadKey(Exception):
    """A file is no key that can be used here."""


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a file. Raises BadKey."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise BadKey(f"{path} holds no private key that can be read: {_why(error)}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{path} holds another kind of key; an Ed25519 private key is needed.")
    return key


def make_private_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a file, made there (mode 600) unless the file exists. Raises BadKey."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    waiting = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE), "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(waiting, path)  # whole or not at all, and never over another's
        finally:
            waiting.unlink(missing_ok=True)
        _keep(path.parent)
    except OSError as error:
        raise BadKey(f"{path} cannot be made: {_why(error)}") from error
    return read_private_key(path)


def _keep(folder: Path) -> None:
    """See to it that a crash takes no name out of a folder again."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_public_keys(path: Path) -> list[Ed25519PublicKey]:
    """The public keys in a file, one or more after each other. Raises BadKey."""
    try:
        blocks = [BEGIN + block for block in path.read_bytes()[:KEY_BYTES_MAX].split(BEGIN)[1:]]
        keys = [load_pem_public_key(block) for block in blocks]
    except (OSError, ValueError, TypeError) as error:
        raise BadKey(f"{path} holds no public key that can be read: {_why(error)}") from error
    found = [key for key in keys if isinstance(key, Ed25519PublicKey)]
    if not keys:
        raise BadKey(f"{path} holds no public key; it begins with {BEGIN.decode()}.")
    if len(found) != len(keys):
        raise BadKey(f"{path} holds another kind of key; Ed25519 public keys are needed.")
    return found


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error).split("\n")[0]
