"""A partner's server for callbacks, which answers as a test tells it to."""

import asyncio
import json
from typing import Any, Self

ACCEPTING = '{"code":"0000","msg":"성공하였습니다."}'


class Receiver:
    """Keeps what arrives in `bodies` and `headers`; answers with `answers` in turn, then with `answer`."""

    def __init__(self) -> None:
        self.answer = ACCEPTING
        self.status = "200 OK"
        self.answers: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.together_max = 0
        self._together = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/callback"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def bill_ids(self) -> list[str]:
        """The bills that arrived, in order."""
        return [body["bill_id"] for body in self.bodies]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.headers.append(head)
        lengths = [line.split(":")[1] for line in head.lower().splitlines() if line.startswith("content-length:")]
        if lengths:
            self.bodies.append(json.loads(await reader.readexactly(int(lengths[0]))))
        answer = self.answers.pop(0) if self.answers else self.answer
        self._together += 1
        self.together_max = max(self.together_max, self._together)
        await self.gate.wait()
        self._together -= 1
        content = answer.encode()
        start = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        writer.write(start.encode() + content)
        await writer.drain()
        writer.close()
