"""A proof as one JSON document: a folio's events with their links, and the signed checkpoint that covers them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.evidence.chain import VERSION, Link
from services.evidence.checkpoint import Checkpoint

FORMAT: Final = "folio-ledger proof"


@dataclass(frozen=True)
class Package:
    """A proof. `hashes` are those of the links; `drawer` and `path` lead from the last of them to the root."""

    folio_id: str
    links: Sequence[Link]
    hashes: Sequence[bytes]
    drawer: Sequence[bytes]
    path: Sequence[bytes]
    checkpoint: Checkpoint

    def document(self) -> dict[str, Any]:
        """As JSON, with hashes in hexadecimal."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "folioId": self.folio_id,
            "chainVersion": VERSION,
            "events": [_event(link, hash_) for link, hash_ in zip(self.links, self.hashes, strict=True)],
            "drawer": [leaf.hex() for leaf in self.drawer],
            "path": [hash_.hex() for hash_ in self.path],
            "checkpoint": self.checkpoint.document(),
        }


def _event(link: Link, hash_: bytes) -> dict[str, Any]:
    return {
        "position": link.position,
        "stream": link.stream,
        "version": link.version,
        "topic": link.topic,
        "recordedAt": link.recorded_at,
        "actor": link.actor,
        "payload": link.payload.decode(errors="replace"),  # what is no UTF-8 was never stored so: its link fails
        "hash": hash_.hex(),
    }


class TooLong(Exception):
    """A folio has more events than one proof holds."""

    def __init__(self, folio_id: str, events_max: int) -> None:
        super().__init__(f"Folio {folio_id} has more than {events_max} events, too many for one proof.")


class Damaged(Exception):
    """A document is no proof: where, and what is wrong there."""


class VersionUnknown(Exception):
    """A document is made by rules that this code does not know."""


def read_package(document: Any) -> Package:
    """The proof that a JSON document holds. Raises Damaged, VersionUnknown."""
    whole = _Part(document, "the package")
    if whole.text("format") != FORMAT:
        raise Damaged(f"the package: format is not {FORMAT!r}")
    whole.known_version("version")
    whole.known_version("chainVersion")
    events = [_read_event(part) for part in whole.parts("events")]
    package = Package(
        folio_id=whole.text("folioId"),
        links=[link for link, _ in events],
        hashes=[hash_ for _, hash_ in events],
        drawer=whole.hashes("drawer"),
        path=whole.hashes("path"),
        checkpoint=_read_checkpoint(whole.part("checkpoint")),
    )
    whole.nothing_else()
    return package


def _read_event(part: "_Part") -> tuple[Link, bytes]:
    link = Link(
        position=part.number("position"),
        stream=part.text("stream"),
        version=part.number("version"),
        topic=part.text("topic"),
        recorded_at=part.text("recordedAt"),
        actor=part.text("actor"),
        payload=part.text("payload").encode(),
    )
    hash_ = part.hash("hash")
    part.nothing_else()
    return link, hash_


def read_checkpoint(document: Any) -> Checkpoint:
    """The checkpoint that a JSON document holds. Raises Damaged, VersionUnknown."""
    return _read_checkpoint(_Part(document, "the checkpoint"))


def _read_checkpoint(part: "_Part") -> Checkpoint:
    part.known_version("version")
    checkpoint = Checkpoint(
        number=part.number("number"),
        position=part.number("position"),
        made_at=part.text("madeAt"),
        root=part.hash("root"),
        previous=part.hash("previous"),
        key_id=part.text("keyId"),
        signature=part.hash("signature", 64),
    )
    part.nothing_else()
    return checkpoint


class _Part:
    """An object of the document whose members are taken one by one, each in the one form that it may have."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise Damaged(f"{where} is no object")
        self._rest = dict(value)
        self._where = where

    def _take(self, name: str, kind: type) -> Any:
        value = self._rest.pop(name, None)
        if type(value) is not kind:
            raise Damaged(f"{self._where}: {name} is missing or of another type")
        return value

    def text(self, name: str) -> str:
        text: str = self._take(name, str)
        if not _encodable(text):
            raise Damaged(f"{self._where}: {name} holds a half of a character")
        return text

    def number(self, name: str) -> int:
        number: int = self._take(name, int)
        if number < 0:
            raise Damaged(f"{self._where}: {name} is below 0")
        return number

    def hash(self, name: str, length: int = 32) -> bytes:
        return self._hash(self._take(name, str), name, length)

    def hashes(self, name: str) -> list[bytes]:
        return [self._hash(each, name, 32) for each in self._take(name, list)]

    def _hash(self, text: Any, name: str, length: int) -> bytes:
        try:
            value = bytes.fromhex(text)
        except (TypeError, ValueError):
            value = b""
        if len(value) != length or value.hex() != text:
            raise Damaged(f"{self._where}: {name} is not {length} bytes in hexadecimal, lower case")
        return value

    def part(self, name: str) -> "_Part":
        return _Part(self._take(name, dict), name)

    def parts(self, name: str) -> list["_Part"]:
        return [_Part(each, f"{name}, number {number}") for number, each in enumerate(self._take(name, list), 1)]

    def known_version(self, name: str) -> None:
        version = self.number(name)
        if version != VERSION:
            raise VersionUnknown(f"{self._where}: {name} is {version}; this code knows {VERSION}")

    def nothing_else(self) -> None:
        if self._rest:
            raise Damaged(f"{self._where}: there is no {min(self._rest)!r} in the format")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
