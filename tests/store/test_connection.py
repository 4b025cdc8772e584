"""What every connection to the database is limited by."""

import asyncio
import contextlib

from psycopg.conninfo import conninfo_to_dict

from services.store.connection import NETWORK_LIMITS, make_pool, with_network_limits


def test_an_address_gets_limits_for_a_network_that_swallows_packets() -> None:
    limited = conninfo_to_dict(with_network_limits("postgresql://folio:s3cret%20@db:5433/hotel?sslmode=require"))
    expected = {"user": "folio", "password": "s3cret ", "host": "db", "port": "5433", "dbname": "hotel"}
    assert limited == {**expected, "sslmode": "require", **{name: str(value) for name, value in NETWORK_LIMITS.items()}}


def test_limits_that_an_operator_chose_stay() -> None:
    limited = conninfo_to_dict(with_network_limits("host=db connect_timeout=30 tcp_user_timeout=0"))
    assert (limited["connect_timeout"], limited["tcp_user_timeout"]) == ("30", "0")


async def test_a_caller_that_is_cancelled_as_its_connection_comes_loses_none(database: str) -> None:
    pool = make_pool(database, "tests", size=2)
    async with pool:
        for _ in range(100):
            async with pool.connection(), pool.connection():
                waiting = asyncio.create_task(pool.getconn())
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
            assert waiting.cancelled()
        async with asyncio.timeout(5), pool.connection(), pool.connection():
            pass
