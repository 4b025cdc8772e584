"""What a report is: a question to the entries, with columns that say what they mean.

A report is two statements. `entries` gives a row for each event that counts, with its keys and amounts; `rows` gives
the report itself, by default those amounts added up by key. So every figure can be explained by its events.

Both know the parameters `accommodation_id`, `first` and `last` (business dates, both included), `position` (nothing
after it counts) and `folio_id` (None for all). Columns are in snake_case here and in camelCase everywhere outside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "date", "time", "count", "amount", "percent", "seconds", "flag"]
"""Amounts are in minor units of the accommodation's currency; times in UTC; dates business dates; flags booleans."""

POSITION = "position"
EVENT = "event"


@dataclass(frozen=True)
class Column:
    """A column of a report. `adds`: the values of the entries add up to it."""

    name: str
    kind: Kind
    meaning: str
    adds: bool = False


@dataclass(frozen=True)
class Chart:
    """How a report is drawn, by default grouped as `grouping`.

    `bars` are stacked or side by side for each value of the column `along`; `by` names the column whose values are the
    bars when each row holds one of them.
    """

    kind: Literal["takings", "ageing", "conversion"]
    grouping: str


@dataclass(frozen=True)
class Report:
    """A report. `groupings` has the key columns for each way to group it, the default first.

    `as_of`: it tells how things stand at the end of the period, and needs no beginning.
    """

    name: str
    title: str
    title_korean: str
    description: str
    groupings: Mapping[str, Sequence[Column]]
    columns: Sequence[Column]
    entries: str
    rows: str | None = None
    as_of: bool = False
    chart: Chart | None = None
    tables: Sequence[str] = field(default=())

    @property
    def default_grouping(self) -> str:
        """How it is grouped unless asked otherwise."""
        return next(iter(self.groupings))

    def columns_by(self, grouping: str) -> list[Column]:
        """All its columns when grouped so, the keys first."""
        return [*self.groupings[grouping], *self.columns]

    def explaining_columns(self, grouping: str) -> list[Column]:
        """The columns of its entries: keys, position and event, then the amounts that add up."""
        named = [
            Column(POSITION, "count", "The position of the event in the log"),
            Column(EVENT, "text", "The event"),
        ]
        return [*self.groupings[grouping], *named, *(column for column in self.columns if column.adds)]

    def statement(self, grouping: str) -> str:
        """The statement that gives its rows."""
        keys = ", ".join(column.name for column in self.groupings[grouping])
        if self.rows is not None:
            return self.rows.replace("{keys}", keys).replace("{entries}", self.entries)
        sums = ", ".join(f"sum({column.name})::bigint AS {column.name}" for column in self.columns)
        by_key = f"GROUP BY {keys} ORDER BY {keys}" if keys else "HAVING count(*) > 0"
        return f"SELECT {', '.join(filter(None, (keys, sums)))} FROM ({self.entries}) AS entry {by_key}"

    def explanation(self, grouping: str) -> str:
        """The statement that gives its entries, those of a row together, in the order of the rows."""
        names = [column.name for column in self.explaining_columns(grouping)]
        keys = [column.name for column in self.groupings[grouping]]
        order = ", ".join([*keys, POSITION])
        return f"SELECT {', '.join(names)} FROM ({self.entries}) AS entry ORDER BY {order}"
