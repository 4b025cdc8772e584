"""What the tests of the provider's wire share: a paid bill in both writings, and how replies are made and read."""

import json
from typing import Any

from services.collection.provider import Done, ProviderBill, Refused, Unknown
from services.payssam.wire import Fields, bill_of, fields_of, reply_of

KEY = "KEY-OF-THE-TESTS"
NOT_JSON = [
    b"",
    b"<html>busy</html>",
    b"{",
    b'{"code": "0000"',
    b"null",
    b'"0000"',
    b"[]",
    b'{"code":"\xff"}',
    b"[" * 200_000,
]
PAID: dict[str, Any] = {
    "bill_id": "AB12CD34EF",
    "appr_state": "F",
    "appr_price": "154000",
    "appr_dt": "20261103093015",
    "appr_pay_type": "CARD_VAN",
    "appr_issuer": "현대카드",
    "appr_num": "30012345",
}
PAID_CAMEL: dict[str, Any] = {
    "billId": "AB12CD34EF",
    "apprState": "F",
    "apprPrice": "154000",
    "apprDt": "20261103093015",
    "apprPayType": "CARD_VAN",
    "apprIssuer": "현대카드",
    "apprNum": "30012345",
}


def encoded(**body: Any) -> bytes:
    """The body as JSON."""
    return json.dumps(body).encode()


def found(raw: bytes) -> Fields:
    """The fields of a body that must be a JSON object."""
    fields = fields_of(raw)
    assert fields is not None
    return fields


def bill_in(raw: bytes) -> Done[ProviderBill] | Refused | Unknown:
    """The bill AB12CD34EF, out of a reply with the status 200."""
    fields = reply_of(200, raw, state_suffices=True)
    return bill_of(fields, "AB12CD34EF") if isinstance(fields, Fields) else fields
