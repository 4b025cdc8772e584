"""The database takes no writes for a while, as after a failover to a standby: an outage, and no fault of ours."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from services.bootstrap import Service, make_service
from services.payssam.client import PayssamClient
from services.provision import Collecting
from tests.conftest import ADMIN_KEY
from tests.rest.support import NEW_BILL, expect_problem

SECONDS_MAX = 20
CALLBACK = '{"apikey":"key-of-the-partner","bill_id":"AAAAAAAAAAAAAAAAAAAA","appr_state":"F"}'


@pytest.fixture
async def service(database: str) -> AsyncIterator[Service]:
    """The service, with a provider that is nowhere."""
    provider = PayssamClient("http://127.0.0.1:9", "key-of-the-partner", "v2", None)
    collecting = Collecting(provider, SecretStr("key-of-the-partner"))
    async with make_service(database, ADMIN_KEY, collecting) as running:
        async with asyncio.timeout(SECONDS_MAX):
            while running.trouble is not None:
                await asyncio.sleep(0.01)
        yield running


@pytest.fixture
def standby(database: str, service: Service) -> Iterator[psycopg.Connection]:
    """A connection of an administrator; the database takes writes again afterwards."""
    with psycopg.connect(database, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        yield connection
        set_read_only(connection, "off")


def set_read_only(connection: psycopg.Connection, value: str) -> None:
    """Let the database take writes or not, in every connection from now on."""
    connection.execute(f"ALTER DATABASE folio SET default_transaction_read_only = {value}".encode())
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'folio%'")


async def test_no_write_is_answered_with_success_or_a_fault_until_the_database_takes_them_again(
    client: httpx.AsyncClient, standby: psycopg.Connection
) -> None:
    path = "/v1/folios/F/bills"
    assert (await client.post(path, json=NEW_BILL)).status_code == 201
    set_read_only(standby, "on")
    expect_problem(await client.post(path, json=NEW_BILL), 503, "SERVICE_UNAVAILABLE")
    expect_problem(await client.post("/callbacks/payssam", content=CALLBACK), 503, "SERVICE_UNAVAILABLE")
    set_read_only(standby, "off")
    async with asyncio.timeout(SECONDS_MAX):
        while (await client.post(path, json=NEW_BILL)).status_code != 201:
            await asyncio.sleep(0.05)
        while (answer := await client.post("/callbacks/payssam", content=CALLBACK)).status_code != 200:
            await asyncio.sleep(0.05)
    assert answer.json()["code"] == "0000"
    assert len((await client.get("/v1/folios/F")).json()["bills"]) == 2
