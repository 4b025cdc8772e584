"""Where the provider reports a payment: kept byte for byte, then answered, and only then read."""

import hmac
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from fastapi import APIRouter
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from services.collection.errors import CallbackRefused
from services.payssam.wire import callback_of
from services.telemetry import CALLBACKS

PATH = "/callbacks/payssam"
BODY_BYTES_MAX = 64 * 1024
TAKEN = '{"code":"0000","msg":"성공하였습니다."}'.encode()
"""The only answer after which the provider does not report again."""
PAID = "F"
ID_LENGTH_MAX = 64
HEADERS_KEPT = ("content-type", "date", "user-agent", "x-forwarded-for", "x-request-id")
HEADER_LENGTH_MAX = 200
STRANGERS_PER_SECOND = 5
STRANGERS_AT_ONCE = 50


class CallbackInbox(Protocol):
    """Keeps callbacks until they are dealt with."""

    async def keep(
        self, body: bytes, headers: Mapping[str, str], source: str, request_id: str, *, says_paid: bool
    ) -> None:
        """Keep a callback, durably, each content once. Raises StoreUnavailable, also when it is full."""
        ...


class Patience:
    """How many wrong keys are still looked at: a bucket that fills again with time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(STRANGERS_AT_ONCE)
        self._at = clock()

    def lose(self) -> bool:
        """Count a stranger; False when there were too many lately."""
        now = self._clock()
        self._left = min(STRANGERS_AT_ONCE, self._left + (now - self._at) * STRANGERS_PER_SECOND)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def callback_router(
    inbox: CallbackInbox, api_key: SecretStr, sources: frozenset[str], ring: Callable[[], None]
) -> APIRouter:
    """The route of the callback. `sources` are the addresses that may call, empty for any."""
    router = APIRouter(tags=["Callbacks"])
    patience = Patience()

    @router.post(PATH, summary="The provider reports a payment", include_in_schema=False)
    async def take(request: Request) -> Response:
        source = request.client.host if request.client else ""
        if sources and source not in sources:
            raise _refused("forbidden", "FORBIDDEN", "Callbacks are not taken from this address.")
        body = await request.body()
        if len(body) > BODY_BYTES_MAX:
            raise _refused("too_large", "PAYLOAD_TOO_LARGE", f"A callback has at most {BODY_BYTES_MAX} bytes.")
        said = callback_of(body)
        if said is None or not _same(said.api_key, api_key):
            if not patience.lose():
                raise _refused("too_many", "TOO_MANY_REQUESTS", "Too many callbacks with a wrong key.")
            raise _refused("wrong_key", "UNAUTHENTICATED", "The callback's apikey is not the one that is expected.")
        headers = {name: request.headers[name][:HEADER_LENGTH_MAX] for name in HEADERS_KEPT if name in request.headers}
        request_id = (said.bill_id or "")[:ID_LENGTH_MAX].replace("\0", "")
        await inbox.keep(body, headers, source, request_id, says_paid=said.state == PAID)
        CALLBACKS.labels("kept").inc()
        ring()
        return Response(TAKEN, media_type="application/json")

    return router


def _same(given: str | None, expected: SecretStr) -> bool:
    return given is not None and hmac.compare_digest(
        given.encode(errors="replace"), expected.get_secret_value().encode()
    )


def _refused(result: str, code: str, detail: str) -> CallbackRefused:
    CALLBACKS.labels(result).inc()
    return CallbackRefused(code, detail)
