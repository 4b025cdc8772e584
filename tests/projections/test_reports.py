"""Reports over any history: every figure is what its events add up to, and a position answers the same for good."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from projections.reading import Freshness
from projections.report import Report
from projections.report_reading import Asked, Reports, Table
from projections.reports import REPORTS
from services.bootstrap import Service

TODAY = datetime.now(UTC).date() + timedelta(days=1)
WIDE = (date(2026, 1, 1), TODAY)

Rows = list[dict[str, Any]]


async def answered(service: Service, asked: Asked) -> tuple[int, Rows, Rows]:
    """The position, rows and events of a report."""
    async with Reports(service.conninfo, service.reader).open(asked, Freshness()) as opened:
        rows = await _all(opened.rows)
        return opened.position, rows, await _all(opened.events) if opened.events else []


async def _all(table: Table) -> Rows:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) async for batch in table.batches for row in batch]


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
async def test_an_empty_house_has_empty_reports(service: Service, report: Report) -> None:
    for grouping in report.groupings:
        _, rows, events = await answered(service, Asked(report, "HOTEL-9", *WIDE, grouping, explain=True))
        assert events == []
        assert all(value in (0, None) for row in rows for value in row.values() if isinstance(value, int | Decimal))
