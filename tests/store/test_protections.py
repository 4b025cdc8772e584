"""The log's protections: all stand in a sound database, and each that is taken away is found."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from services.store.connection import connect
from services.store.protections import PARTS, PROTECTED, missing_protections, shipped_functions
from tests.conftest import empty_ledger

Administrator = psycopg.AsyncConnection[tuple[object, ...]]

UNDONE = {
    "ALTER ROLE folio_service RENAME TO other": "There is no role folio_service.",
    "DROP SCHEMA ledger CASCADE": "There is no schema ledger.",
    "ALTER ROLE folio_service SUPERUSER": "The role folio_service is a superuser.",
    "ALTER ROLE folio_service BYPASSRLS": "The role folio_service has BYPASSRLS.",
    "GRANT postgres TO folio_service": "The role postgres, of which folio_service is a member, is a superuser.",
    "REVOKE folio_service FROM folio; GRANT folio TO folio_service": (
        "The role folio, of which folio_service is a member, owns the table ledger.events."
    ),
    "REVOKE folio_service FROM folio; CREATE ROLE between; GRANT folio TO between;"
    " GRANT between TO folio_service WITH INHERIT FALSE": (
        "The role folio, of which folio_service is a member, owns the table ledger.aliases."
    ),
    "GRANT pg_execute_server_program TO folio_service": (
        "The role pg_execute_server_program, of which folio_service is a member, may write files of the server."
    ),
    "GRANT pg_write_all_data TO folio_service": "folio_service has the right UPDATE on ledger.events.",
    "ALTER TABLE ledger.events OWNER TO folio_service": "The role folio_service owns the table ledger.events.",
    "ALTER SCHEMA ledger OWNER TO folio_service": "The role folio_service owns the schema ledger.",
    "ALTER DATABASE folio OWNER TO folio_service": "The role folio_service owns the database folio.",
    "ALTER FUNCTION ledger.refuse_change OWNER TO folio_service": (
        "The role folio_service owns the function ledger.refuse_change."
    ),
    "GRANT CREATE ON SCHEMA ledger TO PUBLIC": "PUBLIC has the right CREATE on the schema ledger.",
    "GRANT UPDATE ON ledger.events TO folio_service": "folio_service has the right UPDATE on ledger.events.",
    "GRANT UPDATE (state) ON ledger.events TO folio_service": "folio_service has the right UPDATE on ledger.events.",
    "GRANT DELETE ON ledger.events TO folio_service": "folio_service has the right DELETE on ledger.events.",
    "GRANT TRUNCATE ON ledger.events TO folio_service": "folio_service has the right TRUNCATE on ledger.events.",
    "GRANT REFERENCES ON ledger.events TO folio_service": "folio_service has the right REFERENCES on ledger.events.",
    "GRANT TRIGGER ON ledger.events TO folio_service": "folio_service has the right TRIGGER on ledger.events.",
    "GRANT DELETE ON ledger.aliases TO PUBLIC": "PUBLIC has the right DELETE on ledger.aliases.",
    "CREATE ROLE lent; GRANT DELETE ON ledger.events TO lent; GRANT lent TO folio_service WITH INHERIT FALSE": (
        "lent, of which folio_service is a member, has the right DELETE on ledger.events."
    ),
    "ALTER TABLE ledger.events RENAME TO gone": "ledger.events is missing.",
    "ALTER TABLE ledger.events RENAME TO gone; CREATE VIEW ledger.events AS TABLE ledger.gone": (
        "ledger.events is no ordinary table."
    ),
    "ALTER TABLE ledger.events SET UNLOGGED": "ledger.events does not survive a crash.",
    "ALTER TABLE ledger.events ENABLE ROW LEVEL SECURITY": "ledger.events hides rows by policies.",
    "CREATE RULE none AS ON INSERT TO ledger.events DO INSTEAD NOTHING": "ledger.events has the rule none.",
    "CREATE TABLE ledger.more () INHERITS (ledger.events)": "ledger.events shows the rows of ledger.more.",
    "ALTER TABLE ledger.events DROP CONSTRAINT events_pkey": (
        "ledger.events has not: PRIMARY KEY (originator_id, originator_version)."
    ),
    "ALTER TABLE ledger.events DROP CONSTRAINT events_position_key": "ledger.events has not: UNIQUE (notification_id).",
    "ALTER TABLE ledger.events DROP COLUMN recorded_at": (
        "ledger.events has not: recorded_at timestamp with time zone NOT NULL."
    ),
    "ALTER TABLE ledger.events ALTER COLUMN topic DROP NOT NULL": "ledger.events has not: topic text NOT NULL.",
    "ALTER TABLE ledger.aliases DROP CONSTRAINT aliases_pkey": "ledger.aliases has not: PRIMARY KEY (alias).",
    "DROP TRIGGER refuse_change ON ledger.events": "The trigger refuse_change on ledger.events is missing.",
    "DROP TRIGGER refuse_change ON ledger.aliases": "The trigger refuse_change on ledger.aliases is missing.",
    "ALTER TABLE ledger.events DISABLE TRIGGER ALL": (
        "The trigger refuse_change on ledger.events is not always enabled."
    ),
    "DROP TRIGGER forget_guest ON ledger.events": "The trigger forget_guest on ledger.events is missing.",
    "ALTER TABLE ledger.events DISABLE TRIGGER forget_guest": (
        "The trigger forget_guest on ledger.events is not always enabled."
    ),
    "ALTER TABLE ledger.events ENABLE TRIGGER forget_guest": (
        "The trigger forget_guest on ledger.events is not always enabled."
    ),
    "CREATE OR REPLACE TRIGGER forget_guest AFTER INSERT ON ledger.events"
    " FOR EACH ROW WHEN (NEW.topic = 'folio.guest_forgotten' AND false) EXECUTE FUNCTION ledger.forget_guest()": (
        "The trigger forget_guest on ledger.events is not for every guest who is forgotten."
    ),
    "CREATE OR REPLACE TRIGGER forget_guest AFTER INSERT ON ledger.events"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger.forget_guest()": (
        "The trigger forget_guest on ledger.events is not for every guest who is forgotten."
    ),
    "CREATE OR REPLACE TRIGGER forget_guest AFTER INSERT ON ledger.events FOR EACH ROW"
    " WHEN (NEW.topic = 'folio.guest_forgotten') EXECUTE FUNCTION ledger.refuse_change()": (
        "The trigger forget_guest on ledger.events calls another function."
    ),
    "CREATE OR REPLACE FUNCTION ledger.destroy_personal_data(folio text) RETURNS void LANGUAGE plpgsql"
    " AS 'BEGIN END'": "The function ledger.destroy_personal_data is not as shipped.",
    "ALTER TABLE ledger.aliases ENABLE TRIGGER refuse_change": (
        "The trigger refuse_change on ledger.aliases is not always enabled."
    ),
    "CREATE OR REPLACE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON ledger.events"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()": (
        "The trigger refuse_change on ledger.events is not for every UPDATE, DELETE and TRUNCATE."
    ),
    "CREATE OR REPLACE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.events"
    " FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION ledger.refuse_change()": (
        "The trigger refuse_change on ledger.events is not for every UPDATE, DELETE and TRUNCATE."
    ),
    "CREATE FUNCTION ledger.nod() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
    " CREATE OR REPLACE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.events"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger.nod()": (
        "The trigger refuse_change on ledger.events calls another function."
    ),
    "CREATE TRIGGER swallow BEFORE INSERT ON ledger.events"
    " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()": (
        "The trigger swallow on ledger.events is not shipped."
    ),
    "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": (
        "The function ledger.refuse_change is not as shipped."
    ),
    "ALTER FUNCTION ledger.append SECURITY DEFINER": "The function ledger.append is not as shipped.",
    "ALTER FUNCTION ledger.append_together SET search_path = public": (
        "The function ledger.append_together is not as shipped."
    ),
    "ALTER FUNCTION ledger.append_together RENAME TO gone": "The function ledger.append_together is missing.",
    "CREATE FUNCTION ledger.append_together(text, interval) RETURNS int LANGUAGE sql AS 'SELECT 1'": (
        "The function ledger.append_together is there more than once."
    ),
}
"""What an administrator may do, and one sentence of those that tell of it."""


@pytest.fixture
async def administrator(protected: str) -> AsyncIterator[Administrator]:
    """An administrator of the database, all of whose doing is undone at the end."""
    async with await psycopg.AsyncConnection.connect(make_conninfo(protected, user="postgres")) as connection:
        yield connection
        await connection.rollback()


@pytest.fixture(scope="module")
def protected(postgres: str) -> str:
    """A database with an empty ledger, which every test here leaves as it was."""
    empty_ledger(postgres)
    return postgres


async def test_nothing_is_missing_in_a_new_database_whoever_looks(protected: str, administrator: Administrator) -> None:
    async with await connect(protected, "tests") as service:
        assert await missing_protections(service) == []
    assert await missing_protections(administrator) == []


@pytest.mark.parametrize(("statement", "sentence"), UNDONE.items())
async def test_a_protection_that_is_taken_away_is_found(
    administrator: Administrator, statement: str, sentence: str
) -> None:
    await administrator.execute(statement.encode())
    assert sentence in await missing_protections(administrator)


async def test_the_names_of_other_schemas_confuse_nothing(administrator: Administrator) -> None:
    await administrator.execute("CREATE TABLE public.events (LIKE ledger.events)")
    await administrator.execute("SET search_path = ledger, public")
    assert await missing_protections(administrator) == []


def test_every_protected_table_has_its_parts_and_every_function_a_body() -> None:
    assert PARTS.keys() == PROTECTED.keys()
    assert shipped_functions().keys() >= {"refuse_change", "append", "append_together"}
    assert all(body.strip().endswith("END;") for body in shipped_functions().values())
