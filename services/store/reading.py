"""Queries through a pool, with connections that died taken out of the way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncCursor
from psycopg_pool import PoolTimeout

from services.billing.ports import StoreUnavailable
from services.store.connection import CONNECTIONS_MAX, DatabaseSilent, Pool
from services.turns import AT_ONCE

T = TypeVar("T")
Cursor = AsyncCursor[tuple[Any, ...]]


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
    return await _reading(pool, statement, parameters, AsyncCursor.fetchall)


async def reading_each(
    pool: Pool, statement: str, parameters: dict[str, Any], make: Callable[[tuple[Any, ...]], T]
) -> list[T]:
    """What is made of each row, of very many too: others in this process have their turn. Raises StoreUnavailable."""

    async def made(cursor: Cursor) -> list[T]:
        found: list[T] = []
        while rows := await cursor.fetchmany(AT_ONCE):
            found += map(make, rows)
            await asyncio.sleep(0)
        return found

    return await _reading(pool, statement, parameters, made)


async def _reading(
    pool: Pool, statement: str, parameters: dict[str, Any], fetch: Callable[[Cursor], Awaitable[T]]
) -> T:
    async with translated():
        for _ in range(CONNECTIONS_MAX):
            with contextlib.suppress(ConnectionDied):
                return await _fetched(pool, statement, parameters, fetch)
        return await _fetched(pool, statement, parameters, fetch)


async def _fetched(
    pool: Pool, statement: str, parameters: dict[str, Any], fetch: Callable[[Cursor], Awaitable[T]]
) -> T:
    async with pool.connection() as connection:
        try:
            return await fetch(await connection.execute(statement.encode(), parameters))
        except DatabaseSilent:
            raise
        except psycopg.OperationalError as error:
            if connection.closed:
                raise ConnectionDied(str(error)) from error
            raise
