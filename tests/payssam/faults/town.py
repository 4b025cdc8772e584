"""A small town: a hotel's service in a process of its own, the provider's sandbox, and the ways between them."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import httpx

from services.payssam.sandbox import SandboxSettings, running_sandbox
from tests.faults.server import HEADERS, SECONDS_MAX, Server, free_port

Version = Literal["v1", "v2"]
HOTEL = "HOTEL-1"
PHONE = "010-1234-5678"
HOUR_SECONDS = 0.5
"""How long the hour between two callbacks lasts."""
POINTS = 10_000_000
AT_ONCE = 8


class CollectingServer(Server):
    """`folio serve` that asks guests for money through a sandbox."""

    def __init__(self, data: Path, database_url: str, provider_port: int, version: Version = "v2") -> None:
        super().__init__(data, database_url)
        self._environment |= {
            "FOLIO_PAYSSAM_BASE_URL": f"http://127.0.0.1:{provider_port}",
            "FOLIO_PAYSSAM_API_KEY": "sandbox-key",
            "FOLIO_PAYSSAM_API_VERSION": version,
            "FOLIO_PUBLIC_URL": self.address,
        }


class Provider:
    """The sandbox as its control API shows it, on a port that stays its own over restarts."""

    def __init__(self, data: Path | None = None) -> None:
        self.port = free_port()
        self._data = data
        self._running = AsyncExitStack()
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}/sandbox", timeout=SECONDS_MAX)

    async def open(self, points: int = POINTS) -> None:
        """Start to serve; `points` are those of a new data file."""
        settings = SandboxSettings(data=self._data, hour_seconds=HOUR_SECONDS, points=points)
        listening = socket.create_server(("127.0.0.1", self.port))
        await self._running.enter_async_context(running_sandbox(settings, listening))

    async def close(self) -> None:
        """Serve no more; the connection is refused from now on."""
        await self._running.aclose()

    async def order(self, path: str, **body: Any) -> int:
        """Order something; the status of the answer, 404 and 409 for what the provider would refuse."""
        answer = await self.client.post(path, json=body)
        assert answer.status_code in {200, 204, 404, 409}, answer.text
        return answer.status_code

    async def pay(self, request_id: str, **body: Any) -> int:
        """Pay as the guest."""
        return await self.order(f"/bills/{request_id}/pay", **body)

    async def spare(self) -> None:
        """Nothing goes wrong any more."""
        answer = await self.client.delete("/faults")
        assert answer.status_code == 204, answer.text

    async def look(self, path: str) -> dict[str, Any]:
        """Look something up."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def bills(self) -> dict[str, dict[str, Any]]:
        """Every bill by its id."""
        bills: dict[str, dict[str, Any]] = {}
        after: int | None = 0
        while after is not None:
            page = await self.look(f"/bills?after={after}&limit=1000")
            bills |= {bill["billId"]: bill for bill in page["bills"]}
            after = page["next"]
        return bills


class Hotel:
    """The service as the PMS uses it."""

    def __init__(self, address: str) -> None:
        self.client = httpx.AsyncClient(base_url=address, headers=HEADERS, timeout=SECONDS_MAX)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        """Call a command."""
        return await self.client.post(f"/v1{path}", json=body)

    async def get(self, path: str) -> dict[str, Any]:
        """Ask a query."""
        answer = await self.client.get(f"/v1{path}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def add_bill(self, folio: str = "FOLIO-1", total: int = 100_000) -> str:
        """Post a bill; its id."""
        answer = await self.post(f"/folios/{folio}/bills", accommodationId=HOTEL, name="Room", totalAmount=total)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def ask(self, bill_id: str, amount: int = 1_000, **more: Any) -> str:
        """Ask the guest for money; the request's id."""
        answer = await self.post(f"/bills/{bill_id}/payment-requests", **asking(amount, **more))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def operate(self, request_id: str, operation: str, key: str | None = None) -> httpx.Response:
        """Resend, destroy, refund or sync a request; `key` is the idempotency key."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.client.post(f"/v1/payment-requests/{request_id}/{operation}", headers=headers)

    async def request(self, request_id: str) -> dict[str, Any]:
        """A request as it is now."""
        return await self.get(f"/payment-requests/{request_id}")

    async def status(self, request_id: str) -> str:
        """What has become of a request."""
        return str((await self.request(request_id))["status"])

    async def become(self, request_id: str, *statuses: str) -> None:
        """Wait until a request has one of these statuses."""

        async def has_become() -> bool:
            return await self.status(request_id) in statuses

        await until(has_become, f"{request_id} is {' or '.join(statuses)}")

    async def requests(self) -> dict[str, dict[str, Any]]:
        """Every request by its id."""
        requests: dict[str, dict[str, Any]] = {}
        cursor = ""
        while True:
            page = await self.get(f"/accommodations/{HOTEL}/payment-requests?limit=500{cursor}")
            requests |= {request["id"]: request for request in page["items"]}
            if page["nextCursor"] is None:
                return requests
            cursor = f"&cursor={page['nextCursor']}"


def asking(amount: int, **more: Any) -> dict[str, Any]:
    """The body that asks a guest for money."""
    return {"customerName": "홍길동", "phone": PHONE, "amount": amount, **more}


@dataclass
class Town:
    """The hotel and its provider; `servers` are ended with the town, more of them may be added."""

    conninfo: str
    data: Path
    provider: Provider
    version: Version = "v2"
    servers: list[CollectingServer] = field(default_factory=list)
    hotels: list[Hotel] = field(default_factory=list)

    @property
    def server(self) -> CollectingServer:
        """The first server."""
        return self.servers[0]

    @property
    def hotel(self) -> Hotel:
        """The hotel at the first server."""
        return self.hotels[0]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self.servers:
            await asyncio.to_thread(server.kill)
        for hotel in self.hotels:
            await hotel.client.aclose()
        await self.provider.close()
        await self.provider.client.aclose()

    async def serve(self) -> Hotel:
        """Start a server more and wait until it is ready."""
        data = self.data / f"unused-{len(self.servers)}"
        server = CollectingServer(data, self.conninfo, self.provider.port, self.version)
        self.servers.append(server)
        hotel = Hotel(server.address)
        self.hotels.append(hotel)
        server.start()
        await asyncio.to_thread(server.wait_for, 200)
        return hotel

    async def reconcile(self) -> None:
        """Ask the provider about every request, and again about those that changed; for a provider without faults."""
        await until(self._all_final, "a payment that was announced is final")
        asked: dict[str, str] = {}
        while True:
            now = {each: request["status"] for each, request in (await self.hotel.requests()).items()}
            changed = {each: status for each, status in now.items() if status != asked.get(each)}
            if not changed:
                return
            asked = now
            limit = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._sync(each, changed[each], limit) for each in changed))

    async def _sync(self, request_id: str, status: str, limit: asyncio.Semaphore) -> None:
        if status == "REFUSED":
            return
        async with limit:
            answer = await self.hotel.operate(request_id, "sync")
        assert answer.status_code == 200, answer.text

    async def _all_final(self) -> bool:
        return not any(bill["state"] == "W" and bill["finalAt"] for bill in (await self.provider.bills()).values())


@asynccontextmanager
async def open_town(data: Path, conninfo: str, version: Version = "v2") -> AsyncIterator[Town]:
    """A town whose provider is open and whose hotel is ready."""
    async with Town(conninfo, data, Provider(), version) as town:
        await town.provider.open()
        await town.serve()
        yield town


async def until(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = SECONDS_MAX) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, f"not in {seconds:.0f} seconds: {what}"
        await asyncio.sleep(0.05)
