"""The provider over HTTP: one POST per call, never repeated, and every way it can fail told apart."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import httpx
import msgspec

from services.collection.provider import Ask, Done, Merchant, Points, ProviderBill, Refused, Sent, Unknown, Why
from services.payssam.requests import (
    Partner,
    Request,
    Version,
    cancel_request,
    destroy_request,
    points_request,
    read_request,
    resend_request,
    send_request,
)
from services.payssam.wire import Fields, bill_of, points_of, reply_of

CONNECT_SECONDS_MAX = 3.0
CALL_SECONDS_MAX = 10.0
REPLY_BYTES_MAX = 1024 * 1024
SAID_LENGTH_MAX = 100
MESSAGE_POINTS = 55
HTTP_TIMEOUT = httpx.Timeout(CALL_SECONDS_MAX, connect=CONNECT_SECONDS_MAX)
# Uncompressed, so that a small reply cannot grow into a large one here.
HEADERS = {"Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "identity"}


class PayssamClient:
    """A `Provider`: PaySsam, at this address, in this generation of its interface.

    Nothing is tried again, since a second attempt may cost points or charge a guest twice: that is for the caller
    to decide, after `read`. The API key appears in no representation, reason or log; only V1's reply to `read`,
    which is handed on byte for byte, may repeat it.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        version: Version,
        callback_url: str | None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """`http` stays the caller's to close; without it the client opens its own, which no environment redirects."""
        self._base_url = base_url.rstrip("/")
        self._partner = Partner(version, api_key)
        self._callback_url = callback_url
        self._http = http or httpx.AsyncClient(trust_env=False)
        self._closes_http = http is None

    @property
    def message_points(self) -> int:
        """What a message costs in points, as public integrations report it; a link alone costs none."""
        return MESSAGE_POINTS

    async def aclose(self) -> None:
        """Close the connections, if they are the client's own."""
        if self._closes_http:
            await self._http.aclose()

    async def send(self, merchant: Merchant, ask: Ask) -> Done[Sent] | Refused | Unknown:
        """Give the guest a bill. An id that was used before is refused."""
        said = await self._call(send_request(self._partner, merchant, ask, self._callback_url))
        return Done(Sent(said.address("short_url"))) if isinstance(said, Fields) else said

    async def resend(self, merchant: Merchant, request_id: str) -> Done[None] | Refused | Unknown:
        """Send the guest the same bill again, for points."""
        return _done(await self._call(resend_request(self._partner, merchant, request_id)))

    async def read(self, merchant: Merchant, request_id: str) -> Done[ProviderBill] | Refused | Unknown:
        """How the bill stands; changes nothing. A reply about another bill, or one without sense, is Unknown."""
        said = await self._call(read_request(self._partner, merchant, request_id), state_suffices=True)
        return bill_of(said, request_id) if isinstance(said, Fields) else said

    async def destroy(self, merchant: Merchant, request_id: str, amount: int) -> Done[None] | Refused | Unknown:
        """Void an unpaid bill; `amount` in won, as it was sent."""
        return _done(await self._call(destroy_request(self._partner, merchant, request_id, amount)))

    async def cancel(self, merchant: Merchant, request_id: str, amount: int) -> Done[None] | Refused | Unknown:
        """Give the whole money of a paid bill back; `amount` in won, as it was sent."""
        return _done(await self._call(cancel_request(self._partner, merchant, request_id, amount)))

    async def points(self) -> Done[Points] | Refused | Unknown:
        """The points that are left."""
        said = await self._call(points_request(self._partner))
        return points_of(said) if isinstance(said, Fields) else said

    async def _call(self, request: Request, *, state_suffices: bool = False) -> Fields | Refused | Unknown:
        """Post the request, once, and read the reply."""
        try:
            content = msgspec.json.encode(request.body)
        except UnicodeEncodeError:
            return Refused("NOT_UTF_8", "A text of the request is no Unicode, so it was not sent.")
        received = await self._post(request.path, content)
        if isinstance(received, Refused | Unknown):
            return received
        status, raw = received
        said = reply_of(status, raw, state_suffices=state_suffices)
        if isinstance(said, Refused):
            return replace(said, code=self._discreet(said.code), message=self._discreet(said.message))
        return Unknown(self._discreet(said.reason)) if isinstance(said, Unknown) else said

    async def _post(self, path: str, content: bytes) -> tuple[int, bytes] | Refused | Unknown:
        """The HTTP status and the body of the reply; Refused when nothing was sent for want of a connection."""
        raw = bytearray()
        try:
            # httpx limits the wait for each piece of a reply, and there may be any number of pieces.
            async with asyncio.timeout(CALL_SECONDS_MAX), self._stream(path, content) as response:
                async for piece in response.aiter_bytes():
                    raw += piece
                    if len(raw) > REPLY_BYTES_MAX:
                        return Unknown(f"HTTP {response.status_code}, and a reply of more than 1 MiB")
                return response.status_code, bytes(raw)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Refused("NO_CONNECTION", f"There is no connection: {type(error).__name__}.", Why.TRY_LATER)
        except TimeoutError:
            return Unknown(f"no whole reply within {CALL_SECONDS_MAX:.0f} s")
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            # Only the kind: the text of an error may quote what was sent.
            return Unknown(f"the connection failed: {type(error).__name__}")

    def _stream(self, path: str, content: bytes) -> AbstractAsyncContextManager[httpx.Response]:
        return self._http.stream(
            "POST",
            self._base_url + path,
            content=content,
            headers=HEADERS,
            timeout=HTTP_TIMEOUT,
            follow_redirects=False,
        )

    def _discreet(self, text: str) -> str:
        """What the provider said, short, and without the key, should it quote that."""
        key = self._partner.api_key
        return (text.replace(key, "***") if key else text)[:SAID_LENGTH_MAX]


def _done(said: Fields | Refused | Unknown) -> Done[None] | Refused | Unknown:
    """The outcome of a call whose success says nothing more."""
    return Done(None) if isinstance(said, Fields) else said
