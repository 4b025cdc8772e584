"""Tables of entries: a row for each event, with what it did and how its subject stood after it.

Nothing in them is ever lost, so they answer for every position of the log: what happened up to it, and how things
stood there. A subject stood at a position as its entry says with `position <= N AND next_position > N`.
"""

from collections.abc import Sequence
from typing import Any

from projections.calendar import accommodation_of
from projections.read_model import ReadModel, Row
from services.billing.business_day import Day
from services.billing.event import LedgerEvent

NEVER = 2**63 - 1
"""The `next_position` of the newest entry of a subject."""

COMMON = f"""
        position         bigint      PRIMARY KEY,
        subject          text        NOT NULL,
        next_position    bigint      NOT NULL DEFAULT {NEVER},
        event            text        NOT NULL,
        accommodation_id text        NOT NULL,
        folio_id         text,
        business_date    date        NOT NULL,
        recorded_at      timestamptz NOT NULL,
        actor            text        NOT NULL,
        reason           text"""
"""The columns that every such table begins with."""

ENTRY_COLUMNS = (
    "position", "subject", "next_position", "event", "accommodation_id", "folio_id", "business_date", "recorded_at",
    "actor", "reason",
)  # fmt: skip


def entry_table(name: str, own: str, *indexes: str) -> str:
    """The definition of a table of entries with its own columns, and what it is looked up by."""
    table = f"read_model.{name}"
    statements = (
        f"CREATE TABLE {table} ({COMMON},{own})",
        f"CREATE UNIQUE INDEX {name}_of_subject ON {table} (subject, next_position)",
        f"CREATE INDEX {name}_of_day ON {table} (accommodation_id, business_date, position)",
        *(f"CREATE INDEX {index}" for index in indexes),
    )
    return ";\n".join(statements)


class EntryModel(ReadModel):
    """A table of entries. `key_of` names the subject of an event; `apply` makes the own columns of its row, from the
    newest entry of that subject (None without one), the event and its `Day`.
    """

    key_column = "subject"
    needs_days = True

    @property
    def filling_indexes(self) -> Sequence[str]:
        """The index by which the entry before is found."""
        return self.indexes[:1]

    @property
    def select(self) -> str:
        """The statement that reads the newest entries of some subjects."""
        return f"{super().select} AND next_position = {NEVER}"

    def take(self, row: Row | None, event: LedgerEvent, position: int, day: Day | None) -> list[Row]:
        """The entry before, which now knows the next, and the entry of the event: written in this order, so that no
        subject ever has two newest ones.
        """
        assert day is not None
        entry = {
            "position": position,
            "subject": self.key_of(event),
            "next_position": NEVER,
            "event": event.TOPIC,
            "accommodation_id": accommodation_of(event, row),
            "folio_id": _folio_of(event, row),
            "business_date": day.business_date,
            "recorded_at": event.timestamp,
            "actor": event.by,
            "reason": event.reason,
            **self.apply(row, event, day),
        }
        if row is None:
            return [entry]
        row["next_position"] = position
        return [row, entry]


def _folio_of(event: Any, before: Row | None) -> str | None:
    named = getattr(event, "asked", event)
    return getattr(named, "folio_id", None) or (before or {}).get("folio_id")
