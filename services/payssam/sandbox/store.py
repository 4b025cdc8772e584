"""Everything the sandbox remembers: one SQLite file, written before an answer is given."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from services.payssam.sandbox.bill import PAID, Bill

CALLS_KEPT = 200
"""How many calls a bill's history holds; older ones go."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS bills (
    number INTEGER PRIMARY KEY, bill_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, paid INTEGER NOT NULL,
    final_at REAL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS bills_not_final ON bills (final_at) WHERE final_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS calls (number INTEGER PRIMARY KEY, bill_id TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS calls_by_bill ON calls (bill_id, number);
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY, bill_id TEXT NOT NULL, url TEXT NOT NULL, body BLOB NOT NULL,
    outcome TEXT NOT NULL, due REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0, follows INTEGER, answers BLOB NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (outcome, held, due);
CREATE INDEX IF NOT EXISTS deliveries_by_bill ON deliveries (bill_id);
"""


class Call(msgspec.Struct, frozen=True, rename="camel"):
    """One thing done to a bill: who asked (`v1`, `v2`, `page`, `control`), what for, and how it was answered.

    `at` is in seconds since 1970, `code` None when the call was not acted upon, `fault` the name of the fault
    that befell it.
    """

    at: float
    by: str
    operation: str
    code: str | None = None
    fault: str | None = None


class Store:
    """The open database. With None for a path it is a private temporary one."""

    def __init__(self, path: Path | None) -> None:
        # SQLite moves a database without a name to disk by itself when it grows, so memory stays bounded.
        self.connection = sqlite3.connect("" if path is None else path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the database; nothing can be asked of it afterwards."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is kept, or none of it when an exception comes out."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def bill(self, bill_id: str) -> Bill | None:
        """The bill of this id."""
        row = self.connection.execute("SELECT body FROM bills WHERE bill_id = ?", (bill_id,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Bill)

    def save(self, bill: Bill) -> None:
        """Keep the bill as it is now."""
        paid = 0 if bill.approval is None else bill.approval.amount
        self.connection.execute(
            "INSERT INTO bills (bill_id, state, paid, final_at, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (bill_id) DO UPDATE SET"
            " state = excluded.state, paid = excluded.paid, final_at = excluded.final_at, body = excluded.body",
            (bill.bill_id, bill.state, paid, bill.final_at, msgspec.json.encode(bill)),
        )

    def bills(self, after: int, limit: int) -> list[tuple[int, Bill]]:
        """Bills in the order they were sent, each with its number, from after a number on."""
        rows = self.connection.execute(
            "SELECT number, body FROM bills WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
        )
        return [(number, msgspec.json.decode(body, type=Bill)) for number, body in rows]

    def newest(self, limit: int) -> list[Bill]:
        """The bills that were sent last, the newest first."""
        rows = self.connection.execute("SELECT body FROM bills ORDER BY number DESC LIMIT ?", (limit,))
        return [msgspec.json.decode(body, type=Bill) for (body,) in rows]

    def make_final(self, now: float) -> None:
        """Turn every announced payment whose time has come into a real one."""
        rows = self.connection.execute("SELECT body FROM bills WHERE final_at <= ?", (now,)).fetchall()
        for (body,) in rows:
            bill = msgspec.json.decode(body, type=Bill)
            self.save(msgspec.structs.replace(bill, state=PAID, final_at=None))

    def sums_by_state(self) -> dict[str, tuple[int, int]]:
        """For each state that a bill has: how many bills, and the won that were paid on them."""
        rows = self.connection.execute("SELECT state, count(*), sum(paid) FROM bills GROUP BY state")
        return {state: (bills, paid) for state, bills, paid in rows}

    def counter(self, name: str) -> int:
        """A counter's value, 0 for one that never counted."""
        row = self.connection.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        self.set_counter(name, self.counter(name) + by)

    def set_counter(self, name: str, value: int, *, keep: bool = False) -> None:
        """Set a counter; with `keep` only one that has no value yet."""
        self.connection.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE ?",
            (name, value, not keep),
        )

    def record(self, bill_id: str, call: Call) -> None:
        """Add to a bill's history, for an id of no bill too: it may be sent later."""
        self.connection.execute("INSERT INTO calls (bill_id, body) VALUES (?, ?)", (bill_id, msgspec.json.encode(call)))
        self.connection.execute(
            "DELETE FROM calls WHERE bill_id = ?1 AND number <="
            " (SELECT number FROM calls WHERE bill_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
            (bill_id, CALLS_KEPT),
        )

    def history(self, bill_id: str) -> list[Call]:
        """A bill's history, the oldest call first."""
        rows = self.connection.execute("SELECT body FROM calls WHERE bill_id = ? ORDER BY number", (bill_id,))
        return [msgspec.json.decode(body, type=Call) for (body,) in rows]
