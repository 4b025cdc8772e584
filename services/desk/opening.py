"""Personal data in views is opened here, last: virtual accounts in the clear, guests masked."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from services.billing.personal_data import open_account
from services.billing.ports import DataKey
from services.collection.guest import masked_view
from services.turns import AT_ONCE, in_turns

SEALED_MEMBER = b'"sealed":'
GUEST_MEMBER = "guest"


class Opener(Protocol):
    """Finds the keys of sealed personal data."""

    async def for_opening(self, folio_ids: Iterable[str]) -> Mapping[str, DataKey]:
        """The data keys that exist of these folios. Raises StoreUnavailable."""
        ...


async def encode(body: Any, opener: Opener) -> bytes:
    """The body as JSON, its virtual accounts opened and its guests masked. Raises StoreUnavailable."""
    encoded = msgspec.json.encode(body)
    if SEALED_MEMBER not in encoded:
        return encoded
    return msgspec.json.encode(await opened(msgspec.json.decode(encoded), opener))


async def encode_in_pieces(body: Any, opener: Opener) -> bytes:
    """The same for a body that may be very large: others in this process have their turn. Raises StoreUnavailable."""
    encoded: list[bytes] = []
    sealed: dict[int, Any] = {}
    async for piece in in_turns(_pieces(body)):
        is_value = not isinstance(piece, Between)
        text = msgspec.json.encode(piece) if is_value else piece.text
        if is_value and SEALED_MEMBER in text:
            sealed[len(encoded)] = msgspec.json.decode(text)
        encoded.append(text)
    if sealed:
        keys = await opener.for_opening({each["folioId"] for value in sealed.values() for each in _sealed(value)})
        async for number, value in in_turns(sealed.items()):
            encoded[number] = msgspec.json.encode(_opened(value, keys))
    return b"".join(encoded)


@dataclass(frozen=True)
class Between:
    """JSON that stands between values."""

    text: bytes


def _pieces(value: Any) -> Iterator[Any]:
    """The value as it is or, where a list in it is long, the values in it and what stands between them."""
    if not _is_long(value):
        yield value
    elif isinstance(value, dict):
        for number, (name, member) in enumerate(value.items()):
            yield Between((b"," if number else b"{") + msgspec.json.encode(name) + b":")
            yield from _pieces(member)
        yield Between(b"}")
    else:
        for number, item in enumerate(value):
            yield Between(b"," if number else b"[")
            yield from _pieces(item)
        yield Between(b"]")


def _is_long(value: Any) -> bool:
    """Whether there is a list in a view that is too long to be encoded at once."""
    if isinstance(value, dict):
        return any(_is_long(member) for member in value.values() if isinstance(member, dict | list))
    return isinstance(value, list) and (len(value) > AT_ONCE or any(map(_is_long, value)))


async def opened(view: Any, opener: Opener) -> Any:
    """The view with its virtual accounts in the clear and its guests masked. Raises StoreUnavailable."""
    folio_ids = {sealed["folioId"] for sealed in _sealed(view)}
    return _opened(view, await opener.for_opening(folio_ids)) if folio_ids else view


def _sealed(value: Any) -> Iterator[dict[str, Any]]:
    """Everything in a view that is sealed."""
    if isinstance(value, dict) and "sealed" in value:
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, dict | list):  # most of a page is neither
            yield from _sealed(item)


def _opened(value: Any, keys: Mapping[str, DataKey]) -> Any:
    """The view with its virtual accounts in the clear and its guests masked."""
    if isinstance(value, list):
        return [_opened(item, keys) for item in value]
    if not isinstance(value, dict):
        return value
    if "bankCode" in value and "sealed" in value:
        return open_account(value, keys.get(value["folioId"]))
    guest = value.get(GUEST_MEMBER)
    if isinstance(guest, dict):
        masked = masked_view(guest["sealed"], keys.get(guest["folioId"]))
        value = {name: item for name, item in value.items() if name != GUEST_MEMBER} | masked
    return {name: _opened(item, keys) for name, item in value.items()}
