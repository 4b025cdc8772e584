"""Parquet: pyarrow and DuckDB read the values back with their types, and what they mean."""

import io
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.parquet import ParquetFile

from services.desk.formats import parquet
from services.desk.formats.table import Row
from tests.properties.profile import tried
from tests.unit.formats.given import (
    A_ROW,
    COLUMNS,
    NAME,
    ROW_OF_NOTHING,
    ROWS,
    written,
)


def opened(content: bytes) -> Any:
    """The file, as pyarrow sees it."""
    return ParquetFile(io.BytesIO(content))


def test_columns_are_typed_and_say_what_they_mean() -> None:
    schema = opened(written([A_ROW], "parquet")).schema_arrow
    assert {field.name: str(field.type) for field in schema} == {
        "businessDate": "date32[day]",
        "billName": "string",
        "bills": "int64",
        "totalAmount": "decimal128(38, 0)",
        "share": "decimal128(38, 10)",
        "waited": "int64",
        "recordedAt": "timestamp[us, tz=UTC]",
        "isOpen": "bool",
    }
    assert [field.metadata for field in schema] == [
        {b"kind": column.kind.encode(), b"meaning": column.meaning.encode()} for column in COLUMNS
    ]


def test_the_header_is_metadata_of_the_schema() -> None:
    schema = opened(written([], "parquet")).schema_arrow
    assert schema.metadata == {b"report": b"takings", b"from": b'"2026-05-01"', b"position": b"7"}


@given(st.lists(ROWS, max_size=20))
@tried(50)
def test_every_value_comes_back(rows: list[Row]) -> None:
    given_back = opened(written(rows, "parquet")).read().to_pylist()
    assert [tuple(row.values()) for row in given_back] == rows


def test_percents_are_rounded_to_ten_places() -> None:
    row = (*ROW_OF_NOTHING[:4], Decimal("33.33333333335"), *ROW_OF_NOTHING[5:])
    (given_back,) = opened(written([row], "parquet")).read().to_pylist()
    assert given_back["share"] == row[4].quantize(Decimal("1e-10"), ROUND_HALF_EVEN)


def test_duckdb_reads_types_and_values(tmp_path: Path) -> None:
    path = tmp_path / "report.parquet"
    path.write_bytes(written([A_ROW, ROW_OF_NOTHING], "parquet"))
    with duckdb.connect() as connection:
        file = connection.read_parquet(str(path))
        assert dict(zip(file.columns, map(str, file.types), strict=True)) == {
            "businessDate": "DATE",
            "billName": "VARCHAR",
            "bills": "BIGINT",
            "totalAmount": "DECIMAL(38,0)",
            "share": "DECIMAL(38,10)",
            "waited": "BIGINT",
            "recordedAt": "TIMESTAMP WITH TIME ZONE",
            "isOpen": "BOOLEAN",
        }
        rows = file.select("* REPLACE (epoch_us(recordedAt) AS recordedAt)").fetchall()
    microseconds = int(A_ROW[6].timestamp()) * 1_000_000 + A_ROW[6].microsecond
    assert rows == [(*A_ROW[:6], microseconds, True), ROW_OF_NOTHING]


def test_row_groups_are_full_whatever_the_batches_are_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 100)
    monkeypatch.setattr(parquet, "ROWS_AS_COLUMNS", 50)
    assert group_rows(written([("a",)] * 250, "parquet", NAME, size=7)) == [100, 100, 50]


def test_rows_with_long_texts_fill_a_row_group_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 10_000)
    monkeypatch.setattr(parquet, "ROWS_AS_COLUMNS", 10)
    assert group_rows(written([("x" * 600,)] * 45, "parquet", NAME)) == [20, 20, 5]


def group_rows(content: bytes) -> list[int]:
    """How many rows each row group has."""
    metadata = opened(content).metadata
    assert all(metadata.row_group(at).column(0).compression == "ZSTD" for at in range(metadata.num_row_groups))
    return [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]


def test_what_broke_off_is_no_parquet() -> None:
    content = written([A_ROW], "parquet")
    with pytest.raises(pyarrow.ArrowInvalid):
        opened(content[:-8])
