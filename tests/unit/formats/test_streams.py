"""What holds of every format: it gives the same bytes for the same rows, in small chunks, while the rows come."""

import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from itertools import chain, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.desk.formats.choice import FORMATS, Format
from services.desk.formats.chunks import CHUNK_BYTES, in_chunks
from services.desk.formats.table import ROWS_AT_ONCE, Row, Table, in_pieces
from tests.properties.profile import tried
from tests.unit.formats.given import A_ROW, COLUMNS, HEADER, NAME, ROWS, WRONG, chunks, in_batches, table, written

EVERY = pytest.mark.parametrize("each", FORMATS.values(), ids=list(FORMATS))


def test_each_format_has_a_name_and_a_media_type() -> None:
    assert {name: (each.name, each.media_type) for name, each in FORMATS.items()} == {
        "json": ("json", "application/json"),
        "csv": ("csv", "text/csv; charset=utf-8; header=present"),
        "parquet": ("parquet", "application/vnd.apache.parquet"),
    }


@EVERY
@given(rows=st.lists(ROWS, max_size=20), size=st.integers(1, 20))
@tried(50)
def test_the_same_rows_give_the_same_bytes_however_they_come(each: Format, rows: list[Row], size: int) -> None:
    assert written(rows, each.name, size=size) == written(rows, each.name)


@EVERY
def test_chunks_are_of_one_size(each: Format) -> None:
    numbers = random.Random(1)
    rows = [("".join(numbers.choices("객실료abc", k=length)),) for length in (300_000, 10, 0, 150_000) * 3]
    *full, last = [len(chunk) for chunk in chunks(table(rows, NAME), each.write)]
    assert full
    assert set(full) == {CHUNK_BYTES}
    assert 0 < last <= CHUNK_BYTES


async def test_chunks_lose_nothing() -> None:
    numbers = random.Random(2)
    parts = [numbers.randbytes(length) for length in (0, 1, CHUNK_BYTES, 300_000, 3 * CHUNK_BYTES - 1, 5)]

    async def given_out() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    assert b"".join([chunk async for chunk in in_chunks(given_out())]) == b"".join(parts)


@tried(50)
@given(sizes=st.lists(st.integers(0, 20)), size=st.integers(1, 8))
def test_pieces_are_full_however_the_rows_come(sizes: list[int], size: int) -> None:
    rows = [(number,) for number in range(sum(sizes))]

    async def batches() -> AsyncIterator[Sequence[Row]]:
        coming = iter(rows)
        for length in sizes:
            yield list(islice(coming, length))

    async def read() -> list[list[Row]]:
        return [piece async for piece in in_pieces(batches(), size)]

    pieces = asyncio.run(read())
    assert list(chain(*pieces)) == rows
    assert {len(piece) for piece in pieces[:-1]} <= {size}
    assert all(0 < len(piece) <= size for piece in pieces)


@EVERY
async def test_bytes_leave_while_rows_still_come(each: Format) -> None:
    given_out = 0

    async def batches() -> AsyncIterator[Sequence[Row]]:
        nonlocal given_out
        for given_out in range(200):
            yield [(str(number),) for number in range(given_out * 1_000, given_out * 1_000 + 1_000)]

    writing = each.write(HEADER, Table("rows", NAME, batches()))
    assert await anext(writing)
    assert given_out < 100
    assert [chunk async for chunk in writing]
    assert given_out == 199


@EVERY
async def test_others_have_their_turn_within_a_large_batch(each: Format) -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(take_turns())
    rows = [A_ROW] * (20 * ROWS_AT_ONCE)
    content = [chunk async for chunk in each.write(HEADER, Table("rows", COLUMNS, in_batches(rows, len(rows))))]
    other.cancel()
    assert content
    assert turns >= 4


@EVERY
async def test_a_source_that_breaks_off_breaks_the_report_off(each: Format) -> None:
    async def batches() -> AsyncIterator[Sequence[Row]]:
        yield [A_ROW]
        raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError, match="the database went away"):
        [chunk async for chunk in each.write(HEADER, Table("rows", COLUMNS, batches()))]


@EVERY
@pytest.mark.parametrize("column", WRONG)
def test_a_value_that_its_column_cannot_hold_is_refused_by_name(each: Format, column: str) -> None:
    with pytest.raises(ValueError, match=f"^{column}: "):
        written([A_ROW, WRONG[column]], each.name)


def test_neither_pyarrow_nor_the_database_is_imported_with_the_formats() -> None:
    program = "import sys, services.desk.formats.choice; print({'pyarrow', 'psycopg'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"
