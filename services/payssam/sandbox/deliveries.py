"""Callbacks that wait for their answer, kept in the store so that they survive a restart."""

from typing import Literal

import msgspec

from services.payssam.sandbox.store import Store

WAITING = "waiting"
RETRIES_MAX = 24
"""How often a callback is tried again after its first attempt."""

COLUMNS = "number, bill_id, url, body, outcome, due, attempts, held, follows, answers"


class Answer(msgspec.Struct, frozen=True):
    """What came back from one attempt: the raw `body` and `status`, or `error` when there was no answer.

    `exact` says whether the body was the documented one to the letter, its message too.
    """

    at: float
    status: int | None = None
    body: str = ""
    exact: bool = False
    error: str | None = None


class Delivery(msgspec.Struct, frozen=True, rename="camel"):
    """One callback on its way. `due` is the time of the next attempt, in seconds since 1970.

    A `held` one waits until it is released; one that `follows` another waits until that has been tried.
    """

    number: int
    bill_id: str
    url: str
    body: str
    outcome: Literal["waiting", "delivered", "given_up"]
    due: float
    attempts: int
    held: bool
    follows: int | None
    answers: list[Answer]


class Deliveries:
    """The callbacks of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, bill_id: str, url: str, body: bytes, due: float, *, held: bool = False) -> None:
        """A new callback, to be sent at `due`."""
        self._store.connection.execute(
            "INSERT INTO deliveries (bill_id, url, body, outcome, due, held) VALUES (?, ?, ?, ?, ?, ?)",
            (bill_id, url, body, WAITING, due, held),
        )

    def release(self) -> None:
        """Let what is held go, the last one first, each after the one before it has been tried."""
        execute = self._store.connection.execute
        held = execute("SELECT number FROM deliveries WHERE held ORDER BY number DESC").fetchall()
        follows: int | None = None
        for (number,) in held:
            execute("UPDATE deliveries SET held = 0, follows = ? WHERE number = ?", (follows, number))
            follows = number

    def held(self) -> int:
        """How many are held."""
        row = self._store.connection.execute("SELECT count(*) FROM deliveries WHERE held").fetchone()
        return int(row[0])

    def due(self, now: float, limit: int) -> list[Delivery]:
        """Callbacks to send now, those that wait longest first."""
        rows = self._store.connection.execute(
            f"SELECT {COLUMNS} FROM deliveries WHERE outcome = 'waiting' AND held = 0 AND due <= ?"  # noqa: S608
            " AND (follows IS NULL OR follows NOT IN (SELECT number FROM deliveries WHERE attempts = 0))"
            " ORDER BY due, number LIMIT ?",
            (now, limit),
        )
        return [_delivery(*row) for row in rows]

    def next_due(self, now: float) -> float | None:
        """The time of the next attempt after now, in seconds since 1970; None when none waits."""
        row = self._store.connection.execute(
            "SELECT min(due) FROM deliveries WHERE outcome = 'waiting' AND held = 0 AND due > ?", (now,)
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def answered(self, delivery: Delivery, answer: Answer, *, accepted: bool, next_due: float) -> None:
        """Keep the answer to an attempt; what was not accepted is tried again at `next_due`, or given up."""
        attempts = delivery.attempts + 1
        if accepted:
            outcome = "delivered"
        elif attempts > RETRIES_MAX:
            outcome = "given_up"
        else:
            outcome = WAITING
        self._store.connection.execute(
            "UPDATE deliveries SET outcome = ?, attempts = ?, due = ?, answers = ? WHERE number = ?",
            (outcome, attempts, next_due, msgspec.json.encode([*delivery.answers, answer]), delivery.number),
        )

    def of_bill(self, bill_id: str) -> list[Delivery]:
        """A bill's callbacks in the order they were made."""
        rows = self._store.connection.execute(
            f"SELECT {COLUMNS} FROM deliveries WHERE bill_id = ? ORDER BY number",  # noqa: S608
            (bill_id,),
        )
        return [_delivery(*row) for row in rows]

    def count(self, outcome: str) -> int:
        """How many have this outcome."""
        row = self._store.connection.execute("SELECT count(*) FROM deliveries WHERE outcome = ?", (outcome,)).fetchone()
        return int(row[0])


def _delivery(
    number: int,
    bill_id: str,
    url: str,
    body: bytes,
    outcome: Literal["waiting", "delivered", "given_up"],
    due: float,
    attempts: int,
    held: int,
    follows: int | None,
    answers: bytes,
) -> Delivery:
    kept = msgspec.json.decode(answers, type=list[Answer])
    return Delivery(number, bill_id, url, body.decode(), outcome, due, attempts, bool(held), follows, kept)
