"""The formats that there are."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from services.desk.formats.csv import write_csv
from services.desk.formats.json import write_json
from services.desk.formats.parquet import write_parquet
from services.desk.formats.table import Header, Table

Write = Callable[[Header, Table], AsyncIterator[bytes]]


@dataclass(frozen=True)
class Format:
    """A format: how it is named to clients, and what writes it.

    `write_marked` begins with a byte order mark; None where the format knows none.
    """

    name: str
    media_type: str
    write: Write
    write_marked: Write | None = None


FORMATS = {
    each.name: each
    for each in (
        Format("json", "application/json", write_json),
        Format(
            "csv",
            "text/csv; charset=utf-8; header=present",
            write_csv,
            partial(write_csv, byte_order_mark=True),
        ),
        Format("parquet", "application/vnd.apache.parquet", write_parquet),
    )
}
