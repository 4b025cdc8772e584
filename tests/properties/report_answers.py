"""What reports answer, as dictionaries."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from projections.report import Column, Report
from projections.report_reading import Snapshot
from projections.reports import REPORTS

Rows = list[dict[str, Any]]
Answers = Mapping[tuple[str, str], Rows]
"""What every report answers, by its name and grouping."""


async def all_rows(snapshot: Snapshot) -> Answers:
    """What every report answers in every grouping."""
    return {
        (report.name, grouping): await rows_of(snapshot, report, grouping)
        for report in REPORTS.values()
        for grouping in report.groupings
    }


async def all_events(snapshot: Snapshot) -> Answers:
    """The events that explain every report in every grouping."""
    return {
        (report.name, grouping): await events_of(snapshot, report, grouping)
        for report in REPORTS.values()
        for grouping in report.groupings
    }


async def rows_of(snapshot: Snapshot, report: Report, grouping: str) -> Rows:
    """The rows of a report."""
    return await _named(report.columns_by(grouping), snapshot.batches(report.statement(grouping)))


async def events_of(snapshot: Snapshot, report: Report, grouping: str) -> Rows:
    """The events that explain a report."""
    return await _named(report.explaining_columns(grouping), snapshot.batches(report.explanation(grouping)))


async def _named(columns: Sequence[Column], batches: AsyncIterator[Sequence[tuple[Any, ...]]]) -> Rows:
    names = [column.name for column in columns]
    return [dict(zip(names, row, strict=True)) async for batch in batches for row in batch]
