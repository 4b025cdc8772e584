"""The answer of a report, as a picture needs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

Row = Mapping[str, Any]
"""A row by the camelCase names of its columns: amounts in minor units, dates as dates or `YYYY-MM-DD`."""


@dataclass(frozen=True)
class ReportAnswer:
    """Title and rows of a report, and what they were asked for. `first` is None where it tells how things stand."""

    title: str
    title_korean: str
    accommodation_id: str
    first: date | None
    last: date
    currency: str
    position: int
    rows: Sequence[Row]


def whole(row: Row, column: str) -> int:
    """The amount or count in a column; 0 where the row has none."""
    return int(row.get(column) or 0)
