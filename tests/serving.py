"""The service on a real port, and clients with other keys than the admin's."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
import uvicorn

from services.access import Role
from services.bootstrap import Service
from services.serving import web_config
from services.store.api_keys import create_key

MakeClient = Callable[[str, Role, list[str] | None], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def address(service: Service) -> AsyncIterator[tuple[str, int]]:
    """Host and port where the service is served as in production."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(web_config(service.app))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()
        server.should_exit = True
        await serving


@pytest.fixture
async def client_of(service: Service) -> AsyncIterator[MakeClient]:
    """Makes a key, and a client that uses it."""
    async with AsyncExitStack() as opened:

        async def make(name: str, role: Role, accommodations: list[str] | None = None) -> httpx.AsyncClient:
            key = await asyncio.to_thread(create_key, service.conninfo, name, role, accommodations)
            headers = {"Authorization": f"Bearer {key}"}
            transport = httpx.ASGITransport(service.app)
            client = httpx.AsyncClient(transport=transport, base_url="http://folio", headers=headers)
            return await opened.enter_async_context(client)

        yield make
