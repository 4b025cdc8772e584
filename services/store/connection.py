"""Every connection of the service and of the command line is opened here, and works as the service's role.

Those of the service do not wait for ever: a database that stays silent is taken for one that is gone.
"""

import asyncio
import os
import socket
from typing import Any, ClassVar, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool

from services.store.roles import as_service

CONNECTIONS_MAX = 10
CONNECT_SECONDS_MAX = 3
RECONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 5.0
"""How long one statement may take: many times what the largest command or page of a query needs."""

NETWORK_LIMITS = {
    "connect_timeout": CONNECT_SECONDS_MAX,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""libpq's own limits (seconds; milliseconds for the last), for waits that may be long, as that for a lock."""

Result = TypeVar("Result")


class DatabaseSilent(psycopg.OperationalError):
    """The database took a statement and did not answer; whether it did it is unknown."""


def with_network_limits(conninfo: str) -> str:
    """The address with limits for a network that swallows packets, except for those that it sets itself."""
    return make_conninfo(conninfo, **{**NETWORK_LIMITS, **conninfo_to_dict(conninfo)})


class LimitedConnection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection that is hung up when the answer to a statement does not come in time."""

    _silent = False

    async def wait(
        self,
        gen: PQGen[Result],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 -- the driver's signature
    ) -> Result:
        """Wait for the database. Raises DatabaseSilent; a caller with a `timeout` of its own expects silence."""
        if timeout is not None:
            return await super().wait(gen, interval, timeout)
        watch = asyncio.get_running_loop().call_later(ANSWER_SECONDS_MAX, self._hang_up)
        try:
            return await super().wait(gen, interval)
        except psycopg.OperationalError as error:
            if self._silent:
                raise DatabaseSilent(f"the database did not answer for {ANSWER_SECONDS_MAX:g} seconds") from error
            raise
        finally:
            watch.cancel()

    def _hang_up(self) -> None:
        """End both ways of the socket, under the driver: it then finds the connection broken and says so."""
        self._silent = True
        with socket.socket(fileno=os.dup(self.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


async def connect(conninfo: str, name: str) -> LimitedConnection:
    """A connection that commits each statement, shown to operators under this name. Raises psycopg.OperationalError."""
    return await LimitedConnection.connect(
        as_service(conninfo), autocommit=True, connect_timeout=CONNECT_SECONDS_MAX, application_name=name
    )


async def connect_patiently(conninfo: str, name: str) -> psycopg.AsyncConnection[tuple[Any, ...]]:
    """The same for work whose statements may take as long as they need. Raises psycopg.OperationalError."""
    return await psycopg.AsyncConnection.connect(as_service(conninfo), autocommit=True, application_name=name)


def connect_blocking(
    conninfo: str, name: str = "folio command", *settings: str, autocommit: bool = False
) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection for a thread or a command of the terminal, with such settings as `lock_timeout=10s`.

    Left as a context, it commits.

    Raises psycopg.OperationalError.
    """
    return psycopg.connect(
        as_service(conninfo, *settings),
        autocommit=autocommit,
        connect_timeout=CONNECT_SECONDS_MAX,
        application_name=name,
    )


class Pool(AsyncConnectionPool[LimitedConnection]):
    """A pool that loses no connection to a caller that is cancelled while it waits for one.

    Python 3.11's `asyncio.wait_for`, which the pool waits with, drops a cancellation that comes together with the
    result: the connection would belong to nobody, and the caller would go on.
    """

    async def getconn(self, timeout: float | None = None) -> LimitedConnection:  # noqa: ASYNC109 -- the pool's signature
        """A connection, which must be given back. Raises PoolTimeout."""
        getting = asyncio.create_task(super().getconn(timeout))
        try:
            return await asyncio.shield(getting)
        except asyncio.CancelledError:
            getting.add_done_callback(self._give_back)
            raise

    def _give_back(self, getting: "asyncio.Task[LimitedConnection]") -> None:
        if not getting.cancelled() and getting.exception() is None:
            returning = asyncio.create_task(self.putconn(getting.result()))
            self._returning.add(returning)
            returning.add_done_callback(self._returning.discard)

    _returning: ClassVar[set["asyncio.Task[None]"]] = set()


def make_pool(conninfo: str, name: str, size: int = CONNECTIONS_MAX, *, read_only: bool = False) -> Pool:
    """A pool of at most so many connections, not yet open; PoolTimeout tells that none was to be had in time.

    `read_only`: the database refuses every change over these connections.
    """
    return Pool(
        as_service(conninfo, "timezone=UTC", *(["default_transaction_read_only=on"] if read_only else [])),
        connection_class=LimitedConnection,
        kwargs={
            "autocommit": True,
            "application_name": name,
            "connect_timeout": CONNECT_SECONDS_MAX,
        },
        min_size=2,
        max_size=size,
        open=False,
        timeout=CONNECT_SECONDS_MAX,
        reconnect_timeout=RECONNECT_SECONDS_MAX,
    )
