"""A log of many bills, quickly: some thousands are recorded by the service, and multiplied in SQL.

A copy has ids, bill codes, folios and times of its own, in the streams' names, in the events and in the aliases, so
that it is as valid as what it was copied from; marks such as @COPY@ stand in the pattern where these go. The ids made
nowadays begin with "01" (until the year 2039); those of the copies begin with "00", and their bill codes with a day of
the years after 2000.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import psycopg

from services.billing.ids import CODE_ALPHABET
from tests.bench.failing import CannotMeasure
from tests.bench.given import client_of, taken
from tests.bench.services import Running
from tests.bench.site import Site

BILLS = 2_000
BILLS_ON_A_FOLIO = 5
HOTELS = 4
COMMANDS_AT_ONCE = 500
COPIES_MAX = 9_000
"""So that no copy's day reaches the present."""
PAID_AT = "2026-11-22T14:00:00+09:00"

SELECT_POSITION = "SELECT position FROM ledger.log_head"
SELECT_HEAD = "SELECT position, recorded_at FROM ledger.log_head"
CREATE_PATTERN = """
    CREATE TEMPORARY TABLE pattern ON COMMIT DROP AS
    SELECT notification_id - %(after)s AS number, originator_version AS version, topic,
           CASE WHEN originator_id LIKE 'folio/%%' THEN originator_id || '.@COPY@'
                ELSE '@ULID@' || substr(originator_id, 6) END AS stream,
           regexp_replace(regexp_replace(regexp_replace(regexp_replace(convert_from(state, 'UTF8'),
               '"01[0-9A-Z]{3}([0-9A-Z]{21})"', '"@ULID@\\1"', 'g'),
               '"B[0-9]{6}-([0-9A-Z]{10})"', '"B@DAY@-\\1"', 'g'),
               '("[a-z_]*folio_id":"[^"]+)"', '\\1.@COPY@"', 'g'),
               '"timestamp":"[^"]+"', '"timestamp":"@TIME@"') AS state
      FROM ledger.events
     WHERE notification_id > %(after)s AND notification_id <= %(until)s
"""
SELECT_STRANGE = """
    SELECT DISTINCT originator_id FROM ledger.events
     WHERE notification_id > %(after)s AND notification_id <= %(until)s
       AND originator_id !~ '^(folio/.*|01[0-9A-Z]{24})$'
     LIMIT 10
"""
CREATE_NAMES = """
    CREATE TEMPORARY TABLE names ON COMMIT DROP AS
    SELECT CASE WHEN alias LIKE 'B______-%%' THEN 'B@DAY@' || substr(alias, 8)
                ELSE '@ULID@' || substr(alias, 6) END AS alias,
           '@ULID@' || substr(stream, 6) AS stream
      FROM ledger.aliases
     WHERE stream IN (SELECT originator_id FROM ledger.events
                       WHERE notification_id > %(after)s AND notification_id <= %(until)s)
"""
COPY_EVENTS = """
    INSERT INTO ledger.events (notification_id, originator_id, originator_version, topic, state, recorded_at)
    SELECT %(position)s + number, replace(replace(stream, '@ULID@', %(ulid)s), '@COPY@', %(copy)s), version, topic,
           convert_to(replace(replace(replace(replace(state,
               '@ULID@', %(ulid)s), '@DAY@', %(day)s), '@COPY@', %(copy)s),
               '@TIME@', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), 'UTF8'),
           at
      FROM (SELECT *, %(recorded_at)s + number * interval '1 microsecond' AS at FROM pattern ORDER BY number) AS placed
"""
COPY_NAMES = """
    INSERT INTO ledger.aliases (alias, stream)
    SELECT replace(replace(alias, '@ULID@', %(ulid)s), '@DAY@', %(day)s), replace(stream, '@ULID@', %(ulid)s)
      FROM names
"""
MOVE_HEAD = "UPDATE ledger.log_head SET position = %(position)s, recorded_at = %(recorded_at)s"
TIDY_UP = ("VACUUM (ANALYZE) ledger.events", "VACUUM (ANALYZE) ledger.aliases")
COUNT_BILLS = "SELECT count(*) FROM ledger.events WHERE topic = 'bill.added'"


@dataclass(frozen=True)
class Pattern:
    """The part of the log that is copied: the events after one position up to another."""

    after: int
    until: int

    @property
    def events(self) -> int:
        """How many they are."""
        return self.until - self.after


def record_pattern(site: Site, folio: Running) -> Pattern:
    """Record 2,000 bills of four hotels through the service; a quarter is paid at once, a tenth later.

    Raises CannotMeasure.
    """
    with client_of(folio) as client, site.connect() as connection:
        run(client, [added_bill(f"FIRST-{hotel}", hotel) for hotel in range(1, HOTELS + 1)])
        after = head_of(connection)  # a hotel's first bill opens the hotel, too, which is not copied
        bills = [str(body["id"]) for body in run(client, [pattern_bill(number) for number in range(BILLS)])]
        run(client, [added_payment(bill) for bill in bills[::10]])
        pattern = Pattern(after, head_of(connection))
        strange = connection.execute(SELECT_STRANGE, vars(pattern)).fetchall()
    if strange:
        raise CannotMeasure(f"streams of another kind than bills and folios cannot be copied: {strange}")
    return pattern


def pattern_bill(number: int) -> dict[str, Any]:
    """The command that adds one of the bills; every fourth comes with a payment."""
    folio = number // BILLS_ON_A_FOLIO
    payment = {"paymentMethod": "CARD", "amount": 150_000, "paidAt": PAID_AT}
    return added_bill(f"GROWN-{folio}", folio % HOTELS + 1, [payment] if number % 4 == 0 else [])


def added_bill(folio: str, hotel: int, payments: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The command that adds a bill."""
    body = {"accommodationId": f"HOTEL-{hotel}", "name": "Room charge", "totalAmount": 150_000, "payments": payments}
    return {"method": "POST", "path": f"/v1/folios/{folio}/bills", "body": body}


def added_payment(bill: str) -> dict[str, Any]:
    """The command that pays a part of a bill."""
    body = {"paymentMethod": "CASH", "amount": 1_000, "paidAt": PAID_AT, "applyToBalance": True}
    return {"method": "POST", "path": f"/v1/bills/{bill}/payments", "body": body}


def run(client: httpx.Client, commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Have commands carried out, many at once; returns the bodies of their answers. Raises CannotMeasure."""
    bodies = []
    for begin in range(0, len(commands), COMMANDS_AT_ONCE):
        batch = {"atomic": True, "commands": commands[begin : begin + COMMANDS_AT_ONCE]}
        results = taken(client.post("/v1/commands", json=batch)).json()["results"]
        bodies += [result["body"] for result in results]
    return bodies


class Copies:
    """Multiplies a pattern, as often as it takes, in as many steps as there are sizes."""

    def __init__(self, site: Site, pattern: Pattern) -> None:
        self._site = site
        self._pattern = pattern
        self._numbers = itertools.count(1)

    def fill(self, bills: int, say: Callable[[str], None]) -> int:
        """Copy until the log holds at least so many bills; returns how many it holds. Nobody else may write."""
        with self._site.connect() as connection:
            missing = bills - count_bills(connection)
            copies = max(0, -(-missing // BILLS))
            if copies:
                with connection.transaction():
                    self._copy(connection, copies, say)
            for statement in TIDY_UP:
                connection.execute(statement.encode())
            return count_bills(connection)

    def _copy(self, connection: psycopg.Connection[Any], copies: int, say: Callable[[str], None]) -> None:
        row = connection.execute(SELECT_HEAD).fetchone()
        assert row is not None
        position, recorded_at = row
        connection.execute(CREATE_PATTERN, vars(self._pattern))
        connection.execute(CREATE_NAMES, vars(self._pattern))
        for done in range(copies):
            if done % 50 == 0:
                say(f"filling the log: {done:,} of {copies:,} copies of {BILLS:,} bills")
            marks = marks_of(next(self._numbers))
            connection.execute(COPY_EVENTS, {**marks, "position": position, "recorded_at": recorded_at})
            connection.execute(COPY_NAMES, marks)
            position += self._pattern.events
            recorded_at += timedelta(microseconds=self._pattern.events)
        connection.execute(MOVE_HEAD, {"position": position, "recorded_at": recorded_at})


def marks_of(copy: int) -> dict[str, str]:
    """What makes a copy's ids, days and folios its own. Raises ValueError for a copy too many."""
    if not 1 <= copy <= COPIES_MAX:
        raise ValueError(f"copies are numbered from 1 to {COPIES_MAX}, not {copy}")
    ulid = "00" + "".join(CODE_ALPHABET[copy >> shift & 31] for shift in (10, 5, 0))
    day = f"{copy // 372 % 100:02}{copy // 31 % 12 + 1:02}{copy % 31 + 1:02}"
    return {"ulid": ulid, "day": day, "copy": str(copy)}


def head_of(connection: psycopg.Connection[Any]) -> int:
    """The position of the newest event."""
    row = connection.execute(SELECT_POSITION).fetchone()
    assert row is not None
    return int(row[0])


def count_bills(connection: psycopg.Connection[Any]) -> int:
    """How many bills the log holds."""
    row = connection.execute(COUNT_BILLS).fetchone()
    assert row is not None
    return int(row[0])
