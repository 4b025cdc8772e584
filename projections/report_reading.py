"""Answering reports, and what else is asked of the entries: in one snapshot, as of one position of the log, a stretch
of rows at a time.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from weakref import WeakValueDictionary

import psycopg

from projections.reading import FolioHeld, Freshness, NotCaughtUp, Reader, read_models_in
from projections.report import Column, Report
from services.billing.accommodation import AccommodationConfigured, Settings
from services.billing.ids import accommodation_stream, folio_stream
from services.billing.ports import TooBusy
from services.store.connection import connect_patiently
from services.store.reading import translated

CONNECTION_NAME = "folio reports"
TOGETHER_MAX = 6
"""How many reports are read at one time; each holds a connection until its last row is taken."""
OF_ONE_MAX = 4
"""How many of them may be of one accommodation: none keeps the others from theirs."""
WAIT_SECONDS_MAX = 10.0
STATEMENT_SECONDS_MAX = 600
"""How long a report may be read, slow readers included."""
ROWS_AT_ONCE = 2_000

TABLES = ("bill_entries", "payment_entries", "request_entries", "house_entries")
SET_UP = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO'",
    "SET LOCAL work_mem = '64MB'",
    "SET LOCAL jit = off",
    f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS_MAX}s'",
)
LOCK_TABLES = "LOCK TABLE {tables} IN ACCESS SHARE MODE"
"""Before the snapshot: a table that a rebuild puts in its place after that would look empty in it."""
SELECT_REACHED = "SELECT min(notification_id) FROM read_model.positions WHERE application_name = ANY(%(tables)s)"
SELECT_HELD = """
    SELECT folio, min(position) FROM read_model.parked
     WHERE read_model = ANY(%(tables)s) AND reason IS NOT NULL AND position <= %(position)s
       AND %(accommodation_id)s = coalesce(
           (SELECT accommodation_id FROM read_model.folios WHERE folio_id = parked.folio),
           (SELECT accommodation_id FROM read_model.payment_requests WHERE id = parked.folio),
           substring(parked.folio FROM '^accommodation/(.*)$'), %(accommodation_id)s)
     GROUP BY folio ORDER BY folio LIMIT 1
"""
SELECT_CURRENCY = """
    SELECT convert_from(state, 'UTF8')::jsonb #>> '{settings,currency}' FROM ledger.events
     WHERE originator_id = %(stream)s AND topic = %(configured)s AND notification_id <= %(position)s
       AND (notification_id <= %(until)s OR originator_version = 1)
     ORDER BY originator_version DESC LIMIT 1
"""
"""As it was at the end of the period; the first settings hold for the time before them, too."""
SELECT_FOLIO = """
    SELECT 1 FROM read_model.house_entries
     WHERE subject = %(stream)s AND accommodation_id = %(accommodation_id)s AND position <= %(position)s LIMIT 1
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
        super().__init__(f"This took more than {STATEMENT_SECONDS_MAX} seconds. Ask for less, or take it more quickly.")


class NoSuchFolio(Exception):
    """The accommodation has no such folio: none has it, or another one, which nobody learns from this."""

    def __init__(self, folio_id: str, accommodation_id: str) -> None:
        super().__init__(f"There is no folio {folio_id} at {accommodation_id}.")


class TooManyReports(TooBusy):
    """As many reports are being read as may be at one time."""

    def __init__(self) -> None:
        super().__init__(
            f"At most {OF_ONE_MAX} reports of one accommodation, and {TOGETHER_MAX} in all, are read at one time."
            " Ask again when one of them has ended."
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
class Rows:
    """Rows with their columns, read while they are taken."""

    columns: Sequence[Column]
    batches: AsyncIterator[Sequence[tuple[Any, ...]]]


@dataclass(frozen=True)
class OpenReport:
    """A report that can be read: its rows, and its events if it shall be explained. To be read in this order."""

    asked: Asked
    position: int
    currency: str
    rows: Rows
    events: Rows | None


class Reports:
    """Reads reports. Each has a connection of its own, so that a slow reader holds up no command and no other query."""

    def __init__(self, conninfo: str, reader: Reader) -> None:
        self._conninfo = conninfo
        self._reader = reader
        self._together = asyncio.Semaphore(TOGETHER_MAX)
        self._of_one: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def open(self, asked: Asked, freshness: Freshness) -> AsyncIterator[OpenReport]:
        """A report in a snapshot of its own. Raises as `snapshot`."""
        report, grouping = asked.report, asked.grouping
        statement, explanation = report.statement(grouping), report.explanation(grouping) if asked.explain else ""
        tables = sorted(read_models_in(statement + explanation))
        async with self.snapshot(
            asked.accommodation_id, asked.first, asked.last, freshness, asked.position, asked.folio_id, tables
        ) as snapshot:
            rows = Rows(report.columns_by(grouping), snapshot.batches(statement))
            events = None
            if asked.explain:
                events = Rows(report.explaining_columns(grouping), snapshot.batches(explanation))
            yield OpenReport(asked, snapshot.position, snapshot.currency, rows, events)

    @asynccontextmanager
    async def snapshot(
        self,
        accommodation_id: str,
        first: date,
        last: date,
        freshness: Freshness,
        position: int | None = None,
        folio_id: str | None = None,
        tables: Sequence[str] = TABLES,
    ) -> AsyncIterator[Snapshot]:
        """The entries for the business days from `first` to `last`, as of a position, by default the newest.

        `tables` are all that statements may name; nothing else is kept from being rebuilt meanwhile.
        A position must be one that the log has reached. Raises NotCaughtUp (FolioHeld for an accommodation of which an
        event could not be taken), NoSuchFolio for a folio that was not there then, TooManyReports, StoreUnavailable.
        """
        wanted = freshness if position is None else freshness.at_least(position)
        own, every = list(dict.fromkeys(tables)), list(dict.fromkeys([*TABLES, *tables]))
        nothing = " UNION ALL ".join(f"SELECT 1 FROM read_model.{table} WHERE false" for table in every)
        newest = (await self._reader.query(nothing, {}, wanted)).position
        parameters: dict[str, Any] = {
            "accommodation_id": accommodation_id,
            "first": first,
            "last": last,
            "position": newest if position is None else position,
            "folio_id": folio_id,
        }
        async with (
            self._place(accommodation_id),
            translated(),
            AsyncExitStack() as streams,
            await connect_patiently(self._conninfo, CONNECTION_NAME) as connection,
        ):
            # First what needs tables for a moment only: those that are locked stay so until the last row is taken.
            await _check(connection, parameters, every, freshness)
            before, until = await _one(connection, SELECT_BOUNDS, parameters) or (0, 0)
            parameters |= {"before": before, "until": until}
            currency = await _currency(connection, parameters)
            locked = ", ".join(f"read_model.{table}" for table in own)
            for statement in (*SET_UP, LOCK_TABLES.format(tables=locked)):
                await connection.execute(statement.encode())
            await _check_reached(connection, parameters["position"], own)
            try:
                yield Snapshot(parameters["position"], currency, connection, parameters, streams)
            finally:
                await connection.close()  # first: who leaves early leaves rows behind that nobody shall wait for

    @asynccontextmanager
    async def _place(self, accommodation_id: str) -> AsyncIterator[None]:
        of_one = self._of_one.setdefault(accommodation_id, asyncio.Semaphore(OF_ONE_MAX))
        async with AsyncExitStack() as places:
            try:
                async with asyncio.timeout(WAIT_SECONDS_MAX):
                    await places.enter_async_context(of_one)
                    await places.enter_async_context(self._together)
            except TimeoutError:
                raise TooManyReports from None
            yield


async def _check(
    connection: psycopg.AsyncConnection[Any],
    parameters: Mapping[str, Any],
    tables: Sequence[str],
    freshness: Freshness,
) -> None:
    """Raise NotCaughtUp when not every event counts that should, NoSuchFolio."""
    await _check_reached(connection, parameters["position"], tables)
    held = None if freshness.eventual else await _one(connection, SELECT_HELD, {**parameters, "tables": tables})
    if held is not None:
        raise FolioHeld(*held)
    accommodation_id, folio_id = parameters["accommodation_id"], parameters["folio_id"]
    if folio_id is not None:
        opened = await _one(connection, SELECT_FOLIO, {**parameters, "stream": folio_stream(folio_id)})
        if opened is None:
            raise NoSuchFolio(folio_id, accommodation_id)


async def _currency(connection: psycopg.AsyncConnection[Any], parameters: Mapping[str, Any]) -> str:
    stream = accommodation_stream(parameters["accommodation_id"])
    named = {"stream": stream, "configured": AccommodationConfigured.TOPIC}
    configured = await _one(connection, SELECT_CURRENCY, {**parameters, **named})
    return configured[0] if configured else Settings().currency


async def _check_reached(connection: psycopg.AsyncConnection[Any], position: int, tables: Sequence[str]) -> None:
    """Raise NotCaughtUp when a crash of the database has taken back what these tables had reached."""
    (reached,) = await _one(connection, SELECT_REACHED, {"tables": tables}) or (0,)
    if (reached or 0) < position:
        raise NotCaughtUp(reached or 0, position)


async def _one(
    connection: psycopg.AsyncConnection[Any], statement: str, parameters: Mapping[str, Any]
) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = await (await connection.execute(statement.encode(), parameters)).fetchone()
    return row
