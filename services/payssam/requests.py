"""Requests to the provider in both generations of its interface, ready to be posted.

V1 writes names in snake case and puts a bill's fields beside the credentials, except in `send`. V2 writes camel
case and puts them always into `bill`. Both as the provider documents.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from services.collection.provider import Ask, Merchant
from services.payssam.wire import hash_of

Version = Literal["v1", "v2"]
Call = Literal["send", "resend", "read", "destroy", "cancel", "points"]

PATHS: dict[Version, dict[Call, str]] = {
    "v1": {
        "send": "/if/bill/send",
        "resend": "/if/bill/resend",
        "read": "/if/bill/read",
        "destroy": "/if/bill/destroy",
        "cancel": "/if/bill/cancel",
        "points": "/if/read/remain_count",
    },
    "v2": {
        "send": "/bill",
        "resend": "/bill/resend",
        "read": "/bill/read",
        "destroy": "/bill/destroy",
        "cancel": "/bill/cancel",
        "points": "/read/remain_count",
    },
}
KEY_NAMES: dict[Version, str] = {"v1": "apikey", "v2": "apiKey"}
V1_NAMES = {
    "billId": "bill_id",
    "billIssuer": "bill_issuer",
    "productName": "product_nm",
    "memberName": "member_nm",
    "expireDt": "expire_dt",
    "callbackUrl": "callbackURL",
}
"""What V1 calls the fields of V2; those that are missing here have one name in both."""


@dataclass(frozen=True)
class Request:
    """A POST: the path below the provider's address, and the body, to be sent as JSON in UTF-8.

    The body holds the API key and the guest's name and phone, so it is never shown.
    """

    path: str
    body: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Partner:
    """Who asks, in which generation of the interface."""

    version: Version
    api_key: str = field(repr=False)


def send_request(partner: Partner, merchant: Merchant, ask: Ask, callback_url: str | None) -> Request:
    """Give the guest the bill; without a callback URL the provider reports nothing."""
    price = str(ask.amount)
    bill = {
        "billId": ask.request_id,
        # V1 knows no word for a message: that is what it sends unless a link is asked for.
        "sendType": None if partner.version == "v1" and ask.send_type == "TALK" else ask.send_type,
        "billIssuer": ask.bill_issuer,
        "productName": ask.product_name,
        "message": ask.message,
        "memberName": ask.customer_name,
        "phone": ask.contact,
        "price": price,
        "hash": hash_of(ask.request_id, price, ask.contact),
        "expireDt": ask.expires_on.isoformat(),
        "callbackUrl": callback_url,
    }
    return _request(partner, "send", merchant, bill)


def resend_request(partner: Partner, merchant: Merchant, request_id: str) -> Request:
    """Send the guest the same bill again."""
    return _request(partner, "resend", merchant, {"billId": request_id})


def read_request(partner: Partner, merchant: Merchant, request_id: str) -> Request:
    """Ask how the bill stands."""
    return _request(partner, "read", merchant, {"billId": request_id})


def destroy_request(partner: Partner, merchant: Merchant, request_id: str, amount: int) -> Request:
    """Void an unpaid bill; `amount` in won, exactly as it was sent."""
    return _request(partner, "destroy", merchant, _priced_bill(request_id, amount))


def cancel_request(partner: Partner, merchant: Merchant, request_id: str, amount: int) -> Request:
    """Refund a paid bill; `amount` in won, exactly as it was sent."""
    return _request(partner, "cancel", merchant, _priced_bill(request_id, amount))


def points_request(partner: Partner) -> Request:
    """Ask for the partner's points, which takes the API key alone."""
    return Request(PATHS[partner.version]["points"], {KEY_NAMES[partner.version]: partner.api_key})


def _priced_bill(request_id: str, amount: int) -> dict[str, str | None]:
    price = str(amount)
    return {"billId": request_id, "price": price, "hash": hash_of(request_id, price)}


def _request(partner: Partner, call: Call, merchant: Merchant, bill: dict[str, str | None]) -> Request:
    """The call with its credentials; what is None is left out."""
    fields = _without_none(bill)
    if partner.version == "v1":
        fields = {V1_NAMES.get(name, name): value for name, value in fields.items()}
    credentials = {KEY_NAMES[partner.version]: partner.api_key}
    credentials |= _without_none({"member": merchant.member, "merchant": merchant.merchant})
    wrapped = partner.version == "v2" or call == "send"
    return Request(PATHS[partner.version][call], {**credentials, **({"bill": fields} if wrapped else fields)})


def _without_none(fields: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
