"""The fields of a request: which there must be, and how long they may be."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from services.payssam.sandbox.bill import TALK, URL, Bill, SendType
from services.payssam.sandbox.refusals import (
    BELOW_MINIMUM,
    WRONG_CALLBACK_URL,
    WRONG_FIELD,
    WRONG_HASH,
    Refusal,
)

PRICE_MIN = 100
URL_LENGTH_MAX = 2000
PHONE_LENGTH_MAX = 64


class Fields:
    """A JSON object from the wire, asked for by the sandbox's own names; `names` gives those of the wire."""

    def __init__(self, given: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self._given = given
        self._names = names

    def text(self, name: str, length_max: int, *, required: bool = True) -> str:
        """A text; "" when it is not required and not there. Refusal when missing, too long or not a text."""
        wire_name = self._names.get(name, name)
        value = self._given.get(wire_name)
        if value is None or value == "":
            if required:
                raise Refusal(WRONG_FIELD, f"{wire_name} is missing")
            return ""
        if not isinstance(value, str):
            raise Refusal(WRONG_FIELD, f"{wire_name} is not a string")
        if len(value) > length_max:
            raise Refusal(WRONG_FIELD, f"{wire_name} is longer than {length_max} characters")
        return value

    def matching(self, name: str, length_max: int, pattern: str) -> str:
        """A required text of one form. Refusal."""
        value = self.text(name, length_max)
        if not re.fullmatch(pattern, value, re.ASCII):
            raise Refusal(WRONG_FIELD, f"{self._names.get(name, name)} does not have the form {pattern}")
        return value

    def bill_id(self) -> str:
        """The partner's id of the bill. Refusal."""
        return self.matching("bill_id", 20, r"[A-Z0-9]+")

    def price(self) -> str:
        """An amount in won, as the digits that were sent: the hash is made of them. Refusal."""
        return self.matching("price", 10, r"[0-9]+")

    def check_hash(self, *parts: str) -> None:
        """Refusal unless the hash is that of these parts."""
        due = hashlib.sha256(",".join(parts).encode()).hexdigest()
        given = self.text("hash", 64)
        if not hmac.compare_digest(given.encode(), due.encode()):
            raise Refusal(WRONG_HASH, "the hash is not that of this request")


def read_bill(fields: Fields, member: str, merchant: str, now: float, *, send_type_required: bool) -> Bill:
    """The bill that a send asks for. Refusal for the first thing that is wrong."""
    bill_id, price = fields.bill_id(), fields.price()
    send_type = _send_type(fields, required=send_type_required)
    phone = fields.text("phone", PHONE_LENGTH_MAX)
    if send_type == TALK and not re.fullmatch(r"[0-9]{9,12}", phone):
        raise Refusal(WRONG_FIELD, "phone has 9 to 12 digits and nothing else")
    bill = Bill(
        bill_id=bill_id,
        send_type=send_type,
        price=int(price),
        product_name=fields.text("product_name", 100),
        member_name=fields.text("member_name", 30),
        phone=phone,
        sent_at=now,
        member=member,
        merchant=merchant,
        issuer=fields.text("issuer", 100, required=False),
        message=fields.text("message", 500, required=False),
        expire_date=_expire_date(fields),
        callback_url=_web_address(fields, "callback_url"),
        redirect_url=_web_address(fields, "redirect_url"),
    )
    fields.check_hash(bill_id, phone, price)
    if bill.price < PRICE_MIN:
        raise Refusal(BELOW_MINIMUM, f"a bill is of at least {PRICE_MIN} won")
    return bill


def _send_type(fields: Fields, *, required: bool) -> SendType:
    given = fields.text("send_type", 10, required=required)
    if given == URL:
        return URL
    if given in (TALK, ""):
        return TALK
    raise Refusal(WRONG_FIELD, f"sendType is {TALK} or {URL}")


def _expire_date(fields: Fields) -> str | None:
    given = fields.text("expire_date", 10, required=False)
    if not given:
        return None
    try:
        # Python reads other forms of ISO 8601 too; the years of the calendar's ends cannot be counted from.
        if not re.fullmatch(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}", given, re.ASCII):
            raise ValueError
        date.fromisoformat(given)
    except ValueError:
        raise Refusal(WRONG_FIELD, "the day of expiry is not a day written YYYY-MM-DD") from None
    return given


def _web_address(fields: Fields, name: str) -> str | None:
    given = fields.text(name, URL_LENGTH_MAX, required=False)
    if not given:
        return None
    try:
        parts = urlsplit(given)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Refusal(WRONG_CALLBACK_URL if name == "callback_url" else WRONG_FIELD, f"{name} is no web address")
    return given
