"""What the provider says, read loosely, and the hash that requests carry.

Replies and callbacks mix snake and camel case, `msg` and `message`, `shortUrl` and `shortURL`, and nest `data`
in `data`; all of these were seen by public integrations. Nothing here raises on what the provider sends.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from services.billing.payment import PAID_AT_MAX, PAID_AT_MIN
from services.collection.provider import Done, Points, ProviderBill, Refused, State, Unknown
from services.payssam.codes import SUCCESS, leaves_open, why_of

PROVIDER_ZONE = ZoneInfo("Asia/Seoul")
WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")
TIME = re.compile(r"[0-9]{14}")
STATES: dict[str, State] = {"W": "UNPAID", "F": "PAID", "C": "REFUNDED", "D": "DESTROYED"}
METHOD_OF_PREFIX = {
    "CARD": "CARD",
    "KEYIN": "CARD",
    "OFFLINE_CARD": "CARD",
    "OFFLINE_CASH": "CASH",
    "BANK": "TRANSFER",
}
OTHER_METHOD = "PAYSSAM"
KEY_NAME = "apikey"
SUCCESSFUL_STATUSES = range(200, 300)
REFUSING_STATUSES = {
    400: "The provider found a parameter missing or malformed.",
    404: "The provider knows no such path; its address or its version is set wrongly.",
}


class Fields:
    """The texts and whole numbers of a JSON object, those of its nested `data` included, found by loose names."""

    def __init__(self, body: dict[Any, Any], raw: bytes) -> None:
        """`raw` are the bytes that the object came in."""
        self.raw = raw
        self._texts: dict[str, str] = {}
        layer: Any = body
        while isinstance(layer, dict):
            for name, value in layer.items():
                text = _text(value)
                if text:
                    # The outermost wins: code and message belong to the reply, whatever the bill inside is called.
                    self._texts.setdefault(_loose(name), text)
            layer = layer.get("data")

    def text(self, *names: str) -> str | None:
        """The first of these that is there and not empty, without regard to case and underscores."""
        return next((self._texts[_loose(name)] for name in names if _loose(name) in self._texts), None)

    def number(self, name: str) -> int | None:
        """A whole number of at most ten digits, which the provider writes as text; None for anything else."""
        text = self.text(name)
        return int(text) if text is not None and WHOLE_NUMBER.fullmatch(text) else None

    def time(self, name: str) -> datetime | None:
        """A time `YYYYMMDDhhmmss` of Seoul, in UTC; None unless it is one that a payment may have."""
        text = self.text(name)
        if text is None or not TIME.fullmatch(text):
            return None
        try:
            local = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=PROVIDER_ZONE)
            return local.astimezone(UTC) if PAID_AT_MIN <= local < PAID_AT_MAX else None
        except ValueError:
            return None

    def address(self, name: str) -> str | None:
        """A web address; None for anything else, since people are going to follow it."""
        text = self.text(name)
        return text if text is not None and text.startswith(("https://", "http://")) else None


@dataclass(frozen=True)
class Callback:
    """What a callback claims, a hint to ask `read`: each None where it claims nothing.

    `api_key` is the only credential in it and is never shown; `state` is the provider's letter as it came.
    """

    api_key: str | None = field(repr=False)
    bill_id: str | None
    state: str | None


def hash_of(bill_id: str, price: str, phone: str | None = None) -> str:
    """The hash of a request, lower-case SHA-256: with the phone exactly where the request carries one."""
    parts = [bill_id, price] if phone is None else [bill_id, phone, price]
    # What is no Unicode is found when the body is encoded; it must not raise here.
    return hashlib.sha256(",".join(parts).encode(errors="surrogatepass")).hexdigest()


def fields_of(raw: bytes) -> Fields | None:
    """The fields of a JSON object; None for anything else."""
    try:
        body = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None
    return Fields(body, raw) if isinstance(body, dict) else None


def callback_of(raw: bytes) -> Callback | None:
    """The callback in this body; None when it is no JSON object."""
    fields = fields_of(raw)
    if fields is None:
        return None
    return Callback(fields.text("apikey"), fields.text("bill_id"), fields.text("appr_state"))


def without_key(raw: bytes) -> Any:
    """What a callback says, its partner's key left out wherever it stands; None for what is no JSON."""
    try:
        return json.loads(raw, object_hook=lambda body: {n: v for n, v in body.items() if _loose(n) != KEY_NAME})
    except (ValueError, RecursionError):
        return None


def reply_of(status: int, raw: bytes, *, state_suffices: bool = False) -> Fields | Refused | Unknown:
    """What a reply with this HTTP status says: the fields when the call succeeded.

    `state_suffices` takes a bill's state for success where no code is given, as in V1's reply to `read`.
    """
    fields = fields_of(raw)
    if fields is None:
        return _without_code(status, "no JSON object")
    code = fields.text("code")
    if code is None and state_suffices and status in SUCCESSFUL_STATUSES and fields.text("appr_state"):
        return fields
    if code is None:
        return _without_code(status, "no code")
    if leaves_open(status, code):
        return Unknown(f"HTTP {status} with the code {code}")
    return fields if code == SUCCESS else Refused(code, fields.text("msg", "message") or "", why_of(code))


def bill_of(fields: Fields, request_id: str) -> Done[ProviderBill] | Unknown:
    """The bill that was asked for, out of the reply to `read`; Unknown unless every word of it can be relied on."""
    if fields.text("bill_id") not in (None, request_id):
        return Unknown("the reply is about another bill")
    state = STATES.get(fields.text("appr_state") or "")
    if state is None:
        return Unknown("the reply has no state that is known")
    url = fields.address("short_url")
    if state in ("UNPAID", "DESTROYED"):
        return Done(ProviderBill(state, fields.raw, url=url))
    amount = fields.number("appr_price") or None
    if state == "PAID" and amount is None:
        return Unknown("the reply calls the bill paid, and names no amount")
    # Once refunded, what happened last is the refund, and the payment is found under "origin".
    origin = "origin_" if state == "REFUNDED" else ""
    pay_type = fields.text("appr_pay_type")
    return Done(
        ProviderBill(
            state,
            fields.raw,
            amount=amount,
            paid_at=fields.time(f"appr_{origin}dt") or fields.time("appr_dt"),
            payment_method=_method_of(pay_type or ""),
            pay_type=pay_type,
            issuer=fields.text("appr_issuer"),
            approval_number=fields.text(f"appr_{origin}num", "appr_num"),
            url=url,
        )
    )


def points_of(fields: Fields) -> Done[Points] | Unknown:
    """The points that are left; Unknown where the reply names none."""
    balance = fields.number("balance")
    if balance is None:
        return Unknown("the reply names no balance")
    return Done(Points(balance, fields.address("charge_url")))


def _without_code(status: int, lack: str) -> Refused | Unknown:
    """The statuses that the provider documents say what a code would have said; all others leave it open."""
    if status in REFUSING_STATUSES:
        return Refused(f"HTTP_{status}", REFUSING_STATUSES[status])
    return Unknown(f"HTTP {status}, and {lack}")


def _method_of(pay_type: str) -> str:
    """Our method for the provider's; its codes, some of them numbers, go beyond those that are known."""
    return next((ours for prefix, ours in METHOD_OF_PREFIX.items() if pay_type.startswith(prefix)), OTHER_METHOD)


def _loose(name: str) -> str:
    return name.replace("_", "").lower()


def _text(value: object) -> str | None:
    """A text or whole number as a text fit to be stored and logged: trimmed, without control characters."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return "".join(character for character in str(value) if character.isprintable()).strip()
