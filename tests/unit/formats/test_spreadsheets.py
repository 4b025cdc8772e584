"""LibreOffice opens the CSV: nothing is lost, and a bill that is named like a formula stays a name."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from services.desk.formats.choice import FORMATS
from services.desk.formats.csv import guarded
from services.desk.formats.table import Row
from tests.unit.formats.given import ROW_OF_NOTHING, chunks, table, written
from tests.unit.formats.spreadsheet import AS_IT_IS_WRITTEN, Cell, opened, soffice

pytestmark = pytest.mark.skipif(soffice() is None, reason="LibreOffice (soffice) is not installed")

FORMULAS = [
    "=cmd()",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://a","b")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "＝1",  # noqa: RUF001
]
TEXTS = [*FORMULAS, "객실료 204호", 'say "hi", he said', "two\nlines", "0042", "1e5", "2026-01-02", "TRUE", "1/2"]
TEXTS += ["x;=cmd()", "a\u2028b", "😀", "a  b   c ", "tab\there", "'=1", "'so'", "#N/A", "50%", "9" * 30]
LARGEST = 10**15


def rows() -> list[Row]:
    """A row for each text, with amounts as large as they can be."""
    moment = datetime(2026, 5, 3, 14, 59, 59, 123456, tzinfo=UTC)
    numbers = [(LARGEST - at) * (-1) ** at for at in range(len(TEXTS))]
    return [
        (date(2024, 2, 29), text, at, number, Decimal("33.33"), 60, moment, at % 2 == 0)
        for at, (text, number) in enumerate(zip(TEXTS, numbers, strict=True))
    ]


def test_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(written([*rows(), ROW_OF_NOTHING, rows()[0]], "csv"))
    _, *lines = opened(path, AS_IT_IS_WRITTEN)
    for (day, text, count, amount, percent, seconds, _, _), line in zip(rows(), lines, strict=False):
        assert line[0] == Cell("date", day.isoformat())
        assert line[1] == Cell("string", guarded(text))
        assert [cell.kind for cell in line[2:6]] == ["float"] * 4
        assert [Decimal(cell.value) for cell in line[2:6]] == [count, amount, percent, seconds]
        assert line[6] == Cell("string", "2026-05-03T14:59:59.123456Z")
        assert line[7].value == ("true" if count % 2 == 0 else "false")
    *_, empty, last = lines
    assert len(lines) == len(TEXTS) + 2
    assert {cell.kind for cell in empty} == {None}
    assert last == lines[0]


@pytest.mark.parametrize("options", [None, "44/59/9,34,76,1,,0,false,true"], ids=["none", "every separator"])
def test_no_cell_becomes_a_formula_whatever_the_options_of_the_import(tmp_path: Path, options: str | None) -> None:
    marked = FORMATS["csv"].write_marked
    assert marked is not None
    path = tmp_path / "report.csv"
    path.write_bytes(b"".join(chunks(table(rows()), marked)))
    _, *lines = opened(path, options)
    assert [cell for line in lines for cell in line if cell.formula] == []
    assert lines[0][1] == Cell("string", "'=cmd()")


def test_a_text_that_is_not_guarded_would_become_a_formula(tmp_path: Path) -> None:
    """So the tests above would see one."""
    path = tmp_path / "report.csv"
    path.write_bytes(b'"=1+1"\r\n')
    assert opened(path) == [[Cell("float", "2", "of:=1+1")]]
