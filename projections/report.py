"""What a report is: a question to the entries, with columns that say what they mean.

A report is two statements. `entries` gives a row for each event that counts, with its keys and amounts; `rows` gives
the report itself, by default those amounts added up by key, without rows that are all 0. So every figure can be
explained by its events.

Both know the parameters `accommodation_id`, `first` and `last` (business dates, both included), `position` (nothing
after it counts) and `folio_id` (None for all); and the stretch of the log that the period is: `before` is the last
position before it, `until` the last in it. No report of a period may look beyond `until`: then what happens later
changes nothing of it. Columns are in snake_case here and in camelCase everywhere outside.
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


ChartKind = Literal["takings", "ageing", "conversion"]
"""What a picture of a report shows; which columns each needs is said where it is drawn (`services/desk/charts`)."""


@dataclass(frozen=True)
class Chart:
    """A report as a picture: what it shows, from rows grouped as `grouping`, one of the report's groupings."""

    kind: ChartKind
    grouping: str


@dataclass(frozen=True)
class Report:
    """A report. `groupings` has the key columns for each way to group it, the default first.

    `rows` may differ by grouping, and have `more` columns then, last. `explained_by` are more columns of its entries;
    what they say adds up to the column of the rows that has the same name. `as_of`: it tells how things stand at the
    end of the period, and needs no beginning.
    """

    name: str
    title: str
    title_korean: str
    description: str
    groupings: Mapping[str, Sequence[Column]]
    columns: Sequence[Column]
    entries: str
    rows: str | Mapping[str, str] | None = None
    more: Mapping[str, Sequence[Column]] = field(default_factory=dict)
    explained_by: Sequence[Column] = ()
    as_of: bool = False
    chart: Chart | None = None

    @property
    def default_grouping(self) -> str:
        """How it is grouped unless asked otherwise."""
        return next(iter(self.groupings))

    def columns_by(self, grouping: str) -> list[Column]:
        """All its columns when grouped so, the keys first."""
        return [*self.groupings[grouping], *self.columns, *self.more.get(grouping, ())]

    def explaining_columns(self, grouping: str) -> list[Column]:
        """The columns of its entries: keys, position and event, then the amounts that add up."""
        named = [
            Column(POSITION, "count", "The position of the event in the log"),
            Column(EVENT, "text", "The event"),
        ]
        return [
            *self.groupings[grouping],
            *named,
            *(column for column in self.columns if column.adds),
            *self.explained_by,
        ]

    def statement(self, grouping: str) -> str:
        """The statement that gives its rows."""
        keys = ", ".join(column.name for column in self.groupings[grouping])
        rows = self.rows[grouping] if isinstance(self.rows, Mapping) else self.rows
        if rows is not None:
            return rows.replace("{keys}", keys).replace("{entries}", self.entries)
        sums = ", ".join(f"sum({column.name}) AS {column.name}" for column in self.columns)
        selected = f"SELECT {', '.join(filter(None, (keys, sums)))} FROM ({self.entries}) AS entry"
        any_figure = " OR ".join(f"sum({column.name}) <> 0" for column in self.columns)
        grouped, ordered = (f" GROUP BY {keys}", f" ORDER BY {keys}") if keys else ("", "")
        return f"{selected}{grouped} HAVING {any_figure}{ordered}"

    def explanation(self, grouping: str) -> str:
        """The statement that gives its entries, those of a row together, in the order of the rows."""
        names = ", ".join(column.name for column in self.explaining_columns(grouping))
        # By every column: an event may have two entries in a row, as a correction has, and they must not change places.
        return f"SELECT {names} FROM ({self.entries}) AS entry ORDER BY {names}"
