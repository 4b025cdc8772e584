"""The provider's rules in both generations of its API, with bodies and answers written out."""

from typing import Any

import httpx
import pytest

from tests.payssam.sandbox.partner import Partner, digest, new_bill_id, v1_about, v1_send, v2_about, v2_send
from tests.payssam.sandbox.shared import shared_partner

__all__ = ["shared_partner"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_v1_sends_a_bill_and_answers_flat_with_its_link(partner: Partner) -> None:
    body = {
        "apikey": "sandbox-key",
        "member": "hotel",
        "merchant": "seoul",
        "bill": {
            "bill_id": "V1LITERAL",
            "product_nm": "객실 1박",
            "message": "감사합니다",
            "member_nm": "홍길동",
            "phone": "01012345678",
            "price": "50000",
            "hash": digest("V1LITERAL", "01012345678", "50000"),
            "expire_dt": "2099-12-31",
            "callbackURL": "http://127.0.0.1:1/callback",
        },
    }
    assert await partner.call("/if/bill/send", body) == {
        "code": "0000",
        "msg": "성공하였습니다.",
        "bill_id": "V1LITERAL",
        "shortURL": f"{str(partner.client.base_url).rstrip('/')}/p/V1LITERAL",
    }


async def test_v2_sends_a_bill_and_answers_with_its_link_in_data(partner: Partner) -> None:
    body = {
        "apiKey": "sandbox-key",
        "member": "hotel",
        "merchant": "seoul",
        "bill": {
            "billId": "V2LITERAL",
            "sendType": "URL",
            "billIssuer": "서울 호텔",
            "productName": "객실 1박",
            "memberName": "홍길동",
            "phone": "member_abc",
            "price": "50000",
            "hash": digest("V2LITERAL", "member_abc", "50000"),
            "expireDt": "2099-12-31",
            "callbackUrl": "http://127.0.0.1:1/callback",
            "pageRedirectUrl": "https://hotel.example/done",
        },
    }
    assert await partner.call("/bill", body) == {
        "code": "0000",
        "message": "성공하였습니다.",
        "data": {"billId": "V2LITERAL", "shortUrl": f"{str(partner.client.base_url).rstrip('/')}/p/V2LITERAL"},
    }


async def test_v1_read_is_the_fields_in_snake_case_without_a_code(partner: Partner) -> None:
    bill_id = new_bill_id()
    await partner.call("/if/bill/send", v1_send(bill_id))
    unpaid = await partner.call("/if/bill/read", v1_about(bill_id))
    assert "code" not in unpaid
    assert (unpaid["apikey"], unpaid["bill_id"], unpaid["appr_state"]) == ("sandbox-key", bill_id, "W")
    assert unpaid["appr_price"] == unpaid["appr_dt"] == unpaid["appr_num"] == ""
    await partner.pay(bill_id, payType="BANK")
    paid = await partner.call("/if/bill/read", v1_about(bill_id))
    assert (paid["appr_state"], paid["appr_price"], paid["appr_pay_type"]) == ("F", "50000", "BANK")
    assert len(paid["appr_dt"]) == 14
    assert paid["appr_dt"].isdigit()


async def test_v2_read_is_the_same_fields_in_camel_case(partner: Partner) -> None:
    bill_id = await partner.paid()
    answer = await partner.call("/bill/read", v2_about(bill_id))
    data = answer.pop("data")
    assert answer == {"code": "0000", "message": "성공하였습니다."}
    assert (data["billId"], data["apprState"], data["apprPrice"]) == (bill_id, "F", "50000")
    assert (data["apprPayType"], data["apprMonthly"], data["apiKey"]) == ("CARD_VAN", "0", "sandbox-key")
    snake = await partner.call("/if/bill/read", v1_about(bill_id))
    assert {name.replace("_", "").lower() for name in snake} == {name.lower() for name in data}


async def test_a_refund_keeps_the_first_approval_beside_its_own(partner: Partner) -> None:
    bill_id = await partner.paid()
    paid = (await partner.call("/bill/read", v2_about(bill_id)))["data"]
    answer = await partner.call("/bill/cancel", v2_about(bill_id, "50000", cancelReason="날짜 변경"))
    assert answer["data"] == {"billId": bill_id, "apprState": "C"}
    refunded = (await partner.call("/bill/read", v2_about(bill_id)))["data"]
    assert (refunded["apprState"], refunded["apprPrice"]) == ("C", "50000")
    assert (refunded["apprOriginDt"], refunded["apprOriginNum"]) == (paid["apprDt"], paid["apprNum"])
    assert refunded["apprNum"] != paid["apprNum"]


@pytest.mark.parametrize(
    ("send", "body", "code"),
    [("/if/bill/send", v1_send, "9800"), ("/bill", v2_send, "9800")],
)
async def test_an_id_is_used_once_even_after_its_bill_is_destroyed(
    partner: Partner, send: str, body: Any, code: str
) -> None:
    bill_id = await partner.sent()
    assert await partner.code(send, body(bill_id)) == code
    await partner.code("/bill/destroy", v2_about(bill_id, "50000"))
    assert await partner.code(send, body(bill_id)) == code


@pytest.mark.parametrize("operation", ["read", "resend", "destroy", "cancel"])
async def test_a_bill_that_does_not_exist_is_not_found(partner: Partner, operation: str) -> None:
    assert await partner.code(f"/if/bill/{operation}", v1_about("NOBODYS", "50000")) == "9980"
    assert await partner.code(f"/bill/{operation}", v2_about("NOBODYS", "50000")) == "BILL_003"


async def test_a_send_whose_hash_leaves_the_phone_out_is_refused(partner: Partner) -> None:
    bill_id = new_bill_id()
    wrong = digest(bill_id, "50000")
    assert await partner.code("/if/bill/send", v1_send(bill_id, hash=wrong)) == "9999"
    assert await partner.code("/bill", v2_send(bill_id, hash=wrong)) == "VALIDATION_002"
    assert await partner.code("/bill", v2_send(bill_id, hash=digest(bill_id, "01012345678", "50000").upper())) == (
        "VALIDATION_002"
    )


@pytest.mark.parametrize("operation", ["destroy", "cancel"])
async def test_a_destroy_or_cancel_whose_hash_has_the_phone_in_it_is_refused(partner: Partner, operation: str) -> None:
    bill_id = await partner.sent()
    wrong = digest(bill_id, "01012345678", "50000")
    assert await partner.code(f"/if/bill/{operation}", v1_about(bill_id, "50000", hash=wrong)) == "9999"
    assert await partner.code(f"/bill/{operation}", v2_about(bill_id, "50000", hash=wrong)) == "VALIDATION_002"


async def test_destroy_and_cancel_need_exactly_the_price_that_was_sent(partner: Partner) -> None:
    unpaid, paid = await partner.sent(), await partner.paid()
    for price in ("49999", "050000"):
        assert await partner.code("/if/bill/destroy", v1_about(unpaid, price)) == "9999"
        assert await partner.code("/bill/destroy", v2_about(unpaid, price)) == "VALIDATION_002"
        assert await partner.code("/if/bill/cancel", v1_about(paid, price)) == "9999"
        assert await partner.code("/bill/cancel", v2_about(paid, price)) == "VALIDATION_002"
    assert (await partner.state(unpaid), await partner.state(paid)) == ("W", "F")


async def test_an_unpaid_bill_is_destroyed_and_cannot_be_cancelled(partner: Partner) -> None:
    bill_id = await partner.sent()
    assert await partner.code("/if/bill/cancel", v1_about(bill_id, "50000")) == "9999"
    assert await partner.code("/bill/cancel", v2_about(bill_id, "50000")) == "BILL_007"
    destroyed = await partner.call("/if/bill/destroy", v1_about(bill_id, "50000"))
    assert (destroyed["code"], destroyed["appr_state"]) == ("0000", "D")
    assert await partner.state(bill_id) == "D"
    for operation in ("destroy", "cancel", "resend"):
        assert await partner.code(f"/if/bill/{operation}", v1_about(bill_id, "50000")) == "9970"
        assert await partner.code(f"/bill/{operation}", v2_about(bill_id, "50000")) == "BILL_004"


async def test_a_paid_bill_is_cancelled_and_cannot_be_destroyed_or_sent_again(partner: Partner) -> None:
    bill_id = await partner.paid()
    for operation in ("destroy", "resend"):
        assert await partner.code(f"/if/bill/{operation}", v1_about(bill_id, "50000")) == "9971"
        assert await partner.code(f"/bill/{operation}", v2_about(bill_id, "50000")) == "BILL_005"
    assert await partner.code("/bill/cancel", v2_about(bill_id, "50000")) == "0000"
    assert await partner.state(bill_id) == "C"
    assert await partner.code("/if/bill/cancel", v1_about(bill_id, "50000")) == "9970"
    assert await partner.code("/bill/cancel", v2_about(bill_id, "50000")) == "BILL_004"


async def test_a_bill_below_100_won_is_refused(partner: Partner) -> None:
    assert await partner.code("/if/bill/send", v1_send(new_bill_id(), price="99")) == "1205"
    assert await partner.code("/bill", v2_send(new_bill_id(), price="99")) == "VALIDATION_001"
    assert await partner.code("/bill", v2_send(new_bill_id(), price="100")) == "0000"


async def test_the_key_must_be_known(partner: Partner) -> None:
    v1, v2 = v1_send(new_bill_id()), v2_send(new_bill_id())
    assert await partner.code("/if/bill/send", {**v1, "apikey": "another"}) == "1003"
    assert await partner.code("/bill", {**v2, "apiKey": "another"}) == "PARTNER_002"
    assert await partner.code("/if/read/remain_count", {"apikey": "another"}) == "1003"
    del v1["apikey"], v2["apiKey"]
    assert await partner.code("/if/bill/send", v1) == "9999"
    assert await partner.code("/bill", v2) == "VALIDATION_001"


@pytest.mark.parametrize("length", [30, 31, 60, 61])
async def test_member_and_merchant_have_30_characters_in_v1_and_60_in_v2(partner: Partner, length: int) -> None:
    v1 = {**v1_send(new_bill_id()), "member": "m" * length}
    v2 = {**v2_send(new_bill_id()), "merchant": "m" * length}
    assert await partner.code("/if/bill/send", v1) == ("0000" if length <= 30 else "9999")
    assert await partner.code("/bill", v2) == ("0000" if length <= 60 else "VALIDATION_001")


async def test_member_and_merchant_may_be_missing(partner: Partner) -> None:
    body = v2_send(new_bill_id())
    del body["member"], body["merchant"]
    assert await partner.code("/bill", body) == "0000"


WRONG_FIELDS: list[tuple[str, str, Any]] = [
    ("product_nm", "productName", "가" * 101),
    ("product_nm", "productName", None),
    ("product_nm", "productName", 5),
    ("member_nm", "memberName", "가" * 31),
    ("member_nm", "memberName", ""),
    ("message", "message", "가" * 501),
    ("expire_dt", "expireDt", "20991231"),
    ("expire_dt", "expireDt", "2099-02-30"),
    ("phone", "phone", "010-1234-5678"),
    ("phone", "phone", None),
    ("price", "price", 50000),
    ("price", "price", "50,000"),
    ("price", "price", "12345678901"),
    ("price", "price", None),
    ("hash", "hash", None),
]


@pytest.mark.parametrize(("v1_name", "v2_name", "value"), WRONG_FIELDS)
async def test_a_field_that_is_missing_or_wrong_is_a_bad_request(
    partner: Partner, v1_name: str, v2_name: str, value: Any
) -> None:
    bill_id = new_bill_id()
    v1 = await partner.client.post("/if/bill/send", json=v1_send(bill_id, **{v1_name: value}))
    v2 = await partner.client.post("/bill", json=v2_send(bill_id, **{v2_name: value}))
    assert (v1.status_code, v1.json()["code"]) == (400, "9999")
    assert (v2.status_code, v2.json()["code"]) == (400, "VALIDATION_001")
    assert await partner.code("/bill/read", v2_about(bill_id)) == "BILL_003"


async def test_the_longest_fields_are_taken(partner: Partner) -> None:
    longest = {"productName": "가" * 100, "memberName": "가" * 30, "message": "가" * 500}
    assert await partner.code("/bill", v2_send("A" * 20, price="9999999999", **longest)) == "0000"


@pytest.mark.parametrize("bill_id", ["A" * 21, "lower", "A-1", "", "가"])
async def test_an_id_has_up_to_20_capitals_and_digits(partner: Partner, bill_id: str) -> None:
    assert await partner.code("/if/bill/send", v1_send(bill_id)) == "9999"
    assert await partner.code("/bill", v2_send(bill_id)) == "VALIDATION_001"


@pytest.mark.parametrize("address", ["hotel.example/callback", "ftp://hotel.example", "http://", "http://[", 7])
async def test_a_callback_address_that_is_none_is_refused(partner: Partner, address: Any) -> None:
    codes = ("9870", "VALIDATION_001") if isinstance(address, str) else ("9999", "VALIDATION_001")
    assert await partner.code("/if/bill/send", v1_send(new_bill_id(), callbackURL=address)) == codes[0]
    assert await partner.code("/bill", v2_send(new_bill_id(), callbackUrl=address)) == codes[1]


async def test_a_reason_to_cancel_has_up_to_20_characters(partner: Partner) -> None:
    bill_id = await partner.paid()
    assert await partner.code("/bill/cancel", v2_about(bill_id, "50000", cancelReason="가" * 21)) == "VALIDATION_001"
    assert await partner.code("/bill/cancel", v2_about(bill_id, "50000", cancelReason="가" * 20)) == "0000"


async def test_a_url_bill_takes_any_id_for_a_phone_and_v2_wants_the_kind_of_sending(partner: Partner) -> None:
    assert await partner.code("/bill", v2_send(new_bill_id(), phone="member_abc", sendType="URL")) == "0000"
    assert await partner.code("/if/bill/send", v1_send(new_bill_id(), phone="user-001", sendType="URL")) == "0000"
    assert await partner.code("/bill", v2_send(new_bill_id(), sendType=None)) == "VALIDATION_001"
    assert await partner.code("/bill", v2_send(new_bill_id(), sendType="SMS")) == "VALIDATION_001"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 10_000, b'{"apiKey": "\\ud800"}', b"x" * 70_000])
async def test_a_body_that_is_no_json_object_is_a_bad_request(partner: Partner, content: bytes) -> None:
    for path, code in (("/if/bill/send", "9999"), ("/bill", "VALIDATION_001")):
        answer = await partner.client.post(path, content=content)
        assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_bill_must_stand_where_its_version_has_it(partner: Partner) -> None:
    flat = {"apiKey": "sandbox-key", "billId": "X"}
    assert await partner.code("/bill/read", flat) == "VALIDATION_001"
    nested = {"apikey": "sandbox-key", "bill": {"bill_id": "X"}}
    assert await partner.code("/if/bill/read", nested) == "9999"


@pytest.mark.parametrize("path", ["/cash-receipt/issue", "/bill/rp", "/if/bill", "/elsewhere"])
async def test_an_unknown_path_is_404(partner: Partner, path: str) -> None:
    assert (await partner.client.post(path, json=v2_about("X"))).status_code == 404


async def test_calls_are_posts(partner: Partner) -> None:
    answers: list[httpx.Response] = [await partner.client.get(path) for path in ("/bill", "/if/bill/read")]
    assert [answer.status_code for answer in answers] == [405, 405]
