"""Answering reports, and what else is asked of the entries: in one snapshot, as of one position of the log, a stretch
of rows at a time.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from projections.reading import FolioHeld, Freshness, NotCaughtUp, Reader
from projections.report import Column, Report
from services.billing.accommodation import AccommodationConfigured, Settings
from services.billing.ids import accommodation_stream
from services.billing.ports import TooBusy
from services.store.connection import connect_patiently
from services.store.reading import translated

CONNECTION_NAME = "folio reports"
TOGETHER_MAX = 4
"""How many reports are read at one time; each holds a connection until its last row is taken."""
WAIT_SECONDS_MAX = 10.0
STATEMENT_SECONDS_MAX = 600
"""How long a report may be read, slow readers included."""
ROWS_AT_ONCE = 2_000
READ_MODEL = re.compile(r"\bread_model\.(\w+)")

TABLES = ("bill_entries", "payment_entries", "request_entries", "house_entries")
OWNERS = ("folios", "payment_requests")
"""They tell of which accommodation it is what waits behind a parked event."""
SET_UP = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO'",
    "SET LOCAL work_mem = '64MB'",
    "SET LOCAL jit = off",
    f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS_MAX}s'",
    "SET LOCAL client_connection_check_interval = '1s'",  # a reader that is gone needs no more work
)
LOCK_TABLES = "LOCK TABLE {tables} IN ACCESS SHARE MODE"
"""Before the snapshot: a table that a rebuild puts in its place after that would look empty in it."""
SELECT_STANDING = """
    SELECT (SELECT min(notification_id) FROM read_model.positions WHERE application_name = ANY(%(tables)s)),
           (SELECT jsonb_object_agg(folio, first)
              FROM (SELECT folio, min(position) AS first FROM read_model.parked
                     WHERE read_model = ANY(%(tables)s) AND reason IS NOT NULL AND position <= %(position)s
                       AND %(accommodation_id)s = coalesce(
                           (SELECT accommodation_id FROM read_model.folios WHERE folio_id = parked.folio),
                           (SELECT accommodation_id FROM read_model.payment_requests WHERE id = parked.folio),
                           substring(parked.folio FROM '^accommodation/(.*)$'), %(accommodation_id)s)
                     GROUP BY folio) AS held),
           (SELECT convert_from(state, 'UTF8')::jsonb #>> '{settings,currency}' FROM ledger.events
             WHERE originator_id = %(stream)s AND topic = %(configured)s AND notification_id <= %(position)s
             ORDER BY originator_version DESC LIMIT 1)
"""
LAST_OF_DAY = """
    coalesce((SELECT position FROM read_model.{table} WHERE accommodation_id = %(accommodation_id)s
               AND business_date {until} ORDER BY business_date DESC, position DESC LIMIT 1), 0)
"""


def _last_of_days(until: str) -> str:
    lasts = ", ".join(LAST_OF_DAY.format(table=table, until=until) for table in TABLES)
    return f"least(%(position)s, greatest({lasts}))"


SELECT_BOUNDS = f"SELECT {_last_of_days('< %(first)s')}, {_last_of_days('<= %(last)s')}"
"""Business days never go back, so a day is a stretch of the log: where the period begins and ends in it."""


class ReportTooLong(Exception):
    """The report was not read in the time that it may take."""

    def __init__(self) -> None:
        super().__init__(
            f"The report takes more than {STATEMENT_SECONDS_MAX} seconds. Ask for a shorter period, or for one folio."
        )


@dataclass(frozen=True)
class Asked:
    """A report for the business days from `first` to `last`, as of a position, by default the newest."""

    report: Report
    accommodation_id: str
    first: date
    last: date
    grouping: str
    position: int | None = None
    folio_id: str | None = None
    explain: bool = False


@dataclass(frozen=True)
class Snapshot:
    """The entries of an accommodation as of a position. Statements are read one after the other, while it is open.

    They know the parameters that reports know (`projections.report`).
    """

    position: int
    currency: str
    _connection: psycopg.AsyncConnection[Any]
    _parameters: Mapping[str, Any]
    _streams: AsyncExitStack

    def batches(self, statement: str) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        """The rows of a statement, read while they are taken. Raises ReportTooLong, StoreUnavailable.

        They come as text: psycopg makes decimals, which sums are, of it in less than half the time.
        """
        batches = self._batches(statement)
        self._streams.push_async_callback(batches.aclose)
        return batches

    async def _batches(self, statement: str) -> AsyncGenerator[Sequence[tuple[Any, ...]], None]:
        batch: list[tuple[Any, ...]] = []
        stream: Any = self._connection.cursor().stream(statement.encode(), self._parameters, size=ROWS_AT_ONCE)
        async with translated(), aclosing(stream):
            try:
                async for row in stream:
                    batch.append(row)
                    if len(batch) == ROWS_AT_ONCE:
                        yield batch
                        batch = []
            except psycopg.errors.QueryCanceled as error:
                raise ReportTooLong from error
        if batch:
            yield batch


@dataclass(frozen=True)
class Table:
    """Rows with their columns, read while they are taken."""

    columns: Sequence[Column]
    batches: AsyncIterator[Sequence[tuple[Any, ...]]]


@dataclass(frozen=True)
class OpenReport:
    """A report that can be read: its rows, and its events if it shall be explained. To be read in this order."""

    asked: Asked
    position: int
    currency: str
    rows: Table
    events: Table | None


class Reports:
    """Reads reports. Each has a connection of its own, so that a slow reader holds up nobody else."""

    def __init__(self, conninfo: str, reader: Reader) -> None:
        self._conninfo = conninfo
        self._reader = reader
        self._together = asyncio.Semaphore(TOGETHER_MAX)

    @asynccontextmanager
    async def open(self, asked: Asked, freshness: Freshness) -> AsyncIterator[OpenReport]:
        """A report in a snapshot of its own. Raises as `snapshot`."""
        report, grouping = asked.report, asked.grouping
        statement, explanation = report.statement(grouping), report.explanation(grouping)
        tables = READ_MODEL.findall(statement + explanation)
        async with self.snapshot(
            asked.accommodation_id, asked.first, asked.last, freshness, asked.position, asked.folio_id, tables
        ) as snapshot:
            rows = Table(report.columns_by(grouping), snapshot.batches(statement))
            events = Table(report.explaining_columns(grouping), snapshot.batches(explanation))
            yield OpenReport(asked, snapshot.position, snapshot.currency, rows, events if asked.explain else None)

    @asynccontextmanager
    async def snapshot(
        self,
        accommodation_id: str,
        first: date,
        last: date,
        freshness: Freshness,
        position: int | None = None,
        folio_id: str | None = None,
        more_tables: Sequence[str] = (),
    ) -> AsyncIterator[Snapshot]:
        """The entries for the business days from `first` to `last`, as of a position, by default the newest.

        `more_tables`: read models of reports' own that are read, too.
        A position must be one that the log has reached. Raises NotCaughtUp (FolioHeld for an accommodation of which an
        event could not be taken), TooBusy, StoreUnavailable.
        """
        wanted = freshness if position is None else freshness.at_least(position)
        tables = list(dict.fromkeys([*TABLES, *more_tables]))
        nothing = " UNION ALL ".join(f"SELECT 1 FROM read_model.{table} WHERE false" for table in tables)
        newest = (await self._reader.query(nothing, {}, wanted)).position
        counted = newest if position is None else position
        async with (
            self._place(),
            translated(),
            AsyncExitStack() as streams,
            await connect_patiently(self._conninfo, CONNECTION_NAME) as connection,
        ):
            locked = ", ".join(f"read_model.{table}" for table in dict.fromkeys([*tables, *OWNERS]))
            for statement in (*SET_UP, LOCK_TABLES.format(tables=locked)):
                await connection.execute(statement.encode())
            parameters = {
                "accommodation_id": accommodation_id,
                "first": first,
                "last": last,
                "position": counted,
                "folio_id": folio_id,
            }
            currency = await _check_standing(connection, parameters, tables, freshness)
            cursor = await connection.execute(SELECT_BOUNDS.encode(), parameters)
            before, until = await cursor.fetchone() or (0, 0)
            stretch = {"before": before, "until": until}
            try:
                yield Snapshot(counted, currency, connection, parameters | stretch, streams)
            finally:
                await connection.close()  # first: who leaves early leaves rows behind that nobody shall wait for

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                await self._together.acquire()
        except TimeoutError:
            raise TooBusy(f"{TOGETHER_MAX} reports are being read at this moment.") from None
        try:
            yield
        finally:
            self._together.release()


async def _check_standing(
    connection: psycopg.AsyncConnection[Any],
    parameters: Mapping[str, Any],
    tables: Sequence[str],
    freshness: Freshness,
) -> str:
    """The currency as it was. Raises NotCaughtUp when not every event counts that should."""
    stream = accommodation_stream(parameters["accommodation_id"])
    more = {"tables": tables, "stream": stream, "configured": AccommodationConfigured.TOPIC}
    cursor = await connection.execute(SELECT_STANDING.encode(), {**parameters, **more})
    standing, held, currency = await cursor.fetchone() or (0, None, None)
    if standing < parameters["position"]:  # a crash of the database may have taken back what was there
        raise NotCaughtUp(standing, parameters["position"])
    if held and not freshness.eventual:
        folio = min(held)
        raise FolioHeld(folio, held[folio])
    return currency or Settings().currency
