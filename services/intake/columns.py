"""The columns of a CSV file, and how a row of cells becomes a part of a bill."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from services.intake.lines import ImportFailed, Line

BILL_COLUMNS = (
    "externalId",
    "accommodationId",
    "folioId",
    "name",
    "totalAmount",
    "balanceAmount",
    "reservationId",
    "originRateSnapshot",
    "originInclusionSnapshot",
)
REQUIRED_COLUMNS = BILL_COLUMNS[:5]
PAYMENT_COLUMNS = {"paymentMethod": "paymentMethod", "paymentAmount": "amount", "paidAt": "paidAt"}
"""Columns of a payment, and what they are called within a bill."""
ACCOUNT_COLUMNS = ("bankCode", "accountNumber", "accountHolder")
COLUMNS = (*BILL_COLUMNS, *PAYMENT_COLUMNS, *ACCOUNT_COLUMNS)
AMOUNT_COLUMNS = {"totalAmount", "balanceAmount", "paymentAmount"}
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
COLUMN_OF_MEMBER = {member: column for column, member in PAYMENT_COLUMNS.items()} | {"virtualAccounts": "bankCode"}


@dataclass(frozen=True)
class Row:
    """A line of a CSV file: its cells that are not empty, by column; none with `trouble`, which says why."""

    line: int
    end: int
    text: str
    external_id: str | None
    cells: dict[str, str] = field(default_factory=dict)
    trouble: str | None = None

    @cached_property
    def bill_cells(self) -> dict[str, str]:
        """The cells that are of the bill, not of a payment."""
        return {column: value for column, value in self.cells.items() if column in BILL_COLUMNS}

    @property
    def names_a_bill(self) -> bool:
        """Whether anything on the line is of a bill."""
        return bool(self.bill_cells)

    @property
    def pays(self) -> bool:
        """Whether anything on the line is of a payment."""
        return len(self.cells) > len(self.bill_cells)


def parse_header(line: Line) -> tuple[str, ...]:
    """The columns in their order. Raises ImportFailed naming what is unknown, missing or there twice."""
    if line.trouble:
        raise ImportFailed(f"Line {line.number}, the header: {line.trouble}")
    try:
        header = tuple(cell.strip() for cell in _cells(line.text))
    except ValueError as error:
        raise ImportFailed(f"Line {line.number}, the header: {error}") from None
    wrong = []
    if unknown := [name for name in header if name not in COLUMNS]:
        wrong.append(f"Not known: {_quoted(unknown)}.")
    if missing := [name for name in REQUIRED_COLUMNS if name not in header]:
        wrong.append(f"Missing: {', '.join(missing)}.")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        wrong.append(f"More than once: {_quoted(twice)}.")
    if wrong:
        optional = ", ".join(name for name in COLUMNS if name not in REQUIRED_COLUMNS)
        separator = " Commas must separate them." if len(header) == 1 else ""
        raise ImportFailed(
            f"The columns in line {line.number}, the header, are not as they must be; nothing was imported."
            f" {' '.join(wrong)}{separator} Needed are {', '.join(REQUIRED_COLUMNS)}; allowed are {optional}."
        )
    return header


def parse_row(line: Line, header: Sequence[str]) -> Row | None:
    """The line as a row, None when all its cells are empty.

    Each line is read for itself, so that a quotation mark that is never closed spoils no more than its line.
    """
    trouble = line.trouble
    cells: list[str] = []
    if trouble is None:
        try:
            cells = _cells(line.text)
        except ValueError as error:
            trouble = str(error)
        else:
            if not any(cells):
                return None
            if len(cells) != len(header):
                trouble = f"The line has {len(cells)} cells, the header {len(header)}; is a comma in a cell not quoted?"
    if trouble is not None:
        return Row(line.number, line.end, line.text, _guess_external_id(line.text, header), trouble=trouble)
    filled = {column: cell for column, cell in zip(header, cells, strict=True) if cell}
    return Row(line.number, line.end, line.text, filled.get("externalId"), filled)


def make_bill(first: Row, paying: Sequence[Row]) -> tuple[dict[str, Any], list[tuple[str, int, str]]]:
    """The bill in the form of the API, and faults (column, line, sentence) of what is no amount; that stays text."""
    faults: list[tuple[str, int, str]] = []

    def value(row: Row, column: str) -> str | int:
        cell = row.cells[column]
        if column not in AMOUNT_COLUMNS:
            return cell
        if WHOLE_NUMBER.fullmatch(cell):
            return int(cell)
        sentence = f"{column}: {cell[:40]!r} is no amount; write whole minor units, digits alone, such as 150000."
        faults.append((column, row.line, sentence))
        return cell

    bill: dict[str, Any] = {column: value(first, column) for column in first.bill_cells}
    payments = []
    for row in paying:
        payment: dict[str, Any] = {
            member: value(row, column) for column, member in PAYMENT_COLUMNS.items() if column in row.cells
        }
        account = {column: row.cells[column] for column in ACCOUNT_COLUMNS if column in row.cells}
        if account:
            payment["virtualAccounts"] = [account]
        payments.append(payment)
    if payments:
        bill["payments"] = payments
    return bill, faults


def column_of(pointer: str) -> tuple[str | None, int | None]:
    """The column that a JSON pointer into a bill means, and which of the payments, None when of the bill itself."""
    match pointer.removeprefix("/").split("/"):
        case ["payments", payment, *_, member]:
            return COLUMN_OF_MEMBER.get(member, member), int(payment)
        case [member]:
            return member or None, None
    return pointer, None


def _cells(text: str) -> list[str]:
    """The cells of one line. Raises ValueError saying what is wrong with it."""
    if "\r" in text:
        raise ValueError("A carriage return (CR) stands in the line; lines end with LF or CR LF.")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        if text.count('"') % 2:
            raise ValueError("A quotation mark is not closed; a cell cannot hold a line break.") from None
        raise ValueError(f"The quotation marks are wrong: {error}.") from None


def _guess_external_id(text: str, header: Sequence[str]) -> str | None:
    """Whose line it is, as far as can be told of one that is no CSV: its bill must not come in without it."""
    cells = text.replace('"', "").split(",")
    index = header.index("externalId")
    return cells[index].strip() or None if index < len(cells) else None


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:60]) for name in names)
