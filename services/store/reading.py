"""Queries through a pool, with connections that died taken out of the way."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from services.billing.ports import StoreUnavailable

READ_ATTEMPTS = 3
"""A pool hands out connections that died with the server; each failed try removes one."""


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Raise StoreUnavailable for a database that does not answer."""
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise StoreUnavailable(str(error)) from error


async def reading(pool: AsyncConnectionPool, statement: str, parameters: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    """Rows of a query that changes nothing, tried again when a connection died. Raises StoreUnavailable."""
    for attempt in range(READ_ATTEMPTS):
        async with translated():
            try:
                async with pool.connection() as connection:
                    cursor = await connection.execute(statement.encode(), parameters)
                    return await cursor.fetchall()
            except psycopg.OperationalError:
                if attempt == READ_ATTEMPTS - 1:
                    raise
    raise AssertionError("unreachable")
