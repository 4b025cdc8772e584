"""Everything that a database holds, in a form that two moments can be compared by."""

import asyncio

import psycopg

from services.bootstrap import Service

SELECT_TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""
DIGEST = """
    SELECT count(*), md5(string_agg(each.xmin::text || each.ctid::text || each::text, chr(10) ORDER BY each.ctid))
      FROM {table} AS each
"""
"""With each row's version and place: it shows as well when a row was written again as it was."""
SELECT_SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"


def digests(conninfo: str) -> dict[str, object]:
    """Number and digest of the rows of every table, and where every sequence stands."""
    with psycopg.connect(conninfo) as connection:
        tables = [table for (table,) in connection.execute(SELECT_TABLES)]
        found: dict[str, object] = {
            table: connection.execute(DIGEST.format(table=table).encode()).fetchone() for table in tables
        }
        return {**found, "sequences": connection.execute(SELECT_SEQUENCES).fetchall()}


async def settled_digests(service: Service) -> dict[str, object]:
    """The digests once every read model has taken every event."""
    async with asyncio.timeout(30):
        while any(lag.events for lag in (await service.measure()).values()):
            await asyncio.sleep(0.01)
    return await asyncio.to_thread(digests, service.conninfo)
