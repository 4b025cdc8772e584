"""The two formats, CSV and JSON Lines: a file as a stream of bills, each with the lines that it stands on.

Nothing is judged here but the form of the file; FORMAT.md describes both formats.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import msgspec

from services.desk.bodies import ITEMS_MAX
from services.intake.columns import Row, column_of, make_bill, parse_header, parse_row
from services.intake.lines import ImportFailed, Line, read_lines

REJECT_MEMBERS = {"line", "externalId", "code", "reason", "errors", "row"}
"""What a line of a rejects file holds; in such a line the bill is `row`."""


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a bill: where in the file, the code of the API's errors, a sentence."""

    detail: str
    line: int
    column: str | None = None
    code: str = "INVALID_PARAMETER"


@dataclass(frozen=True)
class Entry:
    """A bill as the file has it. `end` is how many bytes of the file are read with it.

    `row` is JSON: the bill as an object; or, with complaints, the text of its lines when none can be made of them.
    `payment_lines` are the lines of its payments, None where the bill stands on one line.
    """

    line: int
    end: int
    row: bytes
    external_id: str | None = None
    payment_lines: tuple[int, ...] | None = None
    complaints: tuple[Complaint, ...] = ()

    @property
    def unreadable(self) -> bool:
        """Whether no bill could be made of its lines; the complaints then say all there is to say."""
        return bool(self.complaints) and self.row.startswith(b'"')

    def place_of(self, pointer: str) -> tuple[str | None, int]:
        """The column (in JSON Lines, the member) and the line that a JSON pointer into the bill means."""
        if self.payment_lines is None:
            return pointer.removeprefix("/") or None, self.line
        column, payment = column_of(pointer)
        return column, self.line if payment is None else self.payment_lines[payment]


class _Group:
    """Lines of a CSV file that are one bill: the first says what it is, each may hold a payment."""

    def __init__(self, first: Row) -> None:
        self._first = self._last = first
        self._rows = [first]

    def takes(self, row: Row) -> bool:
        """Whether the row is a further payment of this bill, or one that cannot be read and may be that."""
        same = row.external_id == self._first.external_id is not None
        if row.trouble or self._first.trouble:
            return same
        if not row.pays:
            return False
        other_accommodation = row.cells.get("accommodationId") not in {None, self._first.cells.get("accommodationId")}
        return (same and not other_accommodation) or not row.names_a_bill

    def add(self, row: Row) -> None:
        """Take a row in. Beyond what a bill may have rows are only counted: memory is limited, files are not."""
        self._last = row
        if len(self._rows) <= ITEMS_MAX + 1:
            self._rows.append(row)

    def entry(self) -> Entry:
        """The bill of these lines."""
        paying = [row for row in self._rows if row.pays]
        first, last = self._first, self._last
        complaints = tuple(complaint for row in self._rows for complaint in self._complaints_of(row))
        text = "\n".join(row.text for row in self._rows)
        if len(paying) > ITEMS_MAX:
            detail = f"A bill takes at most {ITEMS_MAX} payments; lines {first.line} to {last.line} are more."
            complaints, text = (Complaint(detail, first.line),), first.text
        if complaints:  # a bill without the part that is amiss must not look like one that can be imported
            return Entry(first.line, last.end, msgspec.json.encode(text), first.external_id, complaints=complaints)
        bill, faults = make_bill(first, paying)
        return Entry(
            first.line,
            last.end,
            msgspec.json.encode(bill),
            first.external_id,
            payment_lines=tuple(row.line for row in paying),
            complaints=tuple(Complaint(detail, line, column) for column, line, detail in faults),
        )

    def _complaints_of(self, row: Row) -> Iterator[Complaint]:
        if row.trouble:
            yield Complaint(row.trouble, row.line)
        elif row is not self._first and row.external_id is None:
            detail = f"The payment names no externalId; it may belong to the bill of line {self._first.line}."
            yield Complaint(detail, row.line, "externalId", "REQUIRED_PARAMETER")
        elif not self._first.trouble:
            for column, value in row.bill_cells.items():
                first = self._first.cells.get(column)
                if value != first:
                    says = "leaves it empty" if first is None else f"says {first!r}"
                    detail = f"{column} is {value!r}, but line {self._first.line} of the same bill {says}."
                    yield Complaint(detail, row.line, column)


def read_csv(file: BinaryIO) -> Iterator[Entry]:
    """The bills of a CSV file. Raises ImportFailed for a header that is not as FORMAT.md says."""
    lines = read_lines(file)
    first = next(lines, None)
    if first is None:
        raise ImportFailed("The file is empty.")
    header = parse_header(first)
    group: _Group | None = None
    for line in lines:
        row = parse_row(line, header)
        if row is None:
            continue
        if group is not None and group.takes(row):
            group.add(row)
            continue
        if group is not None:
            yield group.entry()
        group = _Group(row)
    if group is not None:
        yield group.entry()


def read_jsonl(file: BinaryIO) -> Iterator[Entry]:
    """The bills of a JSON Lines file, or of a rejects file."""
    return map(_entry_of_object, read_lines(file))


READERS: dict[str, Callable[[BinaryIO], Iterator[Entry]]] = {".csv": read_csv, ".jsonl": read_jsonl}
"""The reader of each file name's extension."""


class _RejectLine(msgspec.Struct):
    """A line of a rejects file; its `row` stays as it is written."""

    row: msgspec.Raw


def _entry_of_object(line: Line) -> Entry:
    if line.trouble:
        return _unreadable(line, line.trouble)
    row = line.text.strip().encode()
    try:
        found = msgspec.json.decode(row)
    except (msgspec.MsgspecError, RecursionError) as error:
        return _unreadable(line, f"The line is not JSON: {str(error).removeprefix('JSON is ')}.")
    if isinstance(found, dict) and "row" in found and found.keys() <= REJECT_MEMBERS:
        if isinstance(found["row"], str):
            detail = "row is the text of lines that are no bill; correct them in the export."
            return _unreadable(line, detail, _id_of(found))
        row, found = bytes(msgspec.json.decode(row, type=_RejectLine).row), found["row"]
    return Entry(line.number, line.end, row, _id_of(found))


def _unreadable(line: Line, detail: str, external_id: str | None = None) -> Entry:
    row = msgspec.json.encode(line.text)
    return Entry(line.number, line.end, row, external_id, complaints=(Complaint(detail, line.number),))


def _id_of(found: Any) -> str | None:
    external_id = found.get("externalId") if isinstance(found, dict) else None
    return external_id if isinstance(external_id, str) else None
