"""Reports as JSON: `{...header, "columns": [{name, kind, meaning}], "rows": [{...}, ...]}`, and further lists after it.

Amounts, counts and seconds are integers, of any size; percents are numbers with the digits that they have. Times are
RFC 3339 in UTC with Z, dates are YYYY-MM-DD. What is absent is null.
"""

from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec

from services.desk.formats.chunks import in_chunks
from services.desk.formats.table import Conversions, Header, Table, in_columns, in_pieces
from services.desk.formats.values import in_utc, plain, whole


def _number(value: Decimal) -> msgspec.Raw:
    """Its digits without an exponent."""
    return msgspec.Raw(format(value, "f").encode())


CONVERSIONS: Conversions = {
    "time": in_utc,
    "count": whole,
    "amount": whole,
    "seconds": whole,
    "percent": _number,
}


def write_json(header: Header, *tables: Table) -> AsyncIterator[bytes]:
    """The header, then the tables one after the other, each after its columns.

    Raises, while it is read, ValueError for a value that its column cannot hold, and whatever the batches raise; what
    has left by then is no JSON.
    """
    return in_chunks(_parts(header, tables))


async def _parts(header: Header, tables: tuple[Table, ...]) -> AsyncIterator[bytes]:
    described = msgspec.json.encode({name: plain(fact) for name, fact in header.items()})
    yield described.removesuffix(b"}")
    between = b"," if header else b""
    for table in tables:
        columns = [
            {"name": name, "kind": column.kind, "meaning": column.meaning}
            for name, column in zip(table.names, table.columns, strict=True)
        ]
        yield between + _member(table.described_as) + msgspec.json.encode(columns) + b"," + _member(table.name) + b"["
        async for part in _rows(table):
            yield part
        yield b"]"
        between = b","
    yield b"}"


async def _rows(table: Table) -> AsyncIterator[bytes]:
    make_object = msgspec.defstruct("Object", table.names, gc=False)  # much quicker than a dictionary
    between = b""
    async for rows in in_pieces(table.batches):
        values = in_columns(rows, table.columns, CONVERSIONS)
        yield between + msgspec.json.encode(list(map(make_object, *values)))[1:-1]
        between = b","


def _member(name: str) -> bytes:
    return msgspec.json.encode(name) + b":"
