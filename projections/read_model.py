"""What a read model is: one table, and how an event changes a row of it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from services.billing.business_day import Day
from services.billing.event import LedgerEvent

Row = dict[str, Any]


def moment(text: str | None) -> datetime | None:
    """A time from a row that came as JSON, in UTC."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


Apply = Callable[[Row | None, Any, Any], Row]
"""Makes or changes the row for an event at a position of the log; None when there is no row yet."""


@dataclass(frozen=True)
class ReadModel:
    """A table `read_model.<name>` whose rows are a left fold over the events that touch them.

    `definition` makes the table, and then its indexes. `columns` are all its columns, the primary key first.
    `key_of` names the row that an event touches, None for an event of no interest; all the events of a row are of
    one folio, or of one stream that has none. `version` is counted up when `apply` starts to mean something else:
    the table is then filled again from event 0.
    """

    name: str
    version: int
    definition: str
    columns: Sequence[str]
    key_of: Callable[[LedgerEvent], str | None]
    apply: Apply

    key_column: ClassVar[str | None] = None
    """The column that rows are found by, the first unless named."""

    needs_days: ClassVar[bool] = False
    """Whether rows depend on the business day of their events."""

    def take(self, row: Row | None, event: LedgerEvent, position: int, day: Day | None) -> list[Row]:
        """The rows that an event makes or changes, the last of them the one that the key's next event is applied to."""
        return [self.apply(row, event, position)]

    @property
    def key(self) -> str:
        """The column that rows are found by."""
        return self.key_column or self.columns[0]

    @property
    def digest(self) -> bytes:
        """What the rows depend on besides the log."""
        return hashlib.sha256(f"{self.version}\n{self.definition}".encode()).digest()

    @property
    def table(self) -> str:
        """The statement that makes the table."""
        return self._statements[0]

    @property
    def indexes(self) -> Sequence[str]:
        """The statements that make the indexes that are missing; a table is filled faster without them."""
        return [each.replace("INDEX", "INDEX IF NOT EXISTS", 1) for each in self._statements[1:]]

    @property
    def filling_indexes(self) -> Sequence[str]:
        """Those of them without which it cannot be filled."""
        return []

    @property
    def _statements(self) -> Sequence[str]:
        return [each.strip() for each in self.definition.split(";") if each.strip()]

    @property
    def drop(self) -> str:
        """The statement that removes the table."""
        return f"DROP TABLE IF EXISTS read_model.{self.name}"

    @property
    def select(self) -> str:
        """The statement that reads the rows of some keys."""
        columns = ", ".join(self.columns)
        return f"SELECT {columns} FROM read_model.{self.name} WHERE {self.key} = ANY(%(keys)s)"

    @property
    def upsert(self) -> str:
        """The statement that writes rows given as one JSON array; as jsonb it would be read twice."""
        columns = ", ".join(self.columns)
        changes = ", ".join(f"{column} = excluded.{column}" for column in self.columns[1:])
        return (
            f"INSERT INTO read_model.{self.name} ({columns}) SELECT {columns}"
            f" FROM json_populate_recordset(NULL::read_model.{self.name}, %(rows)s::json)"
            f" ON CONFLICT ({self.columns[0]}) DO UPDATE SET {changes}"
        )
