"""JSON: the header, what the columns mean, the rows, and a second list after them."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.desk.formats.json import write_json
from services.desk.formats.table import Header, Row, Table
from tests.properties.profile import tried
from tests.unit.formats.given import (
    A_ROW,
    COLUMNS,
    HEADER,
    NAME,
    ROW_OF_NOTHING,
    ROWS,
    in_batches,
    table,
    written,
)


def parsed(content: bytes) -> Any:
    """The document, no digit of its numbers lost."""
    return json.loads(content, parse_float=Decimal)


def document(header: Header, *tables: Table) -> bytes:
    """What is written of several tables."""

    async def read() -> bytes:
        return b"".join([chunk async for chunk in write_json(header, *tables)])

    return asyncio.run(read())


def test_a_report_is_its_header_its_columns_and_its_rows() -> None:
    answer = parsed(written([A_ROW], "json"))
    assert list(answer) == [*HEADER, "columns", "rows"]
    assert answer["from"] == "2026-05-01"
    assert answer["groupBy"] is None
    assert answer["columns"][1] == {"name": "billName", "kind": "text", "meaning": "The bill's name"}
    assert len(answer["columns"]) == len(COLUMNS)
    assert answer["rows"] == [
        {
            "businessDate": "2026-05-03",
            "billName": '객실료 "A", 1',
            "bills": 3,
            "totalAmount": -(10**21),
            "share": Decimal("33.50"),
            "waited": 60,
            "recordedAt": "2026-05-03T05:59:59.000001Z",
            "isOpen": True,
        }
    ]


def test_numbers_have_all_their_digits_and_no_exponent() -> None:
    content = written([A_ROW, (None, None, None, None, Decimal("0E-20"), None, None, None)], "json")
    assert b'"totalAmount":-1000000000000000000000,' in content
    assert b'"share":33.50,' in content
    assert b'"share":0.00000000000000000000,' in content


@given(st.lists(ROWS, max_size=20))
@tried(50)
def test_every_value_comes_back(rows: list[Row]) -> None:
    answer = parsed(written(rows, "json"))
    assert len(answer["rows"]) == len(rows)
    for row, given_back in zip(rows, answer["rows"], strict=True):
        date, text, count, amount, percent, seconds, time, flag = given_back.values()
        assert (text, count, amount, percent, seconds, flag) == (*row[1:6], row[7])
        assert date == (None if row[0] is None else row[0].isoformat())
        assert time is None or time.endswith("Z")
        assert (None if time is None else datetime.fromisoformat(time)) == row[6]


def test_times_of_the_header_are_in_utc_as_well() -> None:
    assert document({"at": A_ROW[6]}) == b'{"at":"2026-05-03T05:59:59.000001Z"}'
    assert A_ROW[6].tzinfo is not UTC


def test_a_second_list_follows_the_rows() -> None:
    events = Table("events", NAME, in_batches([("a",), ("b",)]), described_as="eventColumns")
    answer = parsed(document(HEADER, table([ROW_OF_NOTHING]), events))
    assert list(answer) == [*HEADER, "columns", "rows", "eventColumns", "events"]
    assert answer["events"] == [{"billName": "a"}, {"billName": "b"}]
    assert answer["eventColumns"] == [{"name": "billName", "kind": "text", "meaning": "The bill's name"}]


def test_no_header_and_no_rows_are_a_document_too() -> None:
    events = Table("events", NAME, in_batches([]), described_as="eventColumns")
    answer = parsed(document({}, table([], NAME), events))
    assert list(answer) == ["columns", "rows", "eventColumns", "events"]
    assert answer["rows"] == answer["events"] == []
    assert parsed(document({})) == {}
