"""From outcomes and rows to HTTP answers; personal data is opened here, last."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec
from starlette.responses import Response

from services.billing.personal_data import open_account
from services.billing.ports import DataKey
from services.collection.guest import masked_view
from services.rest.outcomes import Outcome
from services.rest.problems import MEDIA_TYPE

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
    plain = msgspec.json.decode(encoded)
    keys = await opener.for_opening({sealed["folioId"] for sealed in _sealed(plain)})
    return msgspec.json.encode(_opened(plain, keys))


def _sealed(value: Any) -> Iterator[dict[str, Any]]:
    """Everything in a view that is sealed."""
    if isinstance(value, list):
        for item in value:
            yield from _sealed(item)
    elif isinstance(value, dict):
        if "sealed" in value:
            yield value
        for item in value.values():
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


async def answer(outcome: Outcome, opener: Opener) -> Response:
    """The answer to a command."""
    headers = {}
    if outcome.version is not None:
        headers["ETag"] = f'"{outcome.version}"'
    if outcome.location is not None:
        headers["Location"] = outcome.location
    if outcome.position is not None:
        headers["Folio-Position"] = str(outcome.position)
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    content = None if outcome.body is None else await encode(outcome.body, opener)
    media_type = None if content is None else MEDIA_TYPE if outcome.problem else "application/json"
    return Response(content, outcome.status, headers, media_type)


async def found(body: Any, position: int, opener: Opener, version: int | None = None) -> Response:
    """The answer to a query, with the position that it is from."""
    headers = {"Folio-Position": str(position)}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    return Response(await encode(body, opener), 200, headers, "application/json")
