"""LibreOffice opens a file without a window, and tells what it sees in the cells."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
VALUES = {"float": "value", "percentage": "value", "date": "date-value", "boolean": "boolean-value"}

COMMA, QUOTATION_MARK, UTF_8, FIRST_LINE, QUOTED_IS_TEXT = 44, 34, 76, 1, "true"
AS_IT_IS_WRITTEN = f"{COMMA},{QUOTATION_MARK},{UTF_8},{FIRST_LINE},,0,{QUOTED_IS_TEXT}"
"""Options of the import: what is quoted is text. The language, 0, is that of the program."""


@dataclass(frozen=True)
class Cell:
    """A cell as the spreadsheet has it; empty ones have the kind None."""

    kind: str | None
    value: str
    formula: str | None = None


def soffice() -> str | None:
    """The program, None where it is not installed."""
    return shutil.which("soffice")


def opened(path: Path, options: str | None = None) -> list[list[Cell]]:
    """The rows of a CSV file as LibreOffice reads it, with these options of the import or without any."""
    program = soffice()
    assert program is not None
    profile = path.with_suffix(".profile")
    command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless"]
    if options is not None:
        command.append(f"--infilter=Text - txt - csv (StarCalc):{options}")
    command += ["--convert-to", "fods", "--outdir", str(path.parent), str(path)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    document = path.with_suffix(".fods")
    assert document.exists(), ended.stderr.decode()
    sheet = ElementTree.parse(document).find(f".//{TABLE}table")  # noqa: S314 - it has just been written here
    assert sheet is not None
    return [list(_cells(row)) for row in sheet.iter(f"{TABLE}table-row")]


def _cells(row: ElementTree.Element) -> Iterator[Cell]:
    for cell in row.iter(f"{TABLE}table-cell"):
        kind = cell.get(f"{OFFICE}value-type")
        text = "\n".join("".join(_text(paragraph)) for paragraph in cell.iter(f"{TEXT}p"))
        value = cell.get(f"{OFFICE}{VALUES[kind]}", text) if kind in VALUES else text
        for _ in range(int(cell.get(f"{TABLE}number-columns-repeated", "1"))):
            yield Cell(kind, value, cell.get(f"{TABLE}formula"))


def _text(element: ElementTree.Element) -> Iterator[str]:
    """The text of a paragraph, in which blanks after the first one and tabs are elements."""
    if element.tag == f"{TEXT}s":
        yield " " * int(element.get(f"{TEXT}c", "1"))
    elif element.tag == f"{TEXT}tab":
        yield "\t"
    yield element.text or ""
    for child in element:
        yield from _text(child)
        yield child.tail or ""
