"""Columns of every kind, rows for them, and formats that are read to their end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from projections.report import Column
from services.desk.formats.choice import FORMATS, Write
from services.desk.formats.table import Header, Row, Table

COLUMNS = (
    Column("business_date", "date", "The business date"),
    Column("bill_name", "text", "The bill's name"),
    Column("bills", "count", "How many"),
    Column("total_amount", "amount", "The sum of the bills"),
    Column("share", "percent", "Of all"),
    Column("waited", "seconds", "How long"),
    Column("recorded_at", "time", "When"),
    Column("is_open", "flag", "Whether it is open"),
)
NAME = COLUMNS[1:2]
HEADER: Header = {"report": "takings", "from": date(2026, 5, 1), "groupBy": None, "position": 7}

SEOUL = timezone(timedelta(hours=9))
MOMENT = datetime(2026, 5, 3, 14, 59, 59, 1, tzinfo=SEOUL)
A_ROW: Row = (date(2026, 5, 3), '객실료 "A", 1', Decimal(3), Decimal("-1E+21"), Decimal("33.50"), 60, MOMENT, True)
ROW_OF_NOTHING: Row = (None,) * len(COLUMNS)
HALF = Decimal("0.5")
WRONG: dict[str, Row] = {
    "bills": (None, None, HALF, None, None, None, None, None),
    "total_amount": (None, None, None, HALF, None, None, None, None),
    "waited": (None, None, None, None, None, HALF, None, None),
    "recorded_at": (None, None, None, None, None, None, MOMENT.replace(tzinfo=None), None),
}
"""For a column each, a row with a value that it cannot hold."""

WHOLE = st.integers(-(2**63), 2**63 - 1)
SUMS = st.integers(-(10**38) + 1, 10**38 - 1)
ZONES = st.sampled_from([UTC, SEOUL, timezone(timedelta(hours=-3, minutes=-30))])
TIMES = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001
ROWS = st.tuples(
    st.none() | st.dates(),
    st.none() | st.text(),
    st.none() | WHOLE | WHOLE.map(Decimal),
    st.none() | SUMS | SUMS.map(Decimal),
    st.none() | st.decimals(-(10**9), 10**9, places=4),
    st.none() | WHOLE,
    st.none() | TIMES,
    st.none() | st.booleans(),
)


async def in_batches(rows: Sequence[Row], size: int = 1_000) -> AsyncIterator[Sequence[Row]]:
    """The rows in batches, as a cursor of the database gives them."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def table(rows: Sequence[Row], columns: Sequence[Column] = COLUMNS, size: int = 1_000) -> Table:
    """A table of these rows."""
    return Table("rows", columns, in_batches(rows, size))


def chunks(given: Table, write: Write) -> list[bytes]:
    """What a format makes of a table."""

    async def read() -> list[bytes]:
        return [chunk async for chunk in write(HEADER, given)]

    return asyncio.run(read())


def written(rows: Sequence[Row], name: str, columns: Sequence[Column] = COLUMNS, size: int = 1_000) -> bytes:
    """The rows as a file of a format."""
    return b"".join(chunks(table(rows, columns, size), FORMATS[name].write))
