"""The role of BI tools: it reads the views, and can read, change and call nothing else."""

from collections.abc import Iterator

import psycopg
import pytest

from projections.reporting.views import VIEWS
from services.store.migrate import migrate
from tests.conftest import empty_ledger
from tests.store.clusters import Cluster, ask

OWN_SCHEMAS = "nspname !~ '^pg_' AND nspname <> 'information_schema'"
RIGHTS = """
    WITH granted (what, acl) AS (
        SELECT format('%s %s', relkind, oid::regclass), relacl FROM pg_class
        UNION ALL SELECT format('column %s.%s', attrelid::regclass, attname), attacl FROM pg_attribute
        UNION ALL SELECT format('schema %s', nspname), nspacl FROM pg_namespace
        UNION ALL SELECT format('function %s', oid::regprocedure), proacl FROM pg_proc
        UNION ALL SELECT format('database %s', datname), datacl FROM pg_database WHERE datname = current_database()
        UNION ALL SELECT format('to come in %s: %s', defaclnamespace::regnamespace, defaclobjtype), defaclacl
                    FROM pg_default_acl
    )
    SELECT what, string_agg(privilege_type, ' ' ORDER BY privilege_type), bool_or(is_grantable)
      FROM granted, aclexplode(acl) WHERE grantee = 'folio_reporting'::regrole GROUP BY what
"""
BELONGINGS = """
    SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication,
           EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid),
           EXISTS (SELECT FROM pg_shdepend WHERE refobjid = pg_roles.oid AND deptype = 'o')
      FROM pg_roles WHERE rolname = 'folio_reporting'
"""
RELATIONS = f"""
    SELECT pg_class.oid::regclass::text, nspname = 'reporting'
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE {OWN_SCHEMAS} AND relkind IN ('r', 'v', 'm', 'p', 'S', 'f') ORDER BY 1
"""
CALLS = f"""
    SELECT format('SELECT %I.%I(%s)', nspname, proname,
                  (SELECT string_agg(format('NULL::%s', type::regtype), ', ') FROM unnest(proargtypes) AS type))
      FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
     WHERE {OWN_SCHEMAS} AND prokind IN ('f', 'p') ORDER BY 1
"""
CHANGES = (
    "INSERT INTO {} DEFAULT VALUES",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "SELECT FROM {} FOR UPDATE",
    "LOCK {} IN ACCESS EXCLUSIVE MODE",
    "CREATE RULE none AS ON INSERT TO {} DO INSTEAD NOTHING",
    "COMMENT ON {} IS 'mine'",
)
REFUSED = psycopg.errors.InsufficientPrivilege
REFUSED_ON_VIEWS = (REFUSED, psycopg.errors.WrongObjectType, psycopg.errors.ObjectNotInPrerequisiteState)
"""Of a view PostgreSQL may say first that such a thing is not done to views."""
OTHERWISE = (
    "SET ROLE folio_service",
    "SET SESSION AUTHORIZATION folio",
    "SET session_replication_role = replica",
    "CREATE TABLE reporting.more ()",
    "CREATE VIEW reporting.more AS SELECT 1",
    "CREATE TABLE public.more ()",
    "CREATE SCHEMA more",
    "DROP VIEW reporting.bills",
    "ALTER VIEW reporting.bills OWNER TO folio_reporting",
    "CREATE OR REPLACE VIEW reporting.bills AS SELECT 1",
    "UPDATE reporting.accommodations SET name = 'mine'",
    "TABLE pg_authid",
    "COPY reporting.bills TO PROGRAM 'true'",
    "SELECT pg_read_file('postgresql.conf')",
)


@pytest.fixture(scope="module")
def sound(postgres: str) -> str:
    """A database with an empty ledger, which nothing that uses it may change."""
    empty_ledger(postgres)
    return postgres


@pytest.fixture(scope="module")
def tool(sound: str) -> Iterator[psycopg.Connection]:
    """A connection of a BI tool, with a login that is a member of the role and nothing else."""
    cluster = Cluster(sound)
    with (
        cluster.login("hotel_bi", "IN ROLE folio_reporting") as name,
        psycopg.connect(cluster.address(name, "folio"), autocommit=True) as connection,
    ):
        yield connection


def test_the_role_has_the_rights_on_the_views_and_no_others(sound: str) -> None:
    rights = {what: (granted, grantable) for what, granted, grantable in ask(sound, RIGHTS)}
    assert rights == {
        **{f"v {view.full_name}": ("SELECT", False) for view in VIEWS},
        "schema reporting": ("USAGE", False),
        "database folio": ("CONNECT", False),
        "to come in reporting: r": ("SELECT", False),
    }


def test_the_role_owns_nothing_belongs_to_no_other_and_is_no_login(sound: str) -> None:
    assert ask(sound, BELONGINGS) == [(False,) * 8]


def test_a_tool_reads_every_view_and_no_other_table(sound: str, tool: psycopg.Connection) -> None:
    relations = ask(sound, RELATIONS)
    assert [name for name, is_view in relations if is_view] == sorted(view.full_name for view in VIEWS)
    assert sum(not is_view for _, is_view in relations) > 25
    for name, is_view in relations:
        if is_view:
            tool.execute(f"TABLE {name}".encode())
        else:
            with pytest.raises(REFUSED):
                tool.execute(f"TABLE {name}".encode())


@pytest.mark.parametrize("change", CHANGES)
def test_a_tool_changes_and_locks_nothing(sound: str, tool: psycopg.Connection, change: str) -> None:
    for name, is_view in ask(sound, RELATIONS):
        kind = "VIEW" if is_view else "TABLE"
        statement = change.format(f"{kind} {name}" if change.startswith("COMMENT") else name)
        with pytest.raises(REFUSED_ON_VIEWS if is_view else REFUSED), tool.transaction():
            tool.execute(statement.encode())


def test_a_tool_calls_no_function_of_the_service(sound: str, tool: psycopg.Connection) -> None:
    calls = [call for (call,) in ask(sound, CALLS)]
    assert len(calls) > 5
    for call in calls:
        with pytest.raises(REFUSED, match="permission denied for schema"):
            tool.execute(call.encode())


@pytest.mark.parametrize("statement", OTHERWISE)
def test_a_tool_takes_no_other_way(tool: psycopg.Connection, statement: str) -> None:
    with pytest.raises(REFUSED):
        tool.execute(statement.encode())


def test_migrating_again_grants_nothing_more(sound: str) -> None:
    before = ask(sound, RIGHTS)
    assert migrate(sound) == 0
    assert ask(sound, RIGHTS) == before
