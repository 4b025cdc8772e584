"""A bill as the provider keeps it."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

SEOUL = ZoneInfo("Asia/Seoul")

UNPAID: Literal["W"] = "W"
PAID: Literal["F"] = "F"
REFUNDED: Literal["C"] = "C"
DESTROYED: Literal["D"] = "D"
State = Literal["W", "F", "C", "D"]

TALK: Literal["TALK"] = "TALK"
URL: Literal["URL"] = "URL"
SendType = Literal["TALK", "URL"]


class Approval(msgspec.Struct, frozen=True, rename="camel"):
    """A payment that went through: `amount` in won, `at` in seconds since 1970, `number` the approval number."""

    pay_type: str
    amount: int
    at: float
    number: str


class Bill(msgspec.Struct, frozen=True, rename="camel"):
    """One bill: what was sent, and what became of it.

    `price` is in won, times are seconds since 1970, `expire_date` is the last day in Seoul on which it can be
    paid. `final_at` is set while a payment has been announced and the state still says unpaid.
    """

    bill_id: str
    send_type: SendType
    price: int
    product_name: str
    member_name: str
    phone: str
    sent_at: float
    member: str = ""
    merchant: str = ""
    issuer: str = ""
    message: str = ""
    expire_date: str | None = None
    callback_url: str | None = None
    redirect_url: str | None = None
    state: State = UNPAID
    approval: Approval | None = None
    refunded_at: float | None = None
    refund_number: str = ""
    final_at: float | None = None

    def expired(self, now: float) -> bool:
        """Whether it is too late to pay: the last day in Seoul is over."""
        return self.expire_date is not None and now >= end_of(date.fromisoformat(self.expire_date)).timestamp()


def end_of(day: date) -> datetime:
    """The midnight in Seoul with which a day ends. OverflowError for the last day of the calendar."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=SEOUL)


def _seoul_time(at: float | None) -> str:
    if at is None:
        return ""
    return datetime.fromtimestamp(at, UTC).astimezone(SEOUL).strftime("%Y%m%d%H%M%S")


def approval_fields(bill: Bill, api_key: str) -> dict[str, str]:
    """What `read` and the callback say of a bill, in snake case; what is not known yet is an empty string."""
    paid = bill.approval if bill.state in (PAID, REFUNDED) else None
    refunded = bill.state == REFUNDED
    by_card = paid is not None and "CARD" in paid.pay_type
    number = paid.number if paid else ""
    return {
        "apikey": api_key,
        "bill_id": bill.bill_id,
        "appr_pay_type": paid.pay_type if paid else "",
        "appr_card_type": "C" if by_card else "",
        "appr_dt": _seoul_time(bill.refunded_at if refunded else paid.at if paid else None),
        "appr_origin_dt": _seoul_time(paid.at if paid else None),
        "appr_price": str(paid.amount) if paid else "",
        "appr_issuer": ("현대카드" if by_card else "국민은행") if paid else "",
        "appr_issuer_cd": "08" if by_card else "",
        "appr_issuer_num": ("949019******1234" if by_card else "004-****-5678") if paid else "",
        "appr_acquirer_cd": "08" if by_card else "",
        "appr_acquirer_nm": "현대카드" if by_card else "",
        "appr_num": bill.refund_number if refunded else number,
        "appr_origin_num": number,
        "appr_res_cd": "0000" if paid else "",
        "appr_monthly": "0" if by_card else "",
        "appr_state": bill.state,
        "appr_cash_num": "",
        "appr_cash_trader": "",
        "appr_cash_issuance_number": "",
        "appr_cat_id": "1234567890" if by_card else "",
    }
