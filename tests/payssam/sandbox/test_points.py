"""Points: what messages cost, and what happens when there are none left; and who may ask at all."""

import pytest

from services.payssam.sandbox import SandboxSettings, running_sandbox
from tests.payssam.sandbox.partner import (
    Partner,
    listening_socket,
    new_bill_id,
    v1_about,
    v1_send,
    v2_about,
    v2_send,
)


async def _balance(partner: Partner) -> int:
    answer = await partner.call("/read/remain_count", {"apiKey": "sandbox-key"})
    balance: int = answer["data"]["balance"]
    return balance


async def test_a_message_costs_55_points_each_time_and_a_url_nothing(partner: Partner) -> None:
    bill_id = await partner.sent()
    assert await _balance(partner) == 100_000 - 55
    resent = await partner.call("/bill/resend", v2_about(bill_id))
    assert resent["data"]["shortUrl"].endswith(f"/p/{bill_id}")
    assert await partner.code("/if/bill/resend", v1_about(bill_id)) == "0000"
    assert await _balance(partner) == 100_000 - 3 * 55
    link = await partner.sent(sendType="URL")
    assert await _balance(partner) == 100_000 - 3 * 55
    assert await partner.code("/bill/resend", v2_about(link)) == "VALIDATION_001"
    totals = await partner.look("totals")
    assert (totals["sends"], totals["resends"], totals["pointsSpent"]) == (2, 2, 165)


async def test_refused_calls_cost_nothing(partner: Partner) -> None:
    bill_id = await partner.sent()
    await partner.code("/bill", v2_send(bill_id))
    await partner.code("/bill", v2_send(new_bill_id(), price="1"))
    await partner.pay(bill_id)
    await partner.code("/bill/resend", v2_about(bill_id))
    assert await _balance(partner) == 100_000 - 55


async def test_without_points_no_message_is_sent_but_a_url_is(partner: Partner) -> None:
    bill_id = await partner.sent()
    await partner.control("points", balance=54)
    refused = new_bill_id()
    assert await partner.code("/bill", v2_send(refused)) == "POINT_001"
    assert await partner.code("/if/bill/send", v1_send(refused)) == "1201"
    assert await partner.code("/if/bill/resend", v1_about(bill_id)) == "1201"
    assert await partner.code("/bill/resend", v2_about(bill_id)) == "POINT_001"
    await partner.sent(sendType="URL")
    await partner.control("points", balance=55)
    assert await partner.code("/bill", v2_send(refused)) == "0000"
    assert await _balance(partner) == 0


async def test_the_balance_comes_with_the_address_to_charge_it(partner: Partner) -> None:
    address = f"{str(partner.client.base_url).rstrip('/')}/"
    counted = {"balance": 100_000, "chargeUrl": address}
    flat = {"code": "0000", "msg": "성공하였습니다.", **counted}
    nested = {"code": "0000", "message": "성공하였습니다.", "data": counted}
    credentials = {"member": "hotel", "merchant": "seoul"}
    assert await partner.call("/if/read/remain_count", {"apikey": "sandbox-key", **credentials}) == flat
    assert await partner.call("/read/remain_count", {"apiKey": "sandbox-key"}) == nested
    assert await partner.call("/read/merchant/remain_count", {"apiKey": "sandbox-key", **credentials}) == nested


@pytest.mark.parametrize(
    ("member", "merchant", "known"), [("hotel", "seoul", True), ("hotel", "busan", False), ("", "", False)]
)
async def test_only_known_merchants_are_served_when_they_are_listed(member: str, merchant: str, known: bool) -> None:
    settings = SandboxSettings(api_key="own-key", points=1000, members=frozenset({("hotel", "seoul")}))
    listening = listening_socket()
    async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
        v1 = {**v1_send(new_bill_id()), "apikey": "own-key", "member": member, "merchant": merchant}
        v2 = {**v2_send(new_bill_id()), "apiKey": "own-key", "member": member, "merchant": merchant}
        assert await partner.code("/if/bill/send", v1) == ("0000" if known else "1003")
        assert await partner.code("/bill", v2) == ("0000" if known else "PARTNER_003")
        counted = await partner.call("/read/remain_count", {"apiKey": "own-key"})
        assert counted["data"]["balance"] == 1000 - (110 if known else 0)


async def test_short_urls_begin_with_the_public_address() -> None:
    settings = SandboxSettings(public_url="https://pay.example/sandbox")
    listening = listening_socket()
    async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
        sent = await partner.call("/bill", v2_send("PUBLIC"))
        assert sent["data"]["shortUrl"] == "https://pay.example/sandbox/p/PUBLIC"
