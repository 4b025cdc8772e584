"""A socket between a service and its PostgreSQL that loses answers and goes silent on command."""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

READY = b"Z\x00\x00\x00\x05I"
"""PostgreSQL's ReadyForQuery outside a transaction: what was asked before is committed."""
CHUNK_BYTES = 65536


class Proxy:
    """Passes bytes between clients and the server of `conninfo`; `self.conninfo` leads through it."""

    def __init__(self, conninfo: str) -> None:
        parts = conninfo_to_dict(conninfo)
        self._target = f"{parts['host']}/.s.PGSQL.{parts['port']}"
        self._folder = Path(tempfile.mkdtemp(prefix="folio-proxy-"))
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._to_lose: list[bytes] = []
        self._open = asyncio.Event()
        self._open.set()
        self.lost = 0
        self.answered = 0
        """How often the server was ready for the next question: how many it has answered."""
        self.conninfo = make_conninfo(conninfo, host=str(self._folder))

    def lose_answers_to(self, *statements: bytes) -> None:
        """Break the connection after the server has done the next statement that contains each of these, in turn."""
        self._to_lose = list(statements)

    def be_silent(self) -> None:
        """Accept everything and pass nothing on, as a network that swallows packets."""
        self._open.clear()

    def speak(self) -> None:
        """Pass on again."""
        self._open.set()

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_unix_server(self._accept, f"{self._folder}/.s.PGSQL.5432")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        shutil.rmtree(self._folder)

    async def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            server, to_server = await asyncio.open_unix_connection(self._target)
            try:
                await self._serve(client, to_client, server, to_server)
            finally:
                to_server.close()
        to_client.close()

    async def _serve(
        self,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        losing = asyncio.Event()

        async def asking() -> None:
            while data := await client.read(CHUNK_BYTES):
                await self._open.wait()
                if self._to_lose and self._to_lose[0] in data:
                    self._to_lose.pop(0)
                    losing.set()
                to_server.write(data)
                await to_server.drain()

        async def answering() -> None:
            answer = end = b""
            while data := await server.read(CHUNK_BYTES):
                self.answered += (end + data).count(READY[:-1])
                end = data[-len(READY) + 2 :]
                await self._open.wait()
                answer = answer + data if losing.is_set() else b""
                if answer.endswith(READY):
                    self.lost += 1
                    return
                if not losing.is_set():
                    to_client.write(data)
                    await to_client.drain()

        ways = {asyncio.ensure_future(asking()), asyncio.ensure_future(answering())}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
