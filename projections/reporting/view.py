"""What a view for BI tools is: columns that say what they mean and in which unit, over the tables of read models."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

SCHEMA = "reporting"


@dataclass(frozen=True)
class Kind:
    """PostgreSQL's type of a column, and what its values count, None where they count nothing."""

    type: str
    unit: str | None = None


TEXT = Kind("text")
FLAG = Kind("boolean", "true or false")
DATE = Kind("date", "calendar date")
BUSINESS_DAY = Kind("date", "business day of the accommodation")
MOMENT = Kind("timestamp with time zone", "moment, shown in the time zone of the session")
AMOUNT = Kind("bigint", "minor units of the currency")
SUM = Kind("numeric", "minor units of the currency")
COUNT = Kind("bigint", "number")
POSITION = Kind("bigint", "position in the log, 1 is the first event")
POINTS = Kind("bigint", "points of the payment provider")


@dataclass(frozen=True)
class Column:
    """A column of a view; `source` is the expression that it shows, by default the table's column of its name."""

    name: str
    kind: Kind
    meaning: str
    source: str | None = None

    @property
    def comment(self) -> str:
        """What BI tools show of it."""
        return self.meaning if self.kind.unit is None else f"{self.meaning}. Unit: {self.kind.unit}"


@dataclass(frozen=True)
class View:
    """A view `reporting.<name>`. `tables` is what follows FROM, whose first table gives columns without a source.

    Columns may be added, at the end; those that there are keep name, type and meaning.
    """

    name: str
    meaning: str
    columns: Sequence[Column]
    tables: str

    @property
    def full_name(self) -> str:
        """Its name with its schema."""
        return f"{SCHEMA}.{self.name}"

    @property
    def read_models(self) -> list[str]:
        """The read models that it shows."""
        return sorted(set(re.findall(r"\bread_model\.(\w+)", self.tables)))

    @property
    def query(self) -> str:
        """The query that it is. Every type is said, so that another type in a table changes nothing here."""
        alias = re.findall(r"AS (\w+)", self.tables)[0]
        shown = (
            f"CAST({column.source or f'{alias}.{column.name}'} AS {column.kind.type}) AS {column.name}"
            for column in self.columns
        )
        return f"SELECT {', '.join(shown)} FROM {self.tables}"

    @property
    def comments(self) -> str:
        """The statements that say what it and its columns mean."""
        of_view = f"COMMENT ON VIEW {self.full_name} IS {_literal(self.meaning)}"
        of_columns = (
            f"COMMENT ON COLUMN {self.full_name}.{column.name} IS {_literal(column.comment)}" for column in self.columns
        )
        return "; ".join([of_view, *of_columns])

    @property
    def digest(self) -> bytes:
        """What it is made from: another digest means that it is made anew."""
        return hashlib.sha256(f"{self.query}\n{self.comments}".encode()).digest()


def _literal(text: str) -> str:
    return sql.Literal(text).as_string()
