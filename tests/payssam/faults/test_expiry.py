"""The last day to pay passes: what was paid in time is money, the rest ends, and nothing is sent any more."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from services.bootstrap import Service, make_service
from services.collection import commands
from services.payssam.client import PayssamClient
from services.payssam.sandbox import SandboxSettings, running_sandbox
from services.provision import Collecting
from tests.conftest import ADMIN_KEY, Desk
from tests.faults.server import SECONDS_MAX, free_port
from tests.payssam.faults.town import asking

DAYS = commands.DAYS_TO_PAY + 1
REAL_DAY = commands.provider_day


class Calendar:
    """Days that pass at once, for the service and the sandbox alike."""

    days = 0

    def seconds(self) -> float:
        """The sandbox's clock."""
        return time.time() + self.days * 86_400

    def day(self, moment: datetime) -> date:
        """The service's day in Seoul."""
        return REAL_DAY(moment) + timedelta(days=self.days)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    """A calendar that the test turns."""
    made = Calendar()
    monkeypatch.setattr(commands, "provider_day", made.day)
    return made


@pytest.fixture
def port() -> int:
    """Where the provider is, when it is there."""
    return free_port()


@pytest.fixture
async def service(database: str, port: int) -> AsyncIterator[Service]:
    """The service in this process, which no callback reaches."""
    key = "sandbox-key"
    collecting = Collecting(PayssamClient(f"http://127.0.0.1:{port}", key, "v2", None), SecretStr(key))
    async with make_service(database, ADMIN_KEY, collecting) as running:
        async with asyncio.timeout(SECONDS_MAX):
            while running.trouble is not None:
                await asyncio.sleep(0.01)
        yield running


async def ask(desk: Desk, bill: dict[str, object]) -> str:
    """Ask for 1,000 won of a bill; the request's id."""
    answer = await desk.client.post(f"/v1/bills/{bill['id']}/payment-requests", json=asking(1_000))
    return str(desk.expect(202, answer)["id"])


async def become(client: httpx.AsyncClient, request_id: str, status: str) -> None:
    """Wait until a request has this status."""
    async with asyncio.timeout(SECONDS_MAX):
        while (await client.get(f"/v1/payment-requests/{request_id}")).json()["status"] != status:
            await asyncio.sleep(0.02)


async def test_what_was_paid_in_time_is_found_and_the_rest_expires_and_holds_no_money(
    desk: Desk, client: httpx.AsyncClient, calendar: Calendar, port: int
) -> None:
    bill = await desk.add_bill(total=3_000)
    listening = socket.create_server(("127.0.0.1", port))
    async with running_sandbox(SandboxSettings(clock=calendar.seconds), listening) as sandbox:
        unpaid, paid = await ask(desk, bill), await ask(desk, bill)
        for each in (unpaid, paid):
            await become(client, each, "SENT")
        sandbox.desk.pay(paid, by="test")
        calendar.days = DAYS
        for each, status in ((unpaid, "EXPIRED"), (paid, "PAID")):
            answer = await client.post(f"/v1/payment-requests/{each}/sync")
            assert desk.expect(200, answer)["status"] == status
        assert sandbox.desk.totals()["paidAmount"] == 1_000
        assert (await desk.bill(bill["id"]))["balanceAmount"] == 2_000
        again = [await ask(desk, bill), await ask(desk, bill)]
        for each in again:
            await become(client, each, "SENT")
        refused = await client.post(f"/v1/bills/{bill['id']}/payment-requests", json=asking(1))
        assert refused.status_code == 400, "all that is left was asked for again, and no more"


async def test_a_request_that_never_got_to_the_provider_expires_without_being_sent(
    desk: Desk, client: httpx.AsyncClient, calendar: Calendar, port: int
) -> None:
    bill = await desk.add_bill(total=1_000)
    late = await ask(desk, bill)
    async with asyncio.timeout(SECONDS_MAX):  # until it was tried
        while (await client.get(f"/v1/payment-requests/{late}")).json()["lastError"] is None:
            await asyncio.sleep(0.02)
    calendar.days = DAYS
    listening = socket.create_server(("127.0.0.1", port))
    async with running_sandbox(SandboxSettings(clock=calendar.seconds), listening) as sandbox:
        await become(client, late, "EXPIRED")
        assert sandbox.desk.totals()["bills"] == 0
        await become(client, await ask(desk, bill), "SENT")
