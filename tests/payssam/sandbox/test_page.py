"""The page behind the short URL, and the index: what a guest and a curious person see in a browser."""

from datetime import datetime, timedelta, timezone

import pytest

from services.payssam.sandbox import SandboxSettings, running_sandbox
from services.payssam.sandbox.page import masked
from tests.payssam.sandbox.partner import Partner, listening_socket, new_bill_id, v1_about, v2_about, v2_send
from tests.payssam.sandbox.shared import shared_partner

__all__ = ["shared_partner"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUTTON = "결제하기 / Pay"


async def test_the_page_shows_the_bill_and_a_guest_pays_by_its_button(partner: Partner) -> None:
    bill_id = new_bill_id()
    more = {"billIssuer": "서울 호텔", "message": "감사합니다", "expireDt": "2099-12-31"}
    sent = await partner.call("/bill", v2_send(bill_id, **more))
    link = sent["data"]["shortUrl"]
    page = await partner.client.get(link)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "width=device-width" in page.text
    for shown in (
        "서울 호텔",
        "객실 1박",
        "50,000원",
        "홍*동",
        "감사합니다",
        "2099-12-31",
        BUTTON,
        "<form method=post>",
    ):
        assert shown in page.text
    assert "홍길동" not in page.text
    assert "http" not in page.text
    paid = await partner.client.post(link)
    assert paid.status_code == 303
    after = await partner.client.get(f"/p/{paid.headers['location']}")
    assert "결제되었습니다 / Paid" in after.text
    assert BUTTON not in after.text
    assert (await partner.call("/if/bill/read", v1_about(bill_id)))["appr_state"] == "F"


async def test_a_browser_that_follows_ends_on_the_paid_page_with_the_way_back(partner: Partner) -> None:
    bill_id = await partner.sent(pageRedirectUrl="https://hotel.example/done?a=1&b=2")
    page = await partner.client.post(f"/p/{bill_id}", follow_redirects=True)
    assert page.url.path == f"/p/{bill_id}"
    assert 'href="https://hotel.example/done?a=1&amp;b=2"' in page.text


@pytest.mark.parametrize(
    ("path", "pays", "said"),
    [("cancel", True, "환불되었습니다 / Refunded"), ("destroy", False, "파기된 청구서입니다")],
)
async def test_a_bill_that_has_ended_says_so_and_cannot_be_paid(
    partner: Partner, path: str, pays: bool, said: str
) -> None:
    bill_id = await (partner.paid() if pays else partner.sent())
    assert await partner.code(f"/bill/{path}", v2_about(bill_id, "50000")) == "0000"
    page = await partner.client.post(f"/p/{bill_id}", follow_redirects=True)
    assert said in page.text
    assert BUTTON not in page.text
    assert (await partner.client.post(f"/sandbox/bills/{bill_id}/pay")).status_code == 409


async def test_a_second_press_of_the_button_pays_nothing_more(partner: Partner) -> None:
    bill_id = await partner.sent()
    for _ in range(2):
        page = await partner.client.post(f"/p/{bill_id}", follow_redirects=True)
        assert "Paid" in page.text
    history = (await partner.look(f"bills/{bill_id}"))["history"]
    assert [call["operation"] for call in history] == ["send", "pay"]


async def test_a_payment_that_is_not_final_is_under_way(partner: Partner) -> None:
    await partner.control("callbacks", mode="early", seconds=600)
    page = await partner.client.post(f"/p/{await partner.sent()}", follow_redirects=True)
    assert "결제 처리 중입니다" in page.text
    assert BUTTON not in page.text


async def test_a_bill_can_be_paid_until_the_midnight_in_seoul_that_ends_its_day() -> None:
    seoul = timezone(timedelta(hours=9))
    clock = {"now": datetime(2026, 11, 22, 23, 59, 59, tzinfo=seoul).timestamp()}
    settings = SandboxSettings(clock=lambda: clock["now"])
    listening = listening_socket()
    async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
        in_time, late = await partner.sent(expireDt="2026-11-22"), await partner.sent(expireDt="2026-11-22")
        assert BUTTON in (await partner.client.get(f"/p/{in_time}")).text
        assert (await partner.client.post(f"/p/{in_time}")).status_code == 303
        read = await partner.call("/if/bill/read", v1_about(in_time))
        assert read["appr_dt"] == "20261122235959"
        clock["now"] += 1
        page = await partner.client.post(f"/p/{late}")
        assert "결제 기한이 지났습니다 / Expired" in page.text
        assert BUTTON not in page.text
        assert (await partner.client.post(f"/sandbox/bills/{late}/pay")).status_code == 409
        assert await partner.state(late) == "W"
        assert await partner.code("/bill/destroy", v2_about(late, "50000")) == "0000"


async def test_nothing_that_was_sent_becomes_markup(partner: Partner) -> None:
    evil = '"><script>alert(1)</script>'
    bill_id = await partner.sent(productName=evil, memberName="<b>", billIssuer=evil, message=evil)
    page = await partner.client.get(f"/p/{bill_id}")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "&lt;*&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_there_is_no_page_for_no_bill(partner: Partner) -> None:
    for answer in (await partner.client.get("/p/NOBODYS"), await partner.client.post("/p/NOBODYS")):
        assert answer.status_code == 404
        assert "No such bill" in answer.text


@pytest.mark.parametrize(
    ("name", "shown"), [("홍", "*"), ("홍길", "홍*"), ("홍길동", "홍*동"), ("John Smith", "J********h"), ("", "*")]
)
async def test_a_name_is_masked(name: str, shown: str) -> None:
    assert masked(name) == shown


async def test_the_index_tells_the_control_api(partner: Partner) -> None:
    page = await partner.client.get("/")
    for told in ("/sandbox/faults", "/sandbox/callbacks", "drop_before", "pays_other_amount", "/sandbox/totals"):
        assert told in page.text


async def test_the_index_leads_to_the_pages_of_the_newest_bills(partner: Partner) -> None:
    bill_id = await partner.sent(productName="<b>Room</b>")
    page = (await partner.client.get("/")).text
    assert f"href='p/{bill_id}'>&lt;b&gt;Room" in page
