"""Reports over any history: every figure is what its events add up to, and a position answers the same for good."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from projections.reading import Freshness
from projections.report import POSITION, Report
from projections.report_reading import Asked, Reports
from projections.reports import REPORTS
from services.bootstrap import Service
from tests.conftest import Desk

TODAY = datetime.now(UTC).date() + timedelta(days=1)
WIDE = (date(2026, 1, 1), TODAY)

Rows = list[dict[str, Any]]


async def answered(service: Service, asked: Asked) -> tuple[int, Rows, Rows]:
    """The position, rows and events of a report."""
    reports = Reports(service.conninfo, service.reader)
    async with reports.open(asked, Freshness()) as opened:
        tables = []
        for table in (opened.rows, opened.events):
            names = [] if table is None else [column.name for column in table.columns]
            tables.append(
                [
                    dict(zip(names, row, strict=True))
                    async for batch in (table.batches if table else ())
                    for row in batch
                ]
                if table
                else []
            )
        return opened.position, *tables


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
async def test_an_empty_house_has_empty_reports(service: Service, report: Report) -> None:
    for grouping in report.groupings:
        _, rows, events = await answered(service, Asked(report, "HOTEL-9", *WIDE, grouping, explain=True))
        assert events == []
        assert all(value in (0, None) for row in rows for value in row.values() if isinstance(value, int | Decimal))
