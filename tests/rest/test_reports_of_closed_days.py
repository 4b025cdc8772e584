"""Reports of a closed day over REST: they stay as they are, and what arrives later is a difference in the open one."""

import httpx

from projections.reports import REPORTS as ALL
from tests.conftest import Desk
from tests.rest.report_house import HOUSE, all_days, busy_house, open_day, questions, report


async def said(client: httpx.AsyncClient, days: dict[str, str]) -> list[bytes]:
    """The answers about a period in the formats that are text, but for the position in their heads."""
    answers = [await report(client, name, **given) for name, given in questions(days) if "png" not in given.values()]
    return [
        answer.content.replace(f'"position":{answer.headers["Folio-Position"]}'.encode(), b"", 1)
        for answer in answers
        if answer.headers["Content-Type"].startswith(("application/json", "text/csv"))
    ]


async def test_what_changes_a_closed_day_stands_in_the_open_one(desk: Desk, client: httpx.AsyncClient) -> None:
    await busy_house(desk)
    await desk.pay(await desk.add_bill("F-3", 1_000), 1_500, applyToBalance=True)
    bill = await desk.add_bill(total=100_000)
    paid = [await desk.pay(bill, amount) for amount in (40_000, 100, 300, 50)]
    cancelled, corrected, deleted, moved = (f"/v1/payments/{payment['id']}" for payment in paid)
    day = await open_day(client)
    next_day = desk.expect(200, await client.post(f"{HOUSE}/days/{day}/close"))["nextBusinessDate"]
    closed, now = {"from": day, "to": day}, {"from": next_day, "to": next_day}
    before = await said(client, closed)
    for name in ALL.keys() - {"payment-requests", "provider-reconciliation"}:
        assert (await report(client, name, **closed)).json()["rows"], name

    desk.expect(200, await client.post(f"{cancelled}/cancel", json={"reason": "Wrong card"}))
    desk.expect(200, await client.patch(corrected, json={"amount": 150}))
    desk.expect(204, await client.delete(deleted))
    desk.expect(200, await client.patch(moved, json={"paymentMethod": "CASH"}))
    desk.expect(200, await client.post(f"/v1/bills/{bill['id']}/cancel"))
    assert await said(client, closed) == before

    rows = (await report(client, "payments", **now)).json()["rows"]
    assert {row["businessDate"] for row in rows} == {day}
    assert {row["lastDate"] for row in rows} == {next_day}
    told = sorted((row["amount"], row["paymentMethod"], row["status"], row["net"]) for row in rows)
    assert told == [
        (0, "CARD", "CORRECTED", -50),
        (50, "CASH", "LIVE", 50),
        (150, "CARD", "LIVE", 50),
        (300, "CARD", "DELETED", -300),
        (40_000, "CARD", "CANCELLED", -40_000),
    ]
    assert [(row["lastEvent"], row["reason"]) for row in rows if row["reason"]] == [("payment.cancelled", "Wrong card")]
    takings = (await report(client, "daily-takings", **now)).json()["rows"]
    assert {row["paymentMethod"]: row["net"] for row in takings} == {"CARD": -40_300, "CASH": 50}
    concerned = (await report(client, "daily-takings", **now, groupBy="concerned")).json()["rows"]
    assert {row["concernedDate"] for row in concerned} == {"2026-11-22"} == {payment["paidAt"][:10] for payment in paid}
    assert [row["late"] for row in concerned] == [row["net"] for row in concerned] == [-40_300, 50]


async def test_the_currency_is_that_of_the_position_and_of_the_end_of_the_period(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    desk.expect(200, await client.put(HOUSE, json={"currency": "EUR"}))
    closed = await open_day(client)
    days = all_days(closed)
    before = await report(client, "revenue", **days, position="1")
    desk.expect(200, await client.put(HOUSE, json={"currency": "GBP"}))
    next_day = desk.expect(200, await client.post(f"{HOUSE}/days/{closed}/close"))["nextBusinessDate"]
    desk.expect(200, await client.put(HOUSE, json={"currency": "USD"}))

    async def currency(**given: str) -> str:
        return str((await report(client, "revenue", **given)).json()["currency"])

    assert await currency(**all_days(next_day)) == "USD"
    assert await currency(**days) == "GBP"
    assert await currency(from_="2020-01-01", to="2020-01-31") == "EUR", "the first settings hold before them, too"
    assert await currency(**days, position="0") == "KRW"
    assert (await report(client, "revenue", **days, position="1")).content == before.content
