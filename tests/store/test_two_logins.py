"""In production the service may have a login of its own, which is nothing but a member of the service's role."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import httpx
import psycopg
import pytest

from projections.building import Building, Progress
from projections.place import SERVING
from projections.rebuild import rebuild
from projections.verification import Difference, verify
from services.bootstrap import CODEC, READ_MODELS, Service, make_service, prepare_database
from services.store.api_keys import create_key
from services.store.connection import connect
from services.store.migrate import MigrationError, migrate, shipped_migrations
from services.store.protections import missing_protections
from tests.conftest import ADMIN_KEY, Desk, ready_client
from tests.projections.books import open_books
from tests.rest.support import NEW_BILL, expect_problem
from tests.store.clusters import Cluster, ask

BEFORE_THE_ROLE = 9
HEADERS = {"Authorization": f"Bearer {ADMIN_KEY}"}
LOG = ("ledger.events", "ledger.aliases", "ledger.log_head")


@pytest.fixture
def cluster(postgres: str) -> Cluster:
    """The server of the tests."""
    return Cluster(postgres)


@pytest.fixture
def owner(cluster: Cluster) -> Iterator[str]:
    """The address of a login that owns a new database, and may work as the role."""
    with cluster.login("landlord") as name, cluster.database(name) as address:
        ask(cluster.administrator, f"GRANT folio_service TO {name}")
        yield address


@pytest.fixture
def tenant(cluster: Cluster, owner: str) -> Iterator[str]:
    """The address of a login of the same database that is a member of the role and nothing else."""
    assert owner
    with cluster.login("tenant", "IN ROLE folio_service") as name:
        yield cluster.address(name)


async def expect_sound(conninfo: str) -> None:
    async with await connect(conninfo, "tests") as connection:
        assert await missing_protections(connection) == []


async def test_a_login_with_nothing_but_the_role_serves_commands_queries_and_rebuilds(owner: str, tenant: str) -> None:
    await asyncio.to_thread(prepare_database, owner)
    await asyncio.to_thread(create_key, tenant, "desk", "pms", None)
    async with make_service(tenant, ADMIN_KEY) as service, ready_client(service) as client:
        desk = Desk(client)
        bill = await desk.add_bill()
        await desk.pay(bill, 30_000, applyToBalance=True)
        assert (await desk.folio("FOLIO-1"))["balanceAmount"] == 70_000
        await rebuild(tenant, READ_MODELS, CODEC, Progress())
        await desk.add_bill(total=5_000)
        assert (await desk.folio("FOLIO-1"))["balanceAmount"] == 75_000
        assert not [
            found async for found in verify(tenant, READ_MODELS, CODEC, Progress()) if isinstance(found, Difference)
        ]
    await expect_sound(tenant)


async def test_such_a_login_fills_the_read_models_of_a_newer_version(owner: str, tenant: str) -> None:
    await asyncio.to_thread(prepare_database, owner)
    async with open_books(owner) as books:
        await books.add_bill()
    newer = [replace(model, version=model.version + 1) for model in READ_MODELS]
    assert (await rebuild(tenant, newer, CODEC, Progress())).keys() == {model.name for model in READ_MODELS}


def test_such_a_login_migrates_nothing_and_says_who_can(owner: str, tenant: str) -> None:
    with pytest.raises(MigrationError, match=r"^tenant may not bring .* Let its owner run 'folio migrate'"):
        migrate(tenant)
    assert migrate(owner, shipped_migrations()[:BEFORE_THE_ROLE]) == BEFORE_THE_ROLE
    with pytest.raises(MigrationError, match=r"permission denied for table folio_migrations\. Let its owner run"):
        migrate(tenant)
    assert migrate(owner) == len(shipped_migrations()) - BEFORE_THE_ROLE
    assert migrate(tenant) == 0


async def test_a_service_whose_login_may_not_migrate_says_so(owner: str, tenant: str) -> None:
    assert migrate(owner, shipped_migrations()[:BEFORE_THE_ROLE]) == BEFORE_THE_ROLE
    async with make_service(tenant, ADMIN_KEY) as service:
        await service.begun.wait()
        assert service.trouble is not None
        assert service.trouble.startswith("tenant may not bring the database up to date")
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://folio", headers=HEADERS) as client:
            assert (await client.get("/health/ready")).json()["detail"] == service.trouble
            for method, path in (("GET", "/v1/folios/F"), ("POST", "/v1/folios/F/bills"), ("GET", "/v1/events")):
                expect_problem(await client.request(method, path, json=NEW_BILL), 503, "SERVICE_UNAVAILABLE")


async def test_a_login_without_the_role_is_told_how_to_get_it(cluster: Cluster, owner: str) -> None:
    migrate(owner)
    told = r'needs no more than: GRANT folio_service TO "stranger";$'
    with cluster.login("stranger"), pytest.raises(MigrationError, match=told):
        migrate(cluster.address("stranger"))


def test_an_owner_who_may_no_longer_work_as_the_role_is_told_how_to_get_it_back(cluster: Cluster, owner: str) -> None:
    migrate(owner)
    ask(cluster.administrator, "REVOKE folio_service FROM landlord")
    with pytest.raises(MigrationError, match=r'Let an administrator run: GRANT folio_service TO "landlord";$'):
        migrate(owner)


async def test_a_database_from_before_the_role_goes_on_with_its_data(service: Service, desk: Desk, owner: str) -> None:
    bill = await desk.add_bill()
    await desk.pay(bill, 30_000, applyToBalance=True)
    await asyncio.to_thread(migrate, owner, shipped_migrations()[:BEFORE_THE_ROLE])
    await asyncio.to_thread(copy_log, service.conninfo, owner)
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as connection:
        building = Building(connection, connection, SERVING, CODEC)
        for model in READ_MODELS:
            await building.begin(model, *model.indexes)
    before = ask(owner, "TABLE ledger.events")
    await asyncio.to_thread(prepare_database, owner)
    assert ask(owner, "TABLE ledger.events") == before
    await expect_sound(owner)
    async with make_service(owner, ADMIN_KEY) as moved, ready_client(moved) as client:
        assert await Desk(client).bill(bill["id"]) == await desk.bill(bill["id"])
        await Desk(client).pay(bill, 70_000, applyToBalance=True)
        assert (await Desk(client).folio("FOLIO-1"))["balanceAmount"] == 0
    await expect_sound(owner)


def copy_log(source: str, target: str) -> None:
    """Let an older database hold what this one holds."""
    ask(target, "DELETE FROM ledger.log_head")
    with psycopg.connect(source) as reading, psycopg.connect(target) as writing:
        for table in LOG:
            with (
                reading.cursor().copy(f"COPY {table} TO STDOUT".encode()) as out,
                writing.cursor().copy(f"COPY {table} FROM STDIN".encode()) as into,
            ):
                for data in out:
                    into.write(data)
