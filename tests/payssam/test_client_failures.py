"""Whatever goes wrong on the way to the provider: the outcome is unknown, told once, and without a secret."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from services.collection.provider import Done, Refused, Unknown, Why
from services.payssam import client as client_module
from services.payssam.client import REPLY_BYTES_MAX
from tests.payssam.given import KEY, encoded
from tests.payssam.vendor import ASK, MERCHANT, Answer, Call, Vendor, client_of, each_call, said

FAILURES: dict[str, Callable[[], Answer]] = {
    "no answer in time": lambda: httpx.ReadTimeout("slow"),
    "not sent in time": lambda: httpx.WriteTimeout("slow"),
    "no free connection": lambda: httpx.PoolTimeout("busy"),
    "broken while reading": lambda: httpx.ReadError("reset"),
    "broken while writing": lambda: httpx.WriteError("reset"),
    "ended early": lambda: httpx.RemoteProtocolError("disconnected"),
    "undecodable": lambda: httpx.Response(
        200, stream=httpx.ByteStream(b"no gzip"), headers={"Content-Encoding": "gzip"}
    ),
    "read before": httpx.StreamConsumed,
    "no address": lambda: httpx.InvalidURL("what?"),
    "server error": lambda: httpx.Response(500, text="<html>Internal Server Error</html>"),
    "server error in JSON": lambda: said(500, code="5000", msg="sorry"),
    "success of a broken server": lambda: said(502, code="0000"),
    "a page": lambda: httpx.Response(200, text="<html>Please wait</html>"),
    "broken JSON": lambda: httpx.Response(200, content=b'{"code": "0000"'),
    "a list": lambda: httpx.Response(200, json=[{"code": "0000"}]),
    "nothing": lambda: httpx.Response(200),
    "too deep": lambda: httpx.Response(200, content=b"[" * 200_000),
    "too large": lambda: httpx.Response(200, content=encoded(code="0000").ljust(REPLY_BYTES_MAX + 1)),
    "elsewhere": lambda: httpx.Response(307, headers={"Location": "https://elsewhere.example/bill"}),
}
failures = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")], ids=repr)
async def test_without_a_connection_nothing_was_sent_and_it_may_be_tried_later(failure: Exception) -> None:
    vendor = Vendor(failure)
    outcome = await client_of(vendor).resend(MERCHANT, "A" * 20)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.why) == ("NO_CONNECTION", Why.TRY_LATER)
    assert len(vendor.asked) == 1


@failures
async def test_a_failure_is_unknown_and_never_tried_again(failure: Callable[[], Answer]) -> None:
    vendor = Vendor(failure())
    outcome = await client_of(vendor).send(MERCHANT, ASK)
    assert isinstance(outcome, Unknown)
    assert 0 < len(outcome.reason) <= 100
    assert len(vendor.asked) == 1


async def test_a_reply_of_exactly_the_limit_is_read() -> None:
    whole = encoded(code="0000").ljust(REPLY_BYTES_MAX)
    assert await client_of(httpx.Response(200, content=whole)).resend(MERCHANT, "A") == Done(None)


class Pieces(httpx.AsyncByteStream):
    """A reply that never ends; `pause` comes after each piece."""

    def __init__(self, piece: bytes, pause: Callable[[], Awaitable[Any]]) -> None:
        self.piece, self.pause = piece, pause
        self.given, self.closed = 0, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        while True:
            self.given += len(self.piece)
            yield self.piece
            await self.pause()

    async def aclose(self) -> None:
        """Nobody reads on."""
        self.closed = True


async def test_a_reply_without_end_is_read_no_further_than_the_limit() -> None:
    pieces = Pieces(b" " * 65_536, lambda: asyncio.sleep(0))
    outcome = await client_of(httpx.Response(200, stream=pieces)).resend(MERCHANT, "A")
    assert outcome == Unknown("HTTP 200, and a reply of more than 1 MiB")
    assert pieces.given == REPLY_BYTES_MAX + 65_536
    assert pieces.closed


async def test_a_reply_that_trickles_on_and_on_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "CALL_SECONDS_MAX", 0.01)
    pieces = Pieces(b" ", lambda: asyncio.sleep(0.001))
    outcome = await client_of(httpx.Response(200, stream=pieces)).resend(MERCHANT, "A")
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("no whole reply within")
    assert pieces.closed


async def test_a_cancelled_task_ends_cancelled() -> None:
    asked = asyncio.Event()

    async def pause() -> None:
        asked.set()
        await asyncio.Event().wait()

    call = asyncio.ensure_future(client_of(httpx.Response(200, stream=Pieces(b" ", pause))).resend(MERCHANT, "A"))
    await asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


SECRETS = [KEY, "01012345678", "김하늘"]
QUOTING: dict[str, Callable[[], Answer]] = {
    **FAILURES,
    "a page that quotes": lambda: httpx.Response(500, text="".join(SECRETS)),
    "JSON that quotes": lambda: said(200, apikey=KEY, member_nm="김하늘", phone="01012345678"),
    "an error that quotes": lambda: httpx.ReadError("".join(SECRETS)),
    "an address that quotes": lambda: httpx.InvalidURL("".join(SECRETS)),
    "a state that quotes": lambda: said(200, code="0000", appr_state=KEY),
    "a code that quotes": lambda: said(500, code=KEY),
}


@pytest.mark.parametrize("failure", QUOTING.values(), ids=QUOTING)
@each_call
async def test_no_secret_gets_into_outcomes_and_logs(
    call: Call, failure: Callable[[], Answer], caplog: pytest.LogCaptureFixture
) -> None:
    for logger in ("httpx", "httpcore", "services"):
        caplog.set_level(logging.DEBUG, logger)
    answer = failure()
    client = client_of(answer)
    shown = repr(await call(client)) + repr(client) + str(client) + caplog.text
    assert "POST https://provider.example" in caplog.text or isinstance(answer, Exception)
    assert not [secret for secret in SECRETS if secret in shown]


async def test_a_refusal_that_quotes_the_key_comes_without_it_and_short() -> None:
    quoting = said(code=f"E-{KEY}", msg=f"{'x' * 95}{KEY} is unknown")
    outcome = await client_of(quoting).resend(MERCHANT, "A")
    assert outcome == Refused("E-***", "x" * 95 + "*** i", Why.OTHER)
