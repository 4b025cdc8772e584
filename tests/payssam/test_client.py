"""The provider over HTTP: what each call posts, and how each answer comes back."""

import json
from datetime import date
from typing import Any

import httpx
import pytest

from services.collection.provider import Ask, Done, Points, Refused, Sent, Unknown, Why
from services.payssam.client import CALL_SECONDS_MAX, CONNECT_SECONDS_MAX, PayssamClient
from services.payssam.requests import Version
from tests.payssam.given import KEY, PAID
from tests.payssam.vendor import ASK, CALLS, MERCHANT, OK, Call, Vendor, client_of, each_call, said

PATHS: dict[Version, list[str]] = {
    "v1": ["bill/send", "bill/resend", "bill/read", "bill/destroy", "bill/cancel", "read/remain_count"],
    "v2": ["bill", "bill/resend", "bill/read", "bill/destroy", "bill/cancel", "read/remain_count"],
}
POSTED = [
    (version, call, ("/partner/if/" if version == "v1" else "/partner/") + path)
    for version, paths in PATHS.items()
    for call, path in zip(CALLS, paths, strict=True)
]


@pytest.mark.parametrize(("version", "call", "path"), POSTED)
async def test_a_call_is_one_post_of_json_below_the_address(version: Version, call: str, path: str) -> None:
    vendor = Vendor(said(**OK, appr_state="W", balance="1"))
    assert isinstance(await CALLS[call](client_of(vendor, version)), Done)
    (request,) = vendor.asked
    assert (request.method, str(request.url)) == ("POST", f"https://provider.example{path}")
    assert request.headers["content-type"].startswith("application/json")
    body = json.loads(request.content.decode("utf-8"))
    assert body["apikey" if version == "v1" else "apiKey"] == KEY


async def test_what_is_sent_names_the_guest_and_the_callback_in_plain_utf_8() -> None:
    vendor = Vendor(said(**OK))
    await client_of(vendor).send(MERCHANT, ASK)
    content = vendor.asked[0].content
    assert "김하늘".encode() in content
    assert json.loads(content)["bill"]["callbackUrl"] == "https://folio.example/callback"


async def test_every_wait_has_its_limit() -> None:
    vendor = Vendor(said(**OK))
    await client_of(vendor).resend(MERCHANT, "AB12CD34EF")
    limits = vendor.asked[0].extensions["timeout"]
    assert (CONNECT_SECONDS_MAX, CALL_SECONDS_MAX) == (3, 10)
    assert limits == {"connect": 3, "read": 10, "write": 10, "pool": 10}


SUCCESSES: dict[str, tuple[Call, dict[str, Any], Done[Any]]] = {
    "sent with a link": (
        CALLS["send"],
        {**OK, "data": {"shortUrl": "https://pay.example/1"}},
        Done(Sent("https://pay.example/1")),
    ),
    "sent without a link": (CALLS["send"], OK, Done(Sent(None))),
    "resent": (CALLS["resend"], OK, Done(None)),
    "destroyed": (CALLS["destroy"], OK, Done(None)),
    "cancelled": (CALLS["cancel"], OK, Done(None)),
    "points": (
        CALLS["points"],
        {**OK, "data": {"balance": "5500", "chargeUrl": "https://pay.example/points"}},
        Done(Points(5_500, "https://pay.example/points")),
    ),
}


@pytest.mark.parametrize(("call", "body", "outcome"), SUCCESSES.values(), ids=SUCCESSES)
async def test_success_is_done(call: Call, body: dict[str, Any], outcome: Done[Any]) -> None:
    assert await call(client_of(said(**body))) == outcome


@pytest.mark.parametrize("body", [{**OK, **PAID}, PAID], ids=["with a code", "without a code"])
async def test_a_bill_that_is_read_comes_with_the_reply_byte_for_byte(body: dict[str, Any]) -> None:
    raw = json.dumps(body, ensure_ascii=False, indent=3).encode() + b"\n"
    outcome = await client_of(httpx.Response(200, content=raw), "v1").read(MERCHANT, "AB12CD34EF")
    assert isinstance(outcome, Done)
    assert (outcome.value.state, outcome.value.amount, outcome.value.raw) == ("PAID", 154_000, raw)


async def test_only_read_takes_a_state_for_an_answer() -> None:
    for name in ("send", "resend", "destroy", "cancel", "points"):
        assert await CALLS[name](client_of(said(**PAID, balance="1"))) == Unknown("HTTP 200, and no code")


async def test_a_reply_about_another_bill_is_unknown() -> None:
    outcome = await client_of(said(**OK, **PAID)).read(MERCHANT, "ANOTHER")
    assert outcome == Unknown("the reply is about another bill")


async def test_points_without_a_balance_are_unknown() -> None:
    assert await client_of(said(**OK)).points() == Unknown("the reply names no balance")


@each_call
async def test_a_refusal_comes_back_with_its_code(call: Call) -> None:
    assert await call(client_of(said(400, code="9800", msg="used"))) == Refused("9800", "used", Why.ALREADY_USED)


@each_call
async def test_a_path_that_the_provider_does_not_know_is_a_refusal(call: Call) -> None:
    outcome = await call(client_of(httpx.Response(404, text="<html>Not Found</html>")))
    assert (outcome.code, outcome.why) == ("HTTP_404", Why.OTHER)


async def test_what_cannot_be_written_in_utf_8_is_refused_unsent() -> None:
    vendor = Vendor(said(**OK))
    ask = Ask("AB12CD34EF", 1_000, "half \ud83d", "half \ud83d", "URL", "Room", date(2026, 11, 3))
    outcome = await client_of(vendor).send(MERCHANT, ask)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.why, vendor.asked) == ("NOT_UTF_8", Why.OTHER, [])


def test_a_message_costs_its_points() -> None:
    assert client_of(said(**OK)).message_points == 55


async def test_a_client_that_was_given_its_connections_leaves_them_open() -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(Vendor(said(**OK))))
    client = PayssamClient("https://provider.example", KEY, "v2", None, http)
    await client.aclose()
    assert not http.is_closed
    assert await client.resend(MERCHANT, "A") == Done(None)


async def test_a_client_closes_the_connections_that_it_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[httpx.AsyncClient] = []

    class Observed(httpx.AsyncClient):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            opened.append(self)

    monkeypatch.setattr(httpx, "AsyncClient", Observed)
    client = PayssamClient("https://provider.example", KEY, "v2", None)
    assert [(http.trust_env, http.is_closed) for http in opened] == [(False, False)]
    await client.aclose()
    assert opened[0].is_closed
