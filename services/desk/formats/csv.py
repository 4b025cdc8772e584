"""Reports as CSV: RFC 4180 with CRLF, UTF-8, a line of names, then a line per row. The facts of the header stay out.

Texts are quoted, always; numbers, dates (YYYY-MM-DD), times (RFC 3339 in UTC with Z) and true/false never are. What is
absent is an empty cell, which is not the empty text `""`.

A spreadsheet takes a cell that begins with =, +, - or @ for a formula, quoted or not, and runs what a stranger wrote.
So a text that begins so, or would after blanks, quotation marks and the like, stands behind an apostrophe; and so does
one that begins with a tab or a line break (https://owasp.org/www-community/attacks/CSV_Injection). Numbers are none.
Cells end at commas alone: a program that is told to split at semicolons tears texts apart, and sees other beginnings.

To undo it: where a text begins with an apostrophe and what follows it is RISKY, take that apostrophe away, once. This
gives every text back as it was, for a text that itself begins like that has got one more. `unguarded` does so.
"""

import re
from collections.abc import AsyncIterator
from datetime import date, datetime
from decimal import Decimal

from services.desk.formats.chunks import in_chunks
from services.desk.formats.table import Conversions, Header, Table, in_columns, in_pieces
from services.desk.formats.values import in_utc, whole

BYTE_ORDER_MARK = "\ufeff".encode()
APOSTROPHE = "'"
EMPTY_TEXT = '""'
SKIPPED = r"""[^\S\t\r\n]|["'`\u2018\u2019\u201c\u201d\uff02\uff07\u200b-\u200f\u2060\ufeff]"""
"""Blanks, quotation marks and characters that do not show: some programs drop them and see what comes after."""
BEGINS_FORMULA = r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212\t\r\n\0]"
"""Also as the full-width and small signs that some programs read as the plain ones."""
RISKY = re.compile(rf"(?:{SKIPPED})*{BEGINS_FORMULA}")


def write_csv(header: Header, table: Table, *, byte_order_mark: bool = False) -> AsyncIterator[bytes]:
    """The table; with a byte order mark, Excel knows that it is UTF-8.

    Raises, while it is read, ValueError for a value that its column cannot hold, and whatever the batches raise.
    """
    return in_chunks(_parts(table, BYTE_ORDER_MARK if byte_order_mark else b""))


def guarded(text: str) -> str:
    """The text as it stands in a cell that no spreadsheet takes for a formula."""
    return APOSTROPHE + text if RISKY.match(text) else text


def unguarded(cell: str) -> str:
    """The text that a cell stands for."""
    return cell[1:] if cell.startswith(APOSTROPHE) and RISKY.match(cell, 1) else cell


async def _parts(table: Table, first: bytes) -> AsyncIterator[bytes]:
    yield first + f"{','.join(table.names)}\r\n".encode()
    async for rows in in_pieces(table.batches):
        columns = in_columns(rows, table.columns, CELLS)
        yield "".join(map(_line, zip(*columns, strict=True))).encode()


def _line(cells: tuple[str | None, ...]) -> str:
    """A row; that of a single absent value must not look like a line that is not there."""
    return (",".join([cell or "" for cell in cells]) or EMPTY_TEXT) + "\r\n"


def _text(value: str) -> str:
    text = guarded(value).replace('"', '""')
    return f'"{text}"'


def _whole(value: int | Decimal) -> str:
    return str(whole(value))


def _percent(value: Decimal) -> str:
    return format(value, "f")


def _date(value: date) -> str:
    return value.isoformat()


def _time(value: datetime) -> str:
    return in_utc(value).isoformat().replace("+00:00", "Z")


def _flag(value: bool) -> str:
    return "true" if value else "false"


CELLS: Conversions = {
    "text": _text,
    "date": _date,
    "time": _time,
    "count": _whole,
    "amount": _whole,
    "seconds": _whole,
    "percent": _percent,
    "flag": _flag,
}
