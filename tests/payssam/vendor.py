"""A provider that gives one answer, whatever it is asked; and the calls that a client can make."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import httpx
import pytest

from services.collection.provider import Ask, Merchant, Provider
from services.payssam.client import PayssamClient
from services.payssam.requests import Version
from tests.payssam.given import KEY, encoded

MERCHANT = Merchant("MEMBER-1", "MERCHANT-1")
ASK = Ask("AB12CD34EF", 154_000, "김하늘", "01012345678", "TALK", "Room", date(2026, 11, 3))
OK: dict[str, Any] = {"code": "0000", "msg": "ok"}

Answer = httpx.Response | Exception
Call = Callable[[Provider], Awaitable[Any]]

CALLS: dict[str, Call] = {
    "send": lambda provider: provider.send(MERCHANT, ASK),
    "resend": lambda provider: provider.resend(MERCHANT, "AB12CD34EF"),
    "read": lambda provider: provider.read(MERCHANT, "AB12CD34EF"),
    "destroy": lambda provider: provider.destroy(MERCHANT, "AB12CD34EF", 154_000),
    "cancel": lambda provider: provider.cancel(MERCHANT, "AB12CD34EF", 154_000),
    "points": lambda provider: provider.points(),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


class Vendor:
    """Gives this answer to every request, and keeps what was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The answer."""
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def client_of(answer: Answer | Vendor, version: Version = "v2") -> PayssamClient:
    """A client of a provider that answers so. Its connections would follow redirects, were they let."""
    vendor = answer if isinstance(answer, Vendor) else Vendor(answer)
    http = httpx.AsyncClient(transport=httpx.MockTransport(vendor), follow_redirects=True)
    return PayssamClient("https://provider.example/partner/", KEY, version, "https://folio.example/callback", http)


def said(http_status: int = 200, **body: Any) -> httpx.Response:
    """A reply of the provider's."""
    return httpx.Response(http_status, content=encoded(**body))
