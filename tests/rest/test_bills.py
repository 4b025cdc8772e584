"""Bills over REST: what a command answers is what queries show."""

import httpx

from tests.conftest import Desk


async def test_a_bill_is_answered_as_queries_show_it(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill(payments=[{"paymentMethod": "CASH", "amount": 30_000, "paidAt": "2026-11-22T01:00:00Z"}])
    assert bill["balanceAmount"] == 70_000
    assert await desk.bill(bill["id"]) == bill
