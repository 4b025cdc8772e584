"""What reports answer, as dictionaries."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from projections.report import Column, Report
from projections.report_reading import Snapshot

Rows = list[dict[str, Any]]


async def rows_of(snapshot: Snapshot, report: Report, grouping: str) -> Rows:
    """The rows of a report."""
    return await _named(report.columns_by(grouping), snapshot.batches(report.statement(grouping)))


async def events_of(snapshot: Snapshot, report: Report, grouping: str) -> Rows:
    """The events that explain a report."""
    return await _named(report.explaining_columns(grouping), snapshot.batches(report.explanation(grouping)))


async def _named(columns: Sequence[Column], batches: AsyncIterator[Sequence[tuple[Any, ...]]]) -> Rows:
    names = [column.name for column in columns]
    return [dict(zip(names, row, strict=True)) async for batch in batches for row in batch]
