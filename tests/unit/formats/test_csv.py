"""CSV: what stands in the file, and that no text in it can be a formula."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.desk.formats.choice import FORMATS
from services.desk.formats.csv import BYTE_ORDER_MARK, guarded, unguarded
from services.desk.formats.table import Row
from tests.properties.profile import tried
from tests.unit.formats.given import (
    A_ROW,
    NAME,
    ROW_OF_NOTHING,
    ROWS,
    chunks,
    table,
    written,
)

NAMES = ["businessDate", "billName", "bills", "totalAmount", "share", "waited", "recordedAt", "isOpen"]
FORMULAS = ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠A", "−1", "﹦1"]  # noqa: RUF001
HIDDEN_FORMULAS = [" =1", '"=1', "'=1", "\u3000 =1", "\u200b=1", "\ufeff=1", "“=1"]


def cells(content: bytes) -> list[list[str]]:
    """The cells as the standard library reads them."""
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def fraction(time: datetime) -> str:
    """Its microseconds, where it has any."""
    return f".{time:%f}" if time.microsecond else ""


def text_of(value: object) -> str:
    """How a value that is no text stands in a cell, said another way than the format says it."""
    return "" if value is None else str(value)


def test_texts_are_quoted_and_nothing_else_is() -> None:
    line = '2026-05-03,"객실료 ""A"", 1",3,-1000000000000000000000,33.50,60,2026-05-03T05:59:59.000001Z,true\r\n'
    assert written([A_ROW], "csv").decode() == ",".join(NAMES) + "\r\n" + line


def test_what_is_absent_is_no_empty_text() -> None:
    assert written([ROW_OF_NOTHING], "csv").endswith(b"isOpen\r\n,,,,,,,\r\n")
    assert written([(None,), ("",), ("a",)], "csv", NAME) == b'billName\r\n""\r\n""\r\n"a"\r\n', "no line may be blank"


@given(st.lists(ROWS, max_size=20))
@tried(50)
def test_every_value_comes_back(rows: list[Row]) -> None:
    names, *lines = cells(written(rows, "csv"))
    assert names == NAMES
    assert len(lines) == len(rows)
    for (date, text, count, amount, percent, seconds, time, flag), line in zip(rows, lines, strict=True):
        assert line[0] == text_of(date)
        assert unguarded(line[1]) == (text or "")
        assert line[2:6] == [text_of(count), text_of(amount), text_of(percent), text_of(seconds)]
        assert line[6] == ("" if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" + fraction(time) + "Z")
        assert line[7] == text_of(flag).lower()


@pytest.mark.parametrize("text", [*FORMULAS, *HIDDEN_FORMULAS])
def test_what_a_spreadsheet_could_take_for_a_formula_stands_behind_an_apostrophe(text: str) -> None:
    assert cells(written([(text,)], "csv", NAME))[1] == [f"'{text}"]


@pytest.mark.parametrize("text", ["객실료", "a=b", "010-1234-5678", "0042", "'quoted'", " padded ", "“so”", "₩1,000"])
def test_other_texts_stand_as_they_are(text: str) -> None:
    assert cells(written([(text,)], "csv", NAME))[1] == [text]


@given(st.text() | st.text("=+-@＝＋－＠'\"\t\r\n x", max_size=5))  # noqa: RUF001
@example("''=1")
@tried(50)
def test_a_guarded_text_begins_no_formula_and_comes_back(text: str) -> None:
    cell = guarded(text)
    assert not cell.lstrip(' "').startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"))  # noqa: RUF001
    assert unguarded(cell) == text


def test_a_byte_order_mark_is_there_when_asked_for() -> None:
    marked = FORMATS["csv"].write_marked
    assert marked is not None
    assert b"".join(chunks(table([A_ROW]), marked)) == BYTE_ORDER_MARK + written([A_ROW], "csv")
