"""The provider's replies, read however loosely they are written, and relied upon only where they make sense."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.collection.provider import Done, Points, ProviderBill, Refused, Unknown, Why
from services.payssam.wire import points_of, reply_of, without_key
from tests.payssam.given import KEY, NOT_JSON, PAID, PAID_CAMEL, bill_in, encoded, found

LOOSE = {
    "v1": {"code": "0000", "msg": "ok", **PAID, "shortURL": "https://pay.example/1"},
    "v1 without a code": {**PAID, "shortURL": "https://pay.example/1"},
    "v2": {"code": "0000", "message": "ok", "data": {**PAID_CAMEL, "shortUrl": "https://pay.example/1"}},
    "v2 with msg": {"code": "0000", "msg": "ok", "data": {**PAID_CAMEL, "shortUrl": "https://pay.example/1"}},
    "v2 in snake case": {"code": "0000", "data": {**PAID, "short_url": "https://pay.example/1"}},
    "data in data": {"code": "0000", "data": {"data": {**PAID_CAMEL, "shortURL": "https://pay.example/1"}}},
    "code inside": {"data": {"code": "0000", "data": PAID_CAMEL, "shortURL": "https://pay.example/1"}},
    "spread over both": {"code": "0000", "billId": "AB12CD34EF", "shortURL": "https://pay.example/1", "data": PAID},
    "empty outside": {
        "code": "0000",
        "billId": "",
        "appr_state": None,
        "data": {**PAID, "shortUrl": "https://pay.example/1"},
    },
    "numbers": {
        "code": "0000",
        **PAID,
        "appr_price": 154000,
        "appr_dt": 20261103093015,
        "shortUrl": "https://pay.example/1",
    },
    "unlisted fields": {"code": "0000", **PAID, "shortURL": "https://pay.example/1", "more": [{}], "apikey": KEY},
}


@pytest.mark.parametrize("body", LOOSE.values(), ids=LOOSE)
def test_a_paid_bill_is_read_however_it_is_written(body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    assert bill_in(raw) == Done(
        ProviderBill(
            state="PAID",
            raw=raw,
            amount=154_000,
            paid_at=datetime(2026, 11, 3, 0, 30, 15, tzinfo=UTC),
            payment_method="CARD",
            pay_type="CARD_VAN",
            issuer="현대카드",
            approval_number="30012345",
            url="https://pay.example/1",
        )
    )


@pytest.mark.parametrize("names", [["msg"], ["message"], ["Message"], ["MSG"]])
def test_a_refusal_says_its_message_under_either_name(names: list[str]) -> None:
    assert reply_of(200, encoded(code="9999", **dict.fromkeys(names, "because"))) == Refused("9999", "because")


def test_where_both_are_given_msg_is_the_replys_and_message_the_bills() -> None:
    assert reply_of(200, encoded(code="9999", message="Dear guest", msg="because")) == Refused("9999", "because")


def test_the_codes_place_is_outside_whatever_lies_within() -> None:
    assert reply_of(200, encoded(code="9980", data={"code": "0000"})) == Refused("9980", "", Why.NOT_FOUND)


def test_a_number_for_a_code_is_a_code() -> None:
    assert reply_of(200, encoded(code=9800)) == Refused("9800", "", Why.ALREADY_USED)


def test_control_characters_of_the_provider_reach_neither_store_nor_log() -> None:
    assert reply_of(200, encoded(code="99\x0099", msg=" a\x00b\r\nINFO: paid\x1b[0m ")) == Refused(
        "9999", "abINFO: paid[0m"
    )


@pytest.mark.parametrize(("letter", "state"), [("W", "UNPAID"), ("D", "DESTROYED")])
def test_a_bill_without_a_payment_shows_none(letter: str, state: str) -> None:
    raw = encoded(**{"code": "0000", **PAID, "appr_state": letter})
    answer = bill_in(raw)
    assert isinstance(answer, Done)
    assert (answer.value.state, answer.value.raw) == (state, raw)
    assert (answer.value.amount, answer.value.paid_at, answer.value.pay_type) == (None, None, None)


REFUNDED = {**PAID, "appr_state": "C", "appr_dt": "20261104100000", "appr_num": "39999999"}


def test_a_refunded_bill_tells_of_its_payment_and_not_of_the_refund() -> None:
    raw = encoded(code="0000", **REFUNDED, appr_origin_dt="20261103093015", appr_origin_num="30012345")
    bill = bill_in(raw)
    assert isinstance(bill, Done)
    assert (bill.value.state, bill.value.amount) == ("REFUNDED", 154_000)
    assert bill.value.paid_at == datetime(2026, 11, 3, 0, 30, 15, tzinfo=UTC)
    assert bill.value.approval_number == "30012345"


def test_a_refunded_bill_without_an_origin_has_the_only_time_that_is_given() -> None:
    bill = bill_in(encoded(**{"code": "0000", **REFUNDED, "appr_price": ""}))
    assert isinstance(bill, Done)
    assert (bill.value.amount, bill.value.paid_at) == (None, datetime(2026, 11, 4, 1, tzinfo=UTC))
    assert bill.value.approval_number == "39999999"


def test_a_paid_bill_has_its_own_time_whatever_the_origin() -> None:
    bill = bill_in(encoded(code="0000", **PAID, appr_origin_dt="20200101000000", appr_origin_num="1"))
    assert isinstance(bill, Done)
    assert bill.value.paid_at == datetime(2026, 11, 3, 0, 30, 15, tzinfo=UTC)
    assert bill.value.approval_number == "30012345"


@pytest.mark.parametrize("state", ["", "f", "X", "FF", "PAID", None, 1, ["F"]])
def test_a_state_that_is_not_known_is_not_relied_upon(state: Any) -> None:
    answer = bill_in(encoded(**{"code": "0000", **PAID, "appr_state": state}))
    assert answer == Unknown("the reply has no state that is known")


@pytest.mark.parametrize(
    "price", ["", None, "154,000", "-1", "1e3", "15.0", 154000.0, True, "0", "٣", "12345678901", "9" * 5_000, 10**30]
)
def test_a_payment_without_a_readable_amount_is_not_relied_upon(price: Any) -> None:
    answer = bill_in(encoded(**{"code": "0000", **PAID, "appr_price": price}))
    assert answer == Unknown("the reply calls the bill paid, and names no amount")


def test_an_amount_may_have_ten_digits() -> None:
    bill = bill_in(encoded(**{"code": "0000", **PAID, "appr_price": "9999999999"}))
    assert isinstance(bill, Done)
    assert bill.value.amount == 9_999_999_999


UNREADABLE_TIMES = ["", None, "2026-11-03", "20261103", "20261303093015", "20261103243000", "2026110309301"]
UNREADABLE_TIMES += ["202611030930155", "٢٠٢٦١١٠٣٠٩٣٠١٥", "2026 103093015"]
TIMES_OF_NO_PAYMENT = ["00000000000000", "00010101000000", "19600101000000", "99991231235959"]


@pytest.mark.parametrize("time", [*UNREADABLE_TIMES, *TIMES_OF_NO_PAYMENT])
def test_a_payment_with_an_unreadable_time_is_a_payment_all_the_same(time: Any) -> None:
    bill = bill_in(encoded(**{"code": "0000", **PAID, "appr_dt": time}))
    assert isinstance(bill, Done)
    assert (bill.value.state, bill.value.amount, bill.value.paid_at) == ("PAID", 154_000, None)


METHODS = [
    *[("CARD_VAN", "CARD"), ("CARD_RP", "CARD"), ("CARD", "CARD"), ("KEYIN", "CARD"), ("OFFLINE_CARD", "CARD")],
    *[("OFFLINE_CASH", "CASH"), ("BANK", "TRANSFER"), ("21", "PAYSSAM"), ("OFFLINE", "PAYSSAM"), ("KAKAO", "PAYSSAM")],
]


@pytest.mark.parametrize(("pay_type", "method"), METHODS)
def test_a_method_becomes_ours(pay_type: str, method: str) -> None:
    bill = bill_in(encoded(**{"code": "0000", **PAID, "appr_pay_type": pay_type}))
    assert isinstance(bill, Done)
    assert (bill.value.payment_method, bill.value.pay_type) == (method, pay_type)


def test_a_payment_of_no_method_is_the_providers() -> None:
    bill = bill_in(encoded(**{"code": "0000", **PAID, "appr_pay_type": None}))
    assert isinstance(bill, Done)
    assert (bill.value.payment_method, bill.value.pay_type) == ("PAYSSAM", None)


@pytest.mark.parametrize("bill_id", ["AB12CD34EG", "ab12cd34ef", "AB12CD34EF0", 1])
def test_a_reply_about_another_bill_is_not_relied_upon(bill_id: Any) -> None:
    answer = bill_in(encoded(**{"code": "0000", **PAID, "bill_id": bill_id}))
    assert answer == Unknown("the reply is about another bill")


def test_a_reply_that_names_no_bill_is_about_the_one_that_was_asked_for() -> None:
    assert isinstance(bill_in(encoded(**{"code": "0000", **PAID, "bill_id": None})), Done)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "pay.example/1", "", None, 7])
def test_an_address_that_nobody_should_follow_is_none(address: Any) -> None:
    bill = bill_in(encoded(code="0000", **PAID, shortURL=address))
    assert isinstance(bill, Done)
    assert bill.value.url is None


@pytest.mark.parametrize("balance", ["5500", 5500])
def test_points_are_read_with_the_page_that_sells_more(balance: Any) -> None:
    raw = encoded(code="0000", data={"balance": balance, "chargeUrl": "https://pay.example/points"})
    assert points_of(found(raw)) == Done(Points(5_500, "https://pay.example/points"))


def test_no_points_are_points() -> None:
    assert points_of(found(encoded(code="0000", balance="0"))) == Done(Points(0, None))


@pytest.mark.parametrize("balance", [None, "", "many", "5,500", -1])
def test_a_balance_that_is_no_number_is_not_relied_upon(balance: Any) -> None:
    assert points_of(found(encoded(code="0000", balance=balance))) == Unknown("the reply names no balance")


@pytest.mark.parametrize("name", ["apikey", "apiKey", "api_key", "API_KEY", "Apikey"])
def test_a_callback_is_shown_without_the_key_wherever_it_stands(name: str) -> None:
    raw = encoded(**{name: KEY, "bill_id": "A", "data": {name: KEY, "data": [{name: KEY, "phone": "010"}]}})
    assert without_key(raw) == {"bill_id": "A", "data": {"data": [{"phone": "010"}]}}


@pytest.mark.parametrize("raw", NOT_JSON[:4])
def test_of_a_callback_that_cannot_be_read_nothing_is_shown(raw: bytes) -> None:
    assert without_key(raw) is None
