"""Reports over any history: every figure is what its events add up to, and a position answers the same for good."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from projections.reading import Freshness
from projections.report import Report
from projections.report_reading import Asked, Reports, Rows
from projections.reports import REPORTS
from services.bootstrap import Service
from tests.collection.front import open_front
from tests.conftest import Desk

TODAY = datetime.now(UTC).date() + timedelta(days=1)
WIDE = (date(2026, 1, 1), TODAY)

Shown = list[dict[str, Any]]


async def answered(service: Service, asked: Asked) -> tuple[int, Shown, Shown]:
    """The position, rows and events of a report."""
    async with Reports(service.conninfo, service.reader).open(asked, Freshness()) as opened:
        rows = await _all(opened.rows)
        return opened.position, rows, await _all(opened.events) if opened.events else []


async def _all(rows: Rows) -> Shown:
    names = [column.name for column in rows.columns]
    return [dict(zip(names, row, strict=True)) async for batch in rows.batches for row in batch]


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
async def test_an_empty_house_has_empty_reports(service: Service, report: Report) -> None:
    for grouping in report.groupings:
        _, rows, events = await answered(service, Asked(report, "HOTEL-9", *WIDE, grouping, explain=True))
        assert events == []
        assert all(value in (0, None) for row in rows for value in row.values() if isinstance(value, int | Decimal))


async def test_a_charge_that_a_stated_balance_takes_back_is_explained_though_nothing_is_owed_for_it(
    service: Service, desk: Desk
) -> None:
    bill = await desk.add_bill(total=100)
    changed = {"totalAmount": 130, "balanceAmount": 100}
    desk.expect(200, await desk.client.patch(f"/v1/bills/{bill['id']}", json=changed))
    for grouping in ("day", "folio", "folio,day"):
        asked = Asked(REPORTS["ledger-balance"], "HOTEL-1", *WIDE, grouping, explain=True)
        _, rows, events = await answered(service, asked)
        [row] = [row for row in rows if row["charges"]]
        assert (row["charges"], row["adjustments"], row["closing"]) == (130, -30, 100)
        assert [(event["charges"], event["adjustments"]) for event in events] == [(100, 0), (30, -30)]


async def test_a_database_that_writes_dates_in_another_way_answers_the_same(service: Service, desk: Desk) -> None:
    await desk.pay(await desk.add_bill(total=100), 40)
    asked = Asked(REPORTS["payments"], "HOTEL-1", *WIDE, "payment")
    usual = await answered(service, asked)
    elsewhere = make_conninfo(service.conninfo, options="-c datestyle=SQL,DMY")
    async with Reports(elsewhere, service.reader).open(asked, Freshness()) as opened:
        assert (opened.position, await _all(opened.rows), []) == usual


async def test_nobody_who_paid_takes_no_time_to_pay(database: str) -> None:
    async with open_front(database) as front:
        await front.sent()
        for grouping in ("day", "total"):
            asked = Asked(REPORTS["payment-requests"], "HOTEL-1", *WIDE, grouping)
            _, [row], _ = await answered(front.service, asked)
            assert (row["sent"], row["paid"], row["conversion"], row["seconds_to_pay"]) == (1, 0, 0, None)


async def test_a_refund_of_what_was_never_known_to_be_paid_is_no_money(database: str) -> None:
    async with open_front(database) as front:
        request = await front.sent()
        front.provider.become(request["id"], "REFUNDED")
        await front.office.collector.attend(request["id"], ask_first=True)
        for name in ("payment-requests", "provider-reconciliation"):
            for grouping in REPORTS[name].groupings:
                asked = Asked(REPORTS[name], "HOTEL-1", *WIDE, grouping, explain=True)
                _, rows, events = await answered(front.service, asked)
                assert all(row.get("refunded_amount", 0) == 0 for row in [*rows, *events])
                assert all(row.get("off_by", 0) == 0 for row in [*rows, *events])


async def test_both_entries_of_a_correction_have_their_places(service: Service, desk: Desk) -> None:
    """A statement that leaves their order open gives other bytes once the tables were built anew."""
    bill = await desk.add_bill(total=100)
    for amount in range(1, 6):
        payment = await desk.pay(bill, amount)
        desk.expect(200, await desk.client.patch(f"/v1/payments/{payment['id']}", json={"amount": 10 * amount}))
    for report in REPORTS.values():
        for grouping in report.groupings:
            names = [column.name for column in report.explaining_columns(grouping)]
            assert report.explanation(grouping).endswith(f"ORDER BY {', '.join(names)}")
    asked = Asked(REPORTS["daily-takings"], "HOTEL-1", *WIDE, "method", explain=True)
    _, _, events = await answered(service, asked)
    corrections = [event["net"] for event in events if event["event"] == "payment.updated"]
    assert corrections == [net for amount in range(1, 6) for net in (-amount, 10 * amount)]


async def test_what_changed_no_figure_has_no_row(service: Service, desk: Desk) -> None:
    bill = await desk.add_bill(total=100)
    payment = await desk.pay(bill, 40)
    house = "/v1/accommodations/HOTEL-1/days"
    day = desk.expect(200, await desk.client.get(house))["businessDate"]
    next_day = desk.expect(200, await desk.client.post(f"{house}/{day}/close"))["nextBusinessDate"]
    desk.expect(200, await desk.client.patch(f"/v1/bills/{bill['id']}", json={"name": "Suite"}))
    earlier = {"paidAt": "2026-11-20T14:00:00+09:00"}
    desk.expect(200, await desk.client.patch(f"/v1/payments/{payment['id']}", json=earlier))

    async def rows_of(name: str, grouping: str) -> Shown:
        later = date.fromisoformat(next_day)
        _, rows, events = await answered(service, Asked(REPORTS[name], "HOTEL-1", later, later, grouping, explain=True))
        assert events or name == "ledger-balance"
        return rows

    for grouping in ("method", "actor", "day", "total"):
        assert await rows_of("daily-takings", grouping) == []
    assert [row["net"] for row in await rows_of("daily-takings", "concerned")] == [40, -40]
    assert await rows_of("ledger-balance", "folio,day") == []
    assert [row["closing"] for row in await rows_of("ledger-balance", "day")] == [100]
    [row] = await rows_of("payments", "payment")
    assert (row["amount"], row["net"], row["last_event"]) == (40, 0, "payment.updated")
