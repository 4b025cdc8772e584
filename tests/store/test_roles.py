"""The service's role: every connection works as it, it cannot change the log, and it comes to be in every setting."""

import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from services.bootstrap import Service, make_service
from services.payssam.client import PayssamClient
from services.provision import Collecting
from services.store.connection import connect, connect_blocking, connect_patiently
from services.store.migrate import MigrationError, migrate, shipped_migrations
from services.store.roles import as_service
from tests.conftest import ADMIN_KEY, empty_ledger, ready_client
from tests.store.clusters import Cluster, ask

CHANGES = (
    "UPDATE {} SET {} = {}",
    "UPDATE {} SET {} = {} WHERE false",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "ALTER TABLE {} ADD COLUMN more text",
    "ALTER TABLE {} DISABLE TRIGGER refuse_change",
    "ALTER TABLE {} OWNER TO folio_service",
    "DROP TRIGGER refuse_change ON {}",
    "CREATE TRIGGER more BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE none AS ON INSERT TO {} DO INSTEAD NOTHING",
    "DROP TABLE {}",
    "DROP TABLE {} CASCADE",
    "CREATE TABLE read_model.more (stream text REFERENCES {})",
    "SELECT FROM {} FOR UPDATE",
    "DROP SCHEMA ledger CASCADE",
    "ALTER FUNCTION ledger.refuse_change() RENAME TO gone",
    "SET session_replication_role = replica",
    "CREATE TABLE ledger.more ()",
)
MAKING = ("CREATE ROLE folio_service NOLOGIN", "CREATE ROLE folio_reporting NOLOGIN")
SECONDS_MAX = 60
RIGHTS = """
    SELECT relnamespace::regnamespace || '.' || relname, string_agg(privilege, ' ' ORDER BY privilege)
      FROM (SELECT relnamespace, relname, privilege_type, grantee
              FROM pg_class, aclexplode(relacl) WHERE relkind IN ('r', 'S', 'v')
            UNION ALL
            SELECT relnamespace, relname, format('%s(%s)', privilege_type, attname), grantee
              FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
           ) AS granted (relnamespace, relname, privilege, grantee)
     WHERE grantee = 'folio_service'::regrole AND relnamespace::regnamespace::text !~ '^(read_model|reporting)'
     GROUP BY 1
"""
SAID = "permission denied|must be owner|must be able to|no privileges"


@pytest.fixture
def cluster(postgres: str) -> Cluster:
    """The server of the tests."""
    return Cluster(postgres)


def test_an_address_works_as_the_role_and_keeps_its_options() -> None:
    address = conninfo_to_dict(
        as_service("postgresql://desk:s3cret@db/hotel?options=-c%20lock_timeout%3D3s", "timezone=UTC")
    )
    assert address["options"] == "-c lock_timeout=3s -c role=folio_service -c timezone=UTC"
    assert (address["user"], address["password"], address["dbname"]) == ("desk", "s3cret", "hotel")


def test_no_address_leads_around_the_role(database: str) -> None:
    with connect_blocking(as_service(f"{database} options='-c role=none'")) as connection:
        assert connection.execute("SELECT current_user, session_user").fetchall() == [("folio_service", "folio")]


@pytest.fixture
async def whole(database: str) -> AsyncIterator[Service]:
    """The service with everything that may connect."""
    collecting = Collecting(PayssamClient("http://127.0.0.1:9", "key", "v2", None), SecretStr("key"))
    async with make_service(database, ADMIN_KEY, collecting) as service, ready_client(service):
        yield service


async def test_the_pools_of_the_running_service_work_as_the_role_in_utc(whole: Service) -> None:
    assert whole.office_pool is not None
    for pool in (whole.pool, whole.office_pool):
        async with pool.connection() as connection:
            cursor = await connection.execute("SELECT current_user, current_setting('timezone')")
            assert await cursor.fetchall() == [("folio_service", "UTC")]


async def test_the_other_ways_to_connect_work_as_the_role(database: str) -> None:
    who = "SELECT current_user"
    async with await connect(database, "tests") as listening, await connect_patiently(database, "tests") as building:
        assert await (await listening.execute(who)).fetchone() == ("folio_service",)
        assert await (await building.execute(who)).fetchone() == ("folio_service",)
    with connect_blocking(database) as command:
        assert command.execute(who).fetchone() == ("folio_service",)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("ledger.events", "topic"),
        ("ledger.aliases", "stream"),
        ("ledger.links", "hash"),
        ("ledger.checkpoints", "root"),
    ],
)
def test_the_service_cannot_change_the_log(sound: str, table: str, column: str, change: str) -> None:
    with connect_blocking(sound) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege, match=SAID):
        connection.execute(change.format(table, column, column).encode())


@pytest.fixture(scope="module")
def sound(postgres: str) -> str:
    """A database with an empty ledger, which nothing that uses it may change."""
    empty_ledger(postgres)
    return postgres


def test_the_role_has_the_rights_that_the_service_uses_and_no_others(sound: str) -> None:
    found = ask(sound, RIGHTS)
    assert dict(found) == {
        "ledger.aliases": "INSERT SELECT",
        "ledger.api_keys": "INSERT SELECT UPDATE(revoked_at)",
        "ledger.checkpoints": "INSERT SELECT",
        "ledger.events": "INSERT SELECT",
        "ledger.heads": "INSERT SELECT UPDATE",
        "ledger.idempotency_keys": "DELETE INSERT SELECT",
        "ledger.links": "INSERT SELECT",
        "ledger.log_head": "SELECT UPDATE",
        "ledger.personal_data_keys": "INSERT MAINTAIN SELECT UPDATE",
        "ledger.signing_keys": "INSERT SELECT",
        "ledger.tree": "INSERT SELECT UPDATE",
        "collection.agenda": "DELETE INSERT SELECT UPDATE",
        "collection.callbacks": "INSERT MAINTAIN SELECT UPDATE",
        "collection.differences": "INSERT",
        "public.folio_migrations": "SELECT",
    }


def test_an_alias_is_for_good_whoever_would_change_it(database: str) -> None:
    administrator = Cluster(database).administrator
    ask(database, "INSERT INTO ledger.aliases VALUES ('B-1', 'bill/1')")
    for change in (
        "UPDATE ledger.aliases SET stream = 'bill/2'",
        "DELETE FROM ledger.aliases",
        "TRUNCATE ledger.aliases",
    ):
        for who in (database, administrator):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="the log is never changed"):
                ask(who, "SET session_replication_role = replica" if who == administrator else "SELECT", change)
    assert ask(database, "TABLE ledger.aliases") == [("B-1", "bill/1")]


def test_other_logins_of_the_server_have_no_rights(database: str, cluster: Cluster) -> None:
    named = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ({})"
    schemas = ("'ledger', 'collection', 'read_model', 'read_model_beside'",)
    tables = [name for (name,) in ask(database, named.format(*schemas))]
    assert len(tables) > 15
    with cluster.login("stranger"):
        for table in [*tables, "folio_migrations"]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(cluster.address("stranger", "folio"), f"TABLE {table}")


@pytest.fixture
def owner(cluster: Cluster) -> Iterator[str]:
    """A login that owns a database and may make no roles."""
    with cluster.login("landlord") as name:
        yield name


def tables_of(conninfo: str) -> list[tuple[str]]:
    return ask(conninfo, "SELECT tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_)' ORDER BY 1")


@pytest.mark.parametrize("applied", [0, 9])
def test_a_login_that_may_make_no_roles_is_told_what_to_run_and_changes_nothing(
    cluster: Cluster, owner: str, applied: int
) -> None:
    shipped, statements = shipped_migrations(), (*MAKING, 'GRANT folio_service TO "landlord"')
    with cluster.without_roles(), cluster.database(owner) as address:
        if applied:
            ask(cluster.administrator, *statements)
            migrate(address, shipped[:applied])
            ask(cluster.administrator, "DROP ROLE folio_service, folio_reporting")
        before = tables_of(address)
        with pytest.raises(MigrationError) as refused:
            migrate(address)
        assert str(refused.value).endswith(f"Let an administrator run: {'; '.join(statements)};")
        assert tables_of(address) == before
        ask(cluster.administrator, *statements)
        assert migrate(address) == len(shipped) - applied
        assert migrate(address) == 0


def test_a_database_from_before_the_role_for_reporting_needs_that_role_alone(cluster: Cluster, owner: str) -> None:
    service, reporting = MAKING
    with cluster.without_roles(), cluster.database(owner) as address:
        ask(cluster.administrator, service, "GRANT folio_service TO landlord")
        with pytest.raises(MigrationError, match=f"The role folio_reporting is missing.* run: {reporting};$"):
            migrate(address)
        ask(cluster.administrator, reporting)
        assert migrate(address) == len(shipped_migrations())


def test_a_login_that_is_no_member_of_the_role_is_told_what_to_run(cluster: Cluster, owner: str) -> None:
    with cluster.database(owner) as address:
        with pytest.raises(MigrationError, match=r'Let an administrator run: GRANT folio_service TO "landlord";$'):
            migrate(address)
        assert tables_of(address) == []


def test_databases_that_migrate_at_the_same_time_make_the_role_once(cluster: Cluster) -> None:
    names = [f"hotel_{number}" for number in range(4)]
    with cluster.login("landlord", "CREATEROLE") as owner, cluster.without_roles(), ExitStack() as stack:
        addresses = [stack.enter_context(cluster.database(owner, name)) for name in names]
        with ThreadPoolExecutor(len(names)) as pool:
            assert list(pool.map(migrate, addresses)) == [len(shipped_migrations())] * len(names)
        for address in addresses:
            with connect_blocking(address) as connection:
                assert connection.execute("SELECT count(*) FROM ledger.events").fetchone() == (0,)


def test_a_role_that_another_migration_makes_at_this_moment_is_taken_as_it_is(cluster: Cluster) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'landlord' AND wait_event_type = 'Lock'"
    with (
        cluster.login("landlord", "CREATEROLE") as owner,
        cluster.without_roles(),
        cluster.database(owner) as address,
        psycopg.connect(cluster.administrator) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute("CREATE ROLE folio_service NOLOGIN")
        other.execute("GRANT folio_service TO landlord")
        migrating = pool.submit(migrate, address)
        while not migrating.done() and ask(cluster.administrator, waiting) == [(0,)]:
            time.sleep(0.01)
        other.commit()
        assert migrating.result(SECONDS_MAX) == len(shipped_migrations())
