"""The sandbox put together, and served."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Self

import uvicorn
from starlette.applications import Starlette

from services.payssam.sandbox.calls import Calls
from services.payssam.sandbox.control import Control
from services.payssam.sandbox.courier import Courier
from services.payssam.sandbox.deliveries import Deliveries
from services.payssam.sandbox.desk import Desk
from services.payssam.sandbox.dropping import DroppableProtocol
from services.payssam.sandbox.faults import Faults
from services.payssam.sandbox.index import index_routes
from services.payssam.sandbox.page import page_routes
from services.payssam.sandbox.payments import Payments
from services.payssam.sandbox.provider import Provider
from services.payssam.sandbox.settings import SandboxSettings
from services.payssam.sandbox.store import Store
from services.payssam.sandbox.wire import wire_routes

SHUTDOWN_SECONDS_MAX = 3


class Sandbox:
    """A stand-in for the provider: `app` answers while the context is open, which also sends the callbacks.

    The application has no lifespan. Served by anything but `running_sandbox` and `serve_sandbox` it cannot drop
    connections: those faults are exceptions then.
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self._store = Store(settings.data)
        deliveries = Deliveries(self._store)
        provider = Provider(settings, self._store)
        faults = Faults()
        self._courier = Courier(settings, deliveries)
        payments = Payments(settings, provider, deliveries, faults)
        self.desk = Desk(settings, self._store, provider, payments, deliveries, self._courier)
        self.app = Starlette(
            routes=[
                *wire_routes(Calls(settings, self._store, provider), faults),
                *page_routes(self.desk),
                *Control(self.desk, faults).routes(),
                *index_routes(self._store.newest),
            ]
        )

    async def __aenter__(self) -> Self:
        # Which callbacks are held to be reordered is known until a restart; afterwards they just go.
        self.desk.release_callbacks()
        self._sending = asyncio.create_task(self._courier.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sending
        self._store.close()


class Server(uvicorn.Server):
    """A server that ends at a signal without raising it again, so that what is around it closes in order."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Finish the requests under way; a second Ctrl-C does not wait for them."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


class QuietServer(uvicorn.Server):
    """A server that leaves signals to the program it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield


async def serve_sandbox(settings: SandboxSettings, listening: socket.socket) -> None:
    """Serve on a listening socket until a signal (SIGINT, SIGTERM) comes."""
    async with Sandbox(settings) as sandbox:
        await Server(_config(sandbox)).serve(sockets=[listening])


@asynccontextmanager
async def running_sandbox(settings: SandboxSettings, listening: socket.socket) -> AsyncIterator[Sandbox]:
    """Serve on a listening socket while the context is open, inside another program; signals are not touched."""
    async with Sandbox(settings) as sandbox:
        server = QuietServer(_config(sandbox))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield sandbox
        finally:
            server.should_exit = True
            await serving


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox.app,
        http=DroppableProtocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
    )
