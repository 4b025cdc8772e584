"""What an operator sees of the read models: how far each is, who keeps it up, and whether it is being rebuilt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg.errors import UndefinedTable
from psycopg.rows import class_row

from projections.lag import SELECT_LAGS
from projections.leadership import LOCK_NAME as LEADING
from projections.place import Connection
from projections.rebuild import LOCK_NAME as REBUILDING
from services.store.locks import CLASS

SELECT_STATUS = f"""
    WITH lags AS ({SELECT_LAGS}),
         holders AS (
             SELECT objid::bigint AS lock, pid, application_name
               FROM pg_locks JOIN pg_stat_activity USING (pid)
              WHERE locktype = 'advisory' AND classid::bigint = %(class)s AND objsubid = 2 AND granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    SELECT lags.*,
           leader.application_name AS holder, leader.pid AS holder_pid,
           coalesce(load.reached, beside.notification_id) AS rebuilt_events, builder.pid IS NOT NULL AS rebuild_runs
      FROM lags
      LEFT JOIN holders AS leader ON leader.lock = hashtext(%(leading)s || lags.name)::bigint & 4294967295
      LEFT JOIN holders AS builder ON builder.lock = hashtext(%(rebuilding)s || lags.name)::bigint & 4294967295
      LEFT JOIN read_model_beside.positions AS beside ON beside.application_name = lags.name
      LEFT JOIN read_model_beside.loads AS load ON load.name = lags.name
     ORDER BY lags.name
"""

COUNT = "SELECT count(*) FROM read_model.{name}"


@dataclass(frozen=True)
class Status:
    """A read model as it stands. `holder` is a connection's name and process at PostgreSQL.

    `rebuilt_events` is how many events a rebuild has applied that has begun, `rebuild_runs` whether it goes on now.
    """

    name: str
    position: int
    events: int
    seconds: float
    parked_events: int
    holder: str | None
    holder_pid: int | None
    rebuilt_events: int | None
    rebuild_runs: bool
    rows: int = 0


async def read_status(connection: Connection, names: Sequence[str]) -> Sequence[Status]:
    """The read models, by name. Raises psycopg.Error."""
    parameters = {"names": list(names), "class": CLASS, "leading": LEADING, "rebuilding": REBUILDING}
    async with connection.cursor(row_factory=class_row(Status)) as cursor:
        await cursor.execute(SELECT_STATUS.encode(), parameters)
        found = await cursor.fetchall()
    return [replace(each, rows=await _rows(connection, each.name)) for each in found]


async def _rows(connection: Connection, name: str) -> int:
    """All rows of a read model, counted: what the statistics say is twice that after a rebuild."""
    try:
        row = await (await connection.execute(COUNT.format(name=name).encode())).fetchone()
    except UndefinedTable:  # it was never made
        return 0
    return row[0] if row else 0
