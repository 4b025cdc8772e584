"""Requests to the provider, to the letter of both generations of its interface."""

import hashlib
from datetime import date
from typing import Any

import pytest

from services.collection.provider import Ask, Merchant
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
from services.payssam.wire import hash_of
from tests.payssam.given import KEY

V1 = Partner("v1", KEY)
V2 = Partner("v2", KEY)
MERCHANT = Merchant("MEMBER-1", "MERCHANT-1")
CALLBACK_URL = "https://folio.example/callback"
ASK = Ask(
    request_id="AB12CD34EF",
    amount=154_000,
    customer_name="김하늘",
    contact="01012345678",
    send_type="URL",
    product_name="객실 요금",
    expires_on=date(2026, 11, 3),
    message="감사합니다",
    bill_issuer="서울 가든 호텔",
)
BARE = Ask("AB12CD34EF", 154_000, "Kim", "01012345678", "TALK", "Room", date(2026, 11, 3))
HASH_WITH_PHONE = hashlib.sha256(b"AB12CD34EF,01012345678,154000").hexdigest()
HASH_WITHOUT_PHONE = hashlib.sha256(b"AB12CD34EF,154000").hexdigest()
V1_CREDENTIALS = {"apikey": KEY, "member": "MEMBER-1", "merchant": "MERCHANT-1"}
V2_CREDENTIALS = {"apiKey": KEY, "member": "MEMBER-1", "merchant": "MERCHANT-1"}
V1_BILL = {
    "bill_id": "AB12CD34EF",
    "sendType": "URL",
    "bill_issuer": "서울 가든 호텔",
    "product_nm": "객실 요금",
    "message": "감사합니다",
    "member_nm": "김하늘",
    "phone": "01012345678",
    "price": "154000",
    "hash": HASH_WITH_PHONE,
    "expire_dt": "2026-11-03",
    "callbackURL": CALLBACK_URL,
}
V2_BILL = {
    "billId": "AB12CD34EF",
    "sendType": "URL",
    "billIssuer": "서울 가든 호텔",
    "productName": "객실 요금",
    "message": "감사합니다",
    "memberName": "김하늘",
    "phone": "01012345678",
    "price": "154000",
    "hash": HASH_WITH_PHONE,
    "expireDt": "2026-11-03",
    "callbackUrl": CALLBACK_URL,
}
V1_BARE_BILL = {
    "bill_id": "AB12CD34EF",
    "product_nm": "Room",
    "member_nm": "Kim",
    "phone": "01012345678",
    "price": "154000",
    "hash": HASH_WITH_PHONE,
    "expire_dt": "2026-11-03",
}
V2_BARE_BILL = {
    "billId": "AB12CD34EF",
    "sendType": "TALK",
    "productName": "Room",
    "memberName": "Kim",
    "phone": "01012345678",
    "price": "154000",
    "hash": HASH_WITH_PHONE,
    "expireDt": "2026-11-03",
}
V1_PRICED = {"bill_id": "AB12CD34EF", "price": "154000", "hash": HASH_WITHOUT_PHONE}
V2_PRICED = {"billId": "AB12CD34EF", "price": "154000", "hash": HASH_WITHOUT_PHONE}

REQUESTS: dict[str, tuple[Request, str, dict[str, Any]]] = {
    "v1 send": (
        send_request(V1, MERCHANT, ASK, CALLBACK_URL),
        "/if/bill/send",
        {**V1_CREDENTIALS, "bill": V1_BILL},
    ),
    "v1 send of the least": (
        send_request(V1, Merchant(), BARE, None),
        "/if/bill/send",
        {"apikey": KEY, "bill": V1_BARE_BILL},
    ),
    "v1 resend": (
        resend_request(V1, MERCHANT, "AB12CD34EF"),
        "/if/bill/resend",
        {**V1_CREDENTIALS, "bill_id": "AB12CD34EF"},
    ),
    "v1 read": (
        read_request(V1, MERCHANT, "AB12CD34EF"),
        "/if/bill/read",
        {**V1_CREDENTIALS, "bill_id": "AB12CD34EF"},
    ),
    "v1 destroy": (
        destroy_request(V1, MERCHANT, "AB12CD34EF", 154_000),
        "/if/bill/destroy",
        {**V1_CREDENTIALS, **V1_PRICED},
    ),
    "v1 cancel": (
        cancel_request(V1, MERCHANT, "AB12CD34EF", 154_000),
        "/if/bill/cancel",
        {**V1_CREDENTIALS, **V1_PRICED},
    ),
    "v1 points": (points_request(V1), "/if/read/remain_count", {"apikey": KEY}),
    "v2 send": (send_request(V2, MERCHANT, ASK, CALLBACK_URL), "/bill", {**V2_CREDENTIALS, "bill": V2_BILL}),
    "v2 send of the least": (
        send_request(V2, Merchant(), BARE, None),
        "/bill",
        {"apiKey": KEY, "bill": V2_BARE_BILL},
    ),
    "v2 resend": (
        resend_request(V2, MERCHANT, "AB12CD34EF"),
        "/bill/resend",
        {**V2_CREDENTIALS, "bill": {"billId": "AB12CD34EF"}},
    ),
    "v2 read": (
        read_request(V2, MERCHANT, "AB12CD34EF"),
        "/bill/read",
        {**V2_CREDENTIALS, "bill": {"billId": "AB12CD34EF"}},
    ),
    "v2 read for a member alone": (
        read_request(V2, Merchant(member="MEMBER-1"), "AB12CD34EF"),
        "/bill/read",
        {"apiKey": KEY, "member": "MEMBER-1", "bill": {"billId": "AB12CD34EF"}},
    ),
    "v2 destroy": (
        destroy_request(V2, MERCHANT, "AB12CD34EF", 154_000),
        "/bill/destroy",
        {**V2_CREDENTIALS, "bill": V2_PRICED},
    ),
    "v2 cancel": (
        cancel_request(V2, MERCHANT, "AB12CD34EF", 154_000),
        "/bill/cancel",
        {**V2_CREDENTIALS, "bill": V2_PRICED},
    ),
    "v2 points": (points_request(V2), "/read/remain_count", {"apiKey": KEY}),
}


@pytest.mark.parametrize(("request_made", "path", "body"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_what_the_provider_documents(request_made: Request, path: str, body: dict[str, Any]) -> None:
    assert (request_made.path, request_made.body) == (path, body)


def test_the_hash_has_the_phone_exactly_where_the_request_has_it() -> None:
    assert hash_of("AB12CD34EF", "154000", "01012345678") == HASH_WITH_PHONE
    assert hash_of("AB12CD34EF", "154000") == HASH_WITHOUT_PHONE


def test_the_hash_is_of_utf_8_text() -> None:
    assert hash_of("A", "1", "손님") == hashlib.sha256("A,손님,1".encode()).hexdigest()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_neither_a_partner_nor_a_request_shows_the_key_or_the_guest(version: Version) -> None:
    partner = Partner(version, KEY)
    shown = repr(partner) + repr(send_request(partner, MERCHANT, ASK, CALLBACK_URL))
    assert not [secret for secret in (KEY, ASK.contact, ASK.customer_name) if secret in shown]
