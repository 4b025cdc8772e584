"""The whole service on a database with a provider in memory, and what the front desk does with it, in a line."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from pydantic import SecretStr

from services.access import Role
from services.bootstrap import Service, make_service
from services.collection.office import Office
from services.provision import Collecting
from services.rest.schemas import PaymentRequest
from services.store.api_keys import create_key
from services.store.tasks import end
from tests.collection.fake_provider import FakeProvider
from tests.conftest import ADMIN_KEY, Desk

CALLBACK_KEY = "callback-key"
NAME, PHONE, MESSAGE = "홍길동무", "01098765432", "체크아웃 전에 부탁드립니다"
ASK = {"customerName": NAME, "phone": "010-9876-5432", "amount": 30_000, "message": MESSAGE}
SECONDS_MAX = 30
OPERATIONS = ("resend", "destroy", "refund", "sync")


@dataclass
class Front:
    """A service, its provider, and a client with the admin's key."""

    service: Service
    provider: FakeProvider
    client: httpx.AsyncClient
    desk: Desk

    @property
    def office(self) -> Office:
        """The office of the service."""
        assert self.service.office is not None
        return self.service.office

    async def ask(self, bill: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        """Ask for money of a bill, a new one unless it is given; returns the request."""
        answer = await self.try_ask(bill, **body)
        return checked(self.desk.expect(202, answer))

    async def try_ask(self, bill: dict[str, Any] | None = None, **body: Any) -> httpx.Response:
        """Ask for money, with these values in the body; None leaves one out."""
        bill = bill or await self.desk.add_bill()
        given = {name: value for name, value in {**ASK, **body}.items() if value is not None}
        return await self.client.post(f"/v1/bills/{bill['id']}/payment-requests", json=given)

    async def sent(self, bill: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        """A request that is with the guest."""
        request = await self.ask(bill, **body)
        await self.office.collector.attend(request["id"], ask_first=False)
        return await self.get(request)

    async def paid(self, bill: dict[str, Any] | None = None) -> dict[str, Any]:
        """A request that is known to be paid."""
        request = await self.sent(bill)
        self.provider.pay(request["id"])
        await self.office.collector.attend(request["id"], ask_first=True)
        return await self.get(request)

    async def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request as the interface shows it."""
        answer = await self.client.get(f"/v1/payment-requests/{request['id']}")
        return checked(self.desk.expect(200, answer))

    async def operate(self, operation: str, request: dict[str, Any], **more: Any) -> httpx.Response:
        """Resend, destroy, refund or sync."""
        return await self.client.post(f"/v1/payment-requests/{request['id']}/{operation}", **more)

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the database, whatever the service's own rights."""
        async with await psycopg.AsyncConnection.connect(
            self.service.conninfo, autocommit=True, options="-c timezone=UTC"
        ) as connection:
            return await (await connection.execute(statement.encode())).fetchall()

    async def read_inbox_until(self, settled: Callable[[], Any]) -> None:
        """Let the attendant read callbacks until this holds."""
        task = asyncio.create_task(self.office.attendant.read_inbox())
        try:
            async with asyncio.timeout(SECONDS_MAX):
                while not await settled():
                    await asyncio.sleep(0.01)
        finally:
            await end([task])

    @asynccontextmanager
    async def client_of(
        self, name: str, role: Role, accommodations: list[str] | None = None
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A client with a key of its own."""
        key = await asyncio.to_thread(create_key, self.service.conninfo, name, role, accommodations)
        async with client_for(self.service, key) as client:
            yield client


def checked(body: dict[str, Any]) -> dict[str, Any]:
    """A payment request that must be of the form that is described."""
    PaymentRequest.model_validate(body)
    return body


def client_for(service: Service, key: str = ADMIN_KEY, host: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client of a service in this process, which comes from this address."""
    transport = httpx.ASGITransport(service.app, client=(host, 40_000))
    return httpx.AsyncClient(transport=transport, base_url="http://folio", headers={"Authorization": f"Bearer {key}"})


@asynccontextmanager
async def open_front(
    database: str,
    *,
    sources: frozenset[str] = frozenset(),
    automatic_card_payment: bool = False,
    attended: bool = False,
) -> AsyncIterator[Front]:
    """The service, ready; `attended` sends and looks by itself."""
    provider = FakeProvider()
    collecting = Collecting(provider, SecretStr(CALLBACK_KEY), sources, automatic_card_payment)
    async with (
        make_service(database, ADMIN_KEY, collecting, attended=attended) as service,
        client_for(service) as client,
    ):
        async with asyncio.timeout(SECONDS_MAX):
            while (await client.get("/health/ready")).status_code != 200:
                await asyncio.sleep(0.01)
        yield Front(service, provider, client, Desk(client))
