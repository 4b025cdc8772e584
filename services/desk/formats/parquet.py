"""Reports as Parquet: typed columns, zstd, in row groups that leave as soon as they are full.

Texts are strings, dates date32, times timestamp[us, UTC], counts and seconds int64, flags bool. Amounts are
decimal128(38, 0), not int64: the sum of many may be larger. Percents are decimal128(38, 10), rounded to that, half
even. Each column says its `kind` and `meaning` in the metadata of its field; the facts of the header are metadata of
the schema, texts as they are, everything else as JSON, absent ones not at all. When it was written stands nowhere.

Everything is done in a worker thread, so that others in this process have their turn; pyarrow is not imported before.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import msgspec

from projections.report import Column
from services.desk.formats.chunks import in_chunks
from services.desk.formats.table import Conversions, Header, Row, Table, in_columns, in_pieces
from services.desk.formats.values import in_utc, plain, whole

ROWS_AS_COLUMNS = 2_000
"""Rows that become columns at once; few, because rows take many times the memory."""
GROUP_ROWS = 20_000
GROUP_BYTES = 4_194_304
"""A row group is full at either: rows with long texts fill it earlier."""
PERCENT_PLACES = Decimal("1e-10")
DIGITS = 38


def write_parquet(header: Header, table: Table) -> AsyncIterator[bytes]:
    """The table as a file of its own.

    Raises, while it is read, ValueError for a value that its column cannot hold, and whatever the batches raise; what
    has left by then lacks its footer and is no Parquet.
    """
    return in_chunks(_parts(header, table))


async def _parts(header: Header, table: Table) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(_File, header, table)
    async for rows in in_pieces(table.batches, ROWS_AS_COLUMNS):
        yield await asyncio.to_thread(file.add, rows)
    yield await asyncio.to_thread(file.end)


class _Outlet(io.RawIOBase):
    """A file that only goes forward: what is written to it can be taken away at once."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        size = memoryview(part).nbytes
        self._waiting += part
        self._written += size
        return size

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


class _File:
    """A Parquet file on its way; every method gives the bytes that can leave."""

    def __init__(self, header: Header, table: Table) -> None:
        import pyarrow
        from pyarrow.parquet import ParquetWriter

        self._arrow = pyarrow
        self._columns = table.columns
        self._schema = _schema(header, table)
        self._outlet = _Outlet()
        self._writer = ParquetWriter(self._outlet, self._schema, compression="zstd")
        self._group: list[Any] = []

    def add(self, rows: Sequence[Row]) -> bytes:
        """Take rows in. Raises ValueError for a value that its column cannot hold."""
        values = in_columns(rows, self._columns, CONVERSIONS)
        arrays = [self._arrow.array(each, field.type) for each, field in zip(values, self._schema, strict=True)]
        self._group.append(self._arrow.record_batch(arrays, schema=self._schema))
        rows_waiting = sum(batch.num_rows for batch in self._group)
        if rows_waiting >= GROUP_ROWS or sum(batch.nbytes for batch in self._group) >= GROUP_BYTES:
            self._write_group()
        return self._outlet.take()

    def end(self) -> bytes:
        """The last rows and the footer."""
        if self._group:
            self._write_group()
        self._writer.close()
        return self._outlet.take()

    def _write_group(self) -> None:
        self._writer.write_table(self._arrow.Table.from_batches(self._group), row_group_size=GROUP_ROWS)
        self._group.clear()


def _schema(header: Header, table: Table) -> Any:
    import pyarrow

    types = {
        "text": pyarrow.string(),
        "date": pyarrow.date32(),
        "time": pyarrow.timestamp("us", tz="UTC"),
        "count": pyarrow.int64(),
        "seconds": pyarrow.int64(),
        "amount": pyarrow.decimal128(DIGITS, 0),
        "percent": pyarrow.decimal128(DIGITS, 10),
        "flag": pyarrow.bool_(),
    }
    fields = [
        pyarrow.field(name, types[column.kind], metadata=_description(column))
        for name, column in zip(table.names, table.columns, strict=True)
    ]
    return pyarrow.schema(fields, metadata={name: _text(fact) for name, fact in header.items() if fact is not None})


def _description(column: Column) -> dict[str, str]:
    return {"kind": column.kind, "meaning": column.meaning}


def _text(fact: Any) -> str:
    """A fact as metadata."""
    fact = plain(fact)
    return fact if isinstance(fact, str) else msgspec.json.encode(fact).decode()


def _percent(value: Decimal) -> Decimal:
    return value.quantize(PERCENT_PLACES, context=Context(prec=DIGITS, rounding=ROUND_HALF_EVEN))


CONVERSIONS: Conversions = {
    "time": in_utc,
    "count": whole,
    "amount": whole,
    "seconds": whole,
    "percent": _percent,
}
