"""What a format is given: columns, and rows as the database yields them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic.alias_generators import to_camel

from projections.report import Column, Kind

Header = Mapping[str, Any]
"""Facts that stand before the rows, under the names that they have outside: text, numbers, dates, times, None."""
Row = tuple[Any, ...]
Batches = AsyncIterator[Sequence[Row]]
Conversions = Mapping[Kind, Callable[[Any], Any]]
"""What a format makes of values, for each kind that does not stay as it is."""

ROWS_AT_ONCE = 500
"""Rows that are worked on before others have their turn: some milliseconds' worth."""


@dataclass(frozen=True)
class Table:
    """Named rows, to be read once. `described_as` names the list of the columns where a format has one."""

    name: str
    columns: Sequence[Column]
    batches: Batches
    described_as: str = "columns"

    @property
    def names(self) -> list[str]:
        """The names of the columns as they are outside."""
        return [to_camel(column.name) for column in self.columns]


async def in_pieces(batches: Batches, size: int = ROWS_AT_ONCE) -> AsyncIterator[list[Row]]:
    """The rows in pieces of `size`, the last one smaller, however they come; others have their turn in between."""
    piece: list[Row] = []
    async for batch in batches:
        start = 0
        while start < len(batch):
            end = start + size - len(piece)
            piece.extend(batch[start:end])
            start = end
            if len(piece) == size:
                yield piece
                piece = []
                await asyncio.sleep(0)
    if piece:
        yield piece


def in_columns(rows: Sequence[Row], columns: Sequence[Column], conversions: Conversions) -> list[Sequence[Any]]:
    """The values of each column, converted; absent ones stay None. Raises what conversions raise, naming the column."""
    converted: list[Sequence[Any]] = []
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        convert = conversions.get(column.kind)
        try:
            converted.append(values if convert is None else [None if v is None else convert(v) for v in values])
        except ValueError as error:
            raise ValueError(f"{column.name}: {error}") from error
    return converted
