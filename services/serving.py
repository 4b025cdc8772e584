"""Serving in the foreground: the database, the service and the web server, started and ended together."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg
import uvicorn
from fastapi import FastAPI

from services.bootstrap import Service, make_service
from services.provision import Seal, collecting_by
from services.settings import Settings
from services.store.connection import with_network_limits
from services.store.embedded import EmbeddedPostgres, attach
from services.store.tasks import end

BACKLOG = 1024
MESSAGE_BYTES_MAX = 1024 * 1024
GARBAGE_THRESHOLDS = (5_000, 20, 500)
SHUTDOWN_SECONDS_MAX = 10
CUT_OFF_SECONDS = 4
"""When a connection is cut off whose answer has ended, but is not taken by its reader."""

log = logging.getLogger(__name__)


class PortTaken(Exception):
    """Another program listens on the port."""


class BadAddress(Exception):
    """FOLIO_DATABASE_URL is no address of a PostgreSQL."""


@contextmanager
def database(settings: Settings, data: Path, *, shared: bool = False) -> Iterator[str]:
    """The database's address: FOLIO_DATABASE_URL, or an own PostgreSQL that lives as long as this context.

    `shared` joins the server of a service that runs on the folder already. Raises EmbeddedPostgresError, BadAddress.
    """
    if settings.database_url is not None:
        yield _checked(settings.database_url.get_secret_value())
        return
    running = attach(data) if shared else None
    if running is not None:
        yield running
        return
    with EmbeddedPostgres(data, settings.postgres_binaries) as conninfo:
        yield conninfo


def _checked(url: str) -> str:
    try:
        return with_network_limits(url)
    except psycopg.ProgrammingError:
        raise BadAddress("FOLIO_DATABASE_URL must be like postgresql://USER:PASSWORD@HOST:5432/DATABASE.") from None


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, made first so that a taken port is told before anything starts. Raises PortTaken."""
    listening = bind(host, port)
    listening.listen(BACKLOG)
    return listening


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket that holds the port and takes no connections yet. Raises PortTaken.

    `shared`: the kernel deals connections out among all processes that listen to the port like this.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise PortTaken(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with --port.") from error
    return listening


class Server(uvicorn.Server):
    """A web server that ends at a signal and lets what stands around it end in order.

    uvicorn would raise the signal again afterwards, which cuts the closing of connections off.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Finish the requests under way; a second Ctrl-C does not wait for them."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let the requests under way end; nobody holds that up by not reading."""
        cutting = asyncio.get_running_loop().call_later(CUT_OFF_SECONDS, self._cut_off)
        await super().shutdown(sockets)
        cutting.cancel()

    def _cut_off(self) -> None:
        for connection in list(self.server_state.connections):
            if connection.transport.is_closing():
                connection.transport.abort()


def web_config(app: FastAPI) -> uvicorn.Config:
    """How an application is served."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
        backlog=BACKLOG,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES_MAX,
    )


async def serve_as_set(
    conninfo: str,
    listening: socket.socket,
    settings: Settings,
    seal: Seal,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve with the key and the provider that the settings name; otherwise as `serve`."""
    admin_key = settings.admin_key.get_secret_value() if settings.admin_key else None
    introspection = settings.graphql_introspection
    service = make_service(conninfo, admin_key, collecting_by(settings), introspection=introspection, seal=seal)
    await serve(service, listening, meanwhile)


async def serve(
    service: Service, listening: socket.socket, meanwhile: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Serve until interrupted; `meanwhile` runs beside the server.

    What comes while the service starts waits in the socket's queue; of several processes on a port, the one that
    starts gets nothing that the others could answer, as it does not listen yet.
    """
    async with service:
        await service.begun.wait()
        server = Server(web_config(service.app))
        _collect_garbage_rarely()
        beside = asyncio.create_task(_beside(meanwhile, server)) if meanwhile else None
        await server.serve(sockets=[listening])
        if beside is not None:
            await end([beside])


def _collect_garbage_rarely() -> None:
    """Keep the search for garbage from holding up every request for some 50 ms, again and again.

    What is there by now stays. What comes later is searched often while it is young; the old, which is nearly all
    what this process remembers of the log, once in a long while.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


async def _beside(meanwhile: Callable[[], Awaitable[None]], server: uvicorn.Server) -> None:
    try:
        await meanwhile()
    except Exception:
        server.should_exit = True
        raise
