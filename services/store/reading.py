"""Queries through a pool, with connections that died taken out of the way."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from services.billing.ports import StoreUnavailable
from services.store.connection import CONNECTIONS_MAX, DatabaseSilent, Pool


class ConnectionDied(psycopg.OperationalError):
    """The pool handed out a connection that had died while it was idle; it is out of the pool now."""


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Raise StoreUnavailable for a database that does not answer, or takes no writes as a standby does."""
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout, psycopg.errors.ReadOnlySqlTransaction) as error:
        raise StoreUnavailable(str(error)) from error


async def reading(pool: Pool, statement: str, parameters: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    """Rows of a query that changes nothing, tried again when a connection turns out dead. Raises StoreUnavailable."""
    async with translated():
        for _ in range(CONNECTIONS_MAX):
            with contextlib.suppress(ConnectionDied):
                return await _rows(pool, statement, parameters)
        return await _rows(pool, statement, parameters)


async def _rows(pool: Pool, statement: str, parameters: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    async with pool.connection() as connection:
        try:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchall()
        except DatabaseSilent:
            raise
        except psycopg.OperationalError as error:
            if connection.closed:
                raise ConnectionDied(str(error)) from error
            raise
