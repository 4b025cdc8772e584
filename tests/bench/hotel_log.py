"""`python -m tests.bench.hotel_log --data DIR --bills N`: a new data folder with the log of a hotel of so many bills.

The ledger's own commands make the events in memory, the log's own codec their bytes; they are copied into the tables.
Answers kept under idempotency keys, callbacks and evidence are left out: a service that is started seals the log.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from projections.rebuild import rebuild
from services.billing.accommodation import DAY
from services.billing.bill import BillAdded
from services.billing.event import LedgerEvent
from services.bootstrap import CODEC, READ_MODELS
from services.cli_progress import BuildingProgress
from services.store.embedded import EmbeddedPostgres
from services.store.migrate import migrate
from tests.bench.failing import CannotMeasure
from tests.bench.hotel.desk import Desk
from tests.bench.hotel.drawing import drawn_ids
from tests.bench.hotel.house import House, beginning_of

BILLS_A_DAY = 1_000
"""Of a hotel with 300 rooms."""
LAST_DAY = date(2026, 10, 31)
EVENTS_AT_ONCE = 50_000
BILLS_MAX = 10_000_000
DAYS_MAX = 10_000

SELECT_HEAD = "SELECT position FROM ledger.log_head FOR UPDATE"
COPIES = {
    "ledger.events (notification_id, originator_id, originator_version, topic, state, recorded_at)": (
        "int8", "text", "int8", "text", "bytea", "timestamptz",
    ),
    "ledger.aliases (alias, stream)": ("text", "text"),
    "ledger.personal_data_keys (folio_id, data_key, created_at)": ("text", "bytea", "timestamptz"),
}  # fmt: skip
MOVE_HEAD = "UPDATE ledger.log_head SET position = %(position)s, recorded_at = %(recorded_at)s"
TIDY_UP = "VACUUM (ANALYZE) ledger.events, ledger.aliases, ledger.personal_data_keys"


@dataclass
class Filled:
    """How far the log is filled."""

    bills: int = 0
    position: int = 0
    recorded_at: datetime | None = None


def fill(
    conninfo: str,
    bills: int,
    *,
    days: int | None = None,
    closed: bool = False,
    seed: int = 1,
    say: Callable[[Filled], None] = lambda filled: None,
) -> Filled:
    """Append a hotel's log with so many bills, over days up to LAST_DAY, to an empty migrated database.

    All or nothing; the same arguments make the same log. `days` is by default one for every 1,000 bills; `closed`:
    every day but the last is closed on the next morning. Raises CannotMeasure when the log is not empty, psycopg.Error.
    """
    days = days or max(1, round(bills / BILLS_A_DAY))
    first_day = LAST_DAY - (days - 1) * DAY
    random, filled = Random(seed), Filled()
    desk = Desk(random, beginning_of(first_day))
    house = House(random, desk, first_day, days, closed=closed)
    with psycopg.connect(conninfo, application_name="hotel log") as connection:
        if connection.execute(SELECT_HEAD).fetchone() != (0,):
            raise CannotMeasure("The log is not empty; a hotel's log goes into a new database.")
        with drawn_ids(random, lambda: desk.now):
            for _ in house.live(bills):
                if len(desk.events) >= EVENTS_AT_ONCE:
                    _store(connection, desk, filled)
                    say(filled)
        _store(connection, desk, filled)
        say(filled)
        connection.execute(MOVE_HEAD, vars(filled))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(TIDY_UP)
    return filled


def _store(connection: psycopg.Connection[Any], desk: Desk, filled: Filled) -> None:
    """Take what the desk has recorded over into the tables."""
    recorded, desk.events = desk.events, []
    names, desk.aliases = desk.aliases, {}
    keys, desk.data_keys = desk.data_keys, []
    for (table, types), rows in zip(COPIES.items(), (_rows(recorded, filled), names.items(), keys), strict=True):
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)".encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


def _rows(recorded: Iterable[LedgerEvent], filled: Filled) -> Iterator[tuple[Any, ...]]:
    for event in recorded:
        stored = CODEC.to_stored_event(event)
        filled.position += 1
        filled.recorded_at = event.timestamp
        filled.bills += isinstance(event, BillAdded)
        place = (filled.position, stored.originator_id, stored.originator_version)
        yield *place, stored.topic, stored.state, event.timestamp


def main() -> None:
    """Fill a new data folder, build the read models, and say how long each took."""
    parser = argparse.ArgumentParser("python -m tests.bench.hotel_log", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the database, made when missing")
    parser.add_argument("--bills", type=int, required=True, help="bills in the log, those of transfers included")
    parser.add_argument("--days", type=int, help="business days (default: one for every 1,000 bills)")
    parser.add_argument("--closed", action="store_true", help="close every day but the last")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another log (default: 1)")
    options = parser.parse_args()
    if not (1 <= options.bills <= BILLS_MAX and 1 <= (options.days or 1) <= DAYS_MAX):
        parser.error(f"bills are from 1 to {BILLS_MAX:,}, days from 1 to {DAYS_MAX:,}")
    with EmbeddedPostgres(options.data) as conninfo:
        migrate(conninfo)
        begun = time.monotonic()

        def say(filled: Filled) -> None:
            print(f"{filled.bills:,} of {options.bills:,} bills, {filled.position:,} events", flush=True)

        try:
            fill(conninfo, options.bills, days=options.days, closed=options.closed, seed=options.seed, say=say)
        except CannotMeasure as error:
            raise SystemExit(f"{options.data}: {error}") from None
        print(f"The log was filled in {time.monotonic() - begun:.1f} seconds.", flush=True)
        begun = time.monotonic()
        with BuildingProgress("Building") as progress:
            asyncio.run(rebuild(conninfo, READ_MODELS, CODEC, progress))
        print(f"The read models were built in {time.monotonic() - begun:.1f} seconds.")


if __name__ == "__main__":
    main()
