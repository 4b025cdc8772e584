"""The two generations of the API: where the fields sit in a request, and what an answer looks like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.payssam.sandbox.bill import Bill, approval_fields
from services.payssam.sandbox.fields import Fields
from services.payssam.sandbox.refusals import WRONG_FIELD, Refusal

SUCCESS = "0000"
SUCCESS_MESSAGE = "성공하였습니다."

Operation = Literal["send", "resend", "read", "destroy", "cancel", "points"]


@dataclass(frozen=True)
class Dialect:
    """What both generations have, each in its own words."""

    version: Literal[1, 2]
    api_key: str
    names: Mapping[str, str]
    member_length_max: int

    def fields(self, operation: Operation, body: Mapping[str, Any]) -> Fields:
        """The fields that a call is about. Refusal when they are not where they belong."""
        if operation == "points" or (self.version == 1 and operation != "send"):
            return Fields(body, self.names)
        bill = body.get("bill")
        if not isinstance(bill, Mapping):
            raise Refusal(WRONG_FIELD, "bill is missing")
        return Fields(bill, self.names)

    def refusal(self, refusal: Refusal) -> dict[str, Any]:
        """The answer that says no."""
        if self.version == 1:
            return {"code": refusal.reason.v1, "msg": refusal.message}
        return {"code": refusal.reason.v2, "message": refusal.message, "data": None}

    def success(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The answer that says yes; V1 has the data beside the code."""
        if self.version == 1:
            return {"code": SUCCESS, "msg": SUCCESS_MESSAGE, **data}
        return {"code": SUCCESS, "message": SUCCESS_MESSAGE, "data": dict(data)}

    def sent(self, bill: Bill, short_url: str) -> dict[str, Any]:
        """The answer to send and resend, with the link to the bill's page."""
        if self.version == 1:
            return self.success({"bill_id": bill.bill_id, "shortURL": short_url})
        return self.success({"billId": bill.bill_id, "shortUrl": short_url})

    def ended(self, bill: Bill) -> dict[str, Any]:
        """The answer to destroy and cancel."""
        if self.version == 1:
            return self.success({"bill_id": bill.bill_id, "appr_state": bill.state})
        return self.success({"billId": bill.bill_id, "apprState": bill.state})

    def read(self, bill: Bill, api_key: str) -> dict[str, Any]:
        """The answer to read. In V1 the bill's fields stand alone: there is no code beside them."""
        fields = approval_fields(bill, api_key)
        if self.version == 1:
            return dict(fields)
        return self.success({_camel(name): value for name, value in fields.items()})


def _camel(name: str) -> str:
    if name == "apikey":
        return "apiKey"
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


V1 = Dialect(
    version=1,
    api_key="apikey",
    names={
        "product_name": "product_nm",
        "member_name": "member_nm",
        "expire_date": "expire_dt",
        "callback_url": "callbackURL",
        "redirect_url": "pageRedirectUrl",
        "issuer": "bill_issuer",
        "send_type": "sendType",
        "cancel_reason": "cancel_reason",
    },
    member_length_max=30,
)

V2 = Dialect(
    version=2,
    api_key="apiKey",
    names={
        "bill_id": "billId",
        "product_name": "productName",
        "member_name": "memberName",
        "expire_date": "expireDt",
        "callback_url": "callbackUrl",
        "redirect_url": "pageRedirectUrl",
        "issuer": "billIssuer",
        "send_type": "sendType",
        "cancel_reason": "cancelReason",
    },
    member_length_max=60,
)
