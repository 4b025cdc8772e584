"""From outcomes and rows to HTTP answers; personal data is opened here, last."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec
from starlette.responses import Response

from services.billing.personal_data import open_account
from services.billing.ports import DataKey
from services.rest.outcomes import Outcome
from services.rest.problems import MEDIA_TYPE

SEALED_MEMBER = b'"sealed":'


class Opener(Protocol):
    """Finds the keys of sealed personal data."""

    async def for_opening(self, folio_ids: Iterable[str]) -> Mapping[str, DataKey]:
        """The data keys that exist of these folios. Raises StoreUnavailable."""
        ...


async def encode(body: Any, opener: Opener) -> bytes:
    """The body as JSON, its virtual accounts opened. Raises StoreUnavailable."""
    encoded = msgspec.json.encode(body)
    if SEALED_MEMBER not in encoded:
        return encoded
    plain = msgspec.json.decode(encoded)
    holders = list(_holders(plain))
    folio_ids = {account["folioId"] for holder in holders for account in holder["virtualAccounts"]}
    keys = await opener.for_opening(folio_ids)
    for holder in holders:
        holder["virtualAccounts"] = [
            open_account(account, keys.get(account["folioId"])) for account in holder["virtualAccounts"]
        ]
    return msgspec.json.encode(plain)


def _holders(value: Any) -> Any:
    if isinstance(value, list):
        for item in value:
            yield from _holders(item)
    elif isinstance(value, dict):
        if value.get("virtualAccounts"):
            yield value
        for item in value.values():
            yield from _holders(item)


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
