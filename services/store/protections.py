"""Whether the log is still protected against changes, even those that only an administrator of the database can undo.

Each check is a query for what is wrong; where it finds no row, the protection stands.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from services.store.migrate import shipped_migrations
from services.store.roles import SERVICE_ROLE

CHANGING = ("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

PROTECTED: Mapping[str, Sequence[str]] = {
    "ledger.events": CHANGING,
    "ledger.aliases": CHANGING,
    "ledger.links": CHANGING,
    "ledger.checkpoints": CHANGING,
    "ledger.signing_keys": CHANGING,
}
"""The tables to which is only ever added, and the rights on them that the service must not have."""

PARTS: Mapping[str, Sequence[str]] = {
    "ledger.events": (
        "notification_id bigint NOT NULL",
        "originator_id text NOT NULL",
        "originator_version bigint NOT NULL",
        "topic text NOT NULL",
        "state bytea NOT NULL",
        "recorded_at timestamp with time zone NOT NULL",
        "PRIMARY KEY (originator_id, originator_version)",
        "UNIQUE (notification_id)",
        "CHECK ((notification_id > 0)) NOT VALID",
    ),
    "ledger.aliases": ("alias text NOT NULL", "stream text NOT NULL", "PRIMARY KEY (alias)"),
    "ledger.links": (
        "position bigint NOT NULL",
        "chain text NOT NULL",
        "number bigint NOT NULL",
        "previous bytea NOT NULL",
        "hash bytea NOT NULL",
        'PRIMARY KEY ("position")',
        "UNIQUE (chain, number)",
        'CHECK (("position" > 0)) NOT VALID',
    ),
    "ledger.checkpoints": (
        "number bigint NOT NULL",
        "position bigint NOT NULL",
        "made_at timestamp with time zone NOT NULL",
        "root bytea NOT NULL",
        "previous bytea NOT NULL",
        "key_id text NOT NULL",
        "signature bytea NOT NULL",
        "PRIMARY KEY (number)",
        'UNIQUE ("position")',
    ),
    "ledger.signing_keys": (
        "key_id text NOT NULL",
        "public_key bytea NOT NULL",
        "PRIMARY KEY (key_id)",
    ),
}
"""What each protected table must have, in PostgreSQL's words."""

FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION ledger\.(\w+).*?\$\$(.*?)\$\$", re.DOTALL)

GIVEN = """
    WITH RECURSIVE role AS (
        SELECT oid, rolname, rolname::text AS name, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = %(role)s::text
         UNION
        SELECT above.oid, above.rolname, format('%%s, of which %%s is a member,', above.rolname, %(role)s::text),
               above.rolsuper, above.rolbypassrls
          FROM role JOIN pg_auth_members ON member = role.oid JOIN pg_roles AS above ON above.oid = roleid
    ), grantee AS (
        SELECT oid, name FROM role WHERE NOT rolsuper UNION ALL SELECT 0, 'PUBLIC'
    ), schema AS (
        SELECT oid, nspowner FROM pg_namespace WHERE nspname = 'ledger'
    ), protected AS (
        SELECT given.name, pg_class.*
          FROM unnest(%(tables)s::text[]) AS given (name) CROSS JOIN schema
          LEFT JOIN pg_class ON relnamespace = schema.oid AND 'ledger.' || relname = given.name
    ), shipped AS (
        SELECT given.name, given.body, lanname, pg_proc.*
          FROM unnest(%(functions)s::text[], %(bodies)s::text[]) AS given (name, body) CROSS JOIN schema
          LEFT JOIN pg_proc ON pronamespace = schema.oid AND proname = given.name
          LEFT JOIN pg_language ON pg_language.oid = prolang
    ), refusing AS (
        SELECT protected.name, pg_trigger.*
          FROM protected LEFT JOIN pg_trigger ON tgrelid = protected.oid AND tgname = 'refuse_change'
         WHERE protected.oid IS NOT NULL
    ), forgetting AS (
        SELECT protected.name, split_part(pg_get_triggerdef(pg_trigger.oid), ' EXECUTE ', 1) AS definition, pg_trigger.*
          FROM protected LEFT JOIN pg_trigger ON tgrelid = protected.oid AND tgname = 'forget_guest'
         WHERE protected.name = 'ledger.events' AND protected.oid IS NOT NULL
    )
"""
"""What the checks look at: the service's role with all that it is a member of, who else might have rights, the schema,
the protected tables, the functions, the triggers that refuse changes and the one that forgets guests."""

CHECKS: Mapping[str, str] = {
    "There is no {} {}.": """
        SELECT 'role', %(role)s::text WHERE NOT EXISTS (SELECT FROM role)
        UNION ALL SELECT 'schema', 'ledger' WHERE NOT EXISTS (SELECT FROM schema)
    """,
    "The role {} {}.": """
        SELECT name, 'is a superuser' FROM role WHERE rolsuper
        UNION ALL SELECT name, 'has BYPASSRLS' FROM role WHERE rolbypassrls
        UNION ALL SELECT name, 'may write files of the server' FROM role
                   WHERE rolname IN ('pg_write_server_files', 'pg_execute_server_program')
    """,
    "The role {} owns the {} {}.": """
        SELECT role.name, 'table', protected.name FROM protected JOIN role ON role.oid = relowner
        UNION ALL SELECT role.name, 'schema', 'ledger' FROM schema JOIN role ON role.oid = nspowner
        UNION ALL SELECT role.name, 'database', datname FROM pg_database JOIN role ON role.oid = datdba
                   WHERE datname = current_database()
        UNION ALL SELECT role.name, 'function', 'ledger.' || shipped.name FROM shipped JOIN role ON role.oid = proowner
    """,
    "{} has the right {} on {}.": """
        SELECT grantee.name, privilege, protected.name
          FROM grantee CROSS JOIN protected
          JOIN unnest(%(righted)s::text[], %(rights)s::text[]) AS forbidden (table_name, privilege)
               ON table_name = protected.name
         WHERE relowner <> grantee.oid
           AND (has_table_privilege(grantee.oid, protected.oid, privilege)
                OR (privilege IN ('UPDATE', 'REFERENCES')
                    AND has_any_column_privilege(grantee.oid, protected.oid, privilege)))
        UNION ALL
        SELECT grantee.name, 'CREATE', 'the schema ledger' FROM grantee JOIN schema ON nspowner <> grantee.oid
         WHERE has_schema_privilege(grantee.oid, schema.oid, 'CREATE')
        ORDER BY 1, 3, 2
    """,
    "{} {}.": """
        SELECT name, 'is missing' FROM protected WHERE oid IS NULL
        UNION ALL SELECT name, 'is no ordinary table' FROM protected WHERE relkind <> 'r'
        UNION ALL SELECT name, 'does not survive a crash' FROM protected WHERE relpersistence <> 'p'
        UNION ALL SELECT name, 'hides rows by policies' FROM protected WHERE relrowsecurity
        UNION ALL SELECT name, 'has the rule ' || rulename FROM protected JOIN pg_rewrite ON ev_class = protected.oid
        UNION ALL SELECT name, 'shows the rows of ' || inhrelid::regclass
                    FROM protected JOIN pg_inherits ON inhparent = protected.oid
    """,
    "{} has not: {}.": """
        SELECT table_name, part
          FROM protected JOIN unnest(%(parted)s::text[], %(parts)s::text[]) AS given (table_name, part)
               ON table_name = protected.name
         WHERE NOT EXISTS (
                SELECT FROM pg_attribute
                 WHERE attrelid = protected.oid AND NOT attisdropped
                   AND part = format('%%s %%s', attname, format_type(atttypid, atttypmod))
                              || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END)
           AND NOT EXISTS (
                SELECT FROM pg_constraint
                 WHERE conrelid = protected.oid AND contype IN ('p', 'u', 'c') AND part = pg_get_constraintdef(oid))
           AND protected.oid IS NOT NULL
    """,
    "The trigger {} on {} {}.": """
        SELECT 'refuse_change', name, 'is missing' FROM refusing WHERE tgname IS NULL
        UNION ALL SELECT tgname, name, 'is not always enabled' FROM refusing WHERE tgenabled <> 'A'
        UNION ALL SELECT tgname, name, 'is not for every UPDATE, DELETE and TRUNCATE' FROM refusing
                   WHERE (tgtype, tgattr::text, tgqual IS NULL) <> (2 + 8 + 16 + 32, '', true)
        UNION ALL SELECT tgname, name, 'calls another function' FROM refusing
                   WHERE tgfoid NOT IN (SELECT oid FROM shipped WHERE proname = 'refuse_change')
        UNION ALL SELECT 'forget_guest', name, 'is missing' FROM forgetting WHERE tgname IS NULL
        UNION ALL SELECT tgname, name, 'is not always enabled' FROM forgetting WHERE tgenabled <> 'A'
        UNION ALL SELECT tgname, name, 'is not for every guest who is forgotten' FROM forgetting
                   WHERE definition <> 'CREATE TRIGGER forget_guest AFTER INSERT ON ledger.events FOR EACH ROW'
                                    || ' WHEN ((new.topic = ''folio.guest_forgotten''::text))'
        UNION ALL SELECT tgname, name, 'calls another function' FROM forgetting
                   WHERE tgfoid NOT IN (SELECT oid FROM shipped WHERE proname = 'forget_guest')
        UNION ALL SELECT tgname, protected.name, 'is not shipped'
                    FROM protected JOIN pg_trigger ON tgrelid = protected.oid AND NOT tgisinternal
                   WHERE tgname <> 'refuse_change'
                     AND tgfoid NOT IN (SELECT oid FROM shipped WHERE oid IS NOT NULL)
    """,
    "The function ledger.{} {}.": """
        SELECT name, 'is missing' FROM shipped WHERE oid IS NULL
        UNION ALL SELECT name, 'is there more than once' FROM shipped GROUP BY name HAVING count(oid) > 1
        UNION ALL SELECT name, 'is not as shipped' FROM shipped
                   WHERE prosrc <> body OR prosecdef OR proconfig IS NOT NULL OR lanname <> 'plpgsql'
    """,
}
"""What is said of each row that a query finds."""


async def missing_protections(connection: psycopg.AsyncConnection[Any]) -> list[str]:
    """What does not protect the log as it should, a sentence each; none when all is in order.

    Looks only, and needs no right but to connect. Raises psycopg.Error.
    """
    functions = shipped_functions()
    parameters: dict[str, Any] = {
        "role": SERVICE_ROLE,
        "tables": list(PROTECTED),
        "righted": [table for table, rights in PROTECTED.items() for _ in rights],
        "rights": [right for rights in PROTECTED.values() for right in rights],
        "parted": [table for table, parts in PARTS.items() for _ in parts],
        "parts": [part for parts in PARTS.values() for part in parts],
        "functions": list(functions),
        "bodies": list(functions.values()),
    }
    found = []
    async with connection.cursor(row_factory=tuple_row) as cursor:
        for sentence, query in CHECKS.items():
            await cursor.execute((GIVEN + query).encode(), parameters)
            found += [sentence.format(*row) for row in await cursor.fetchall()]
    return found


def shipped_functions() -> dict[str, str]:
    """The functions of the schema `ledger` with their bodies, as the migrations leave them."""
    return {name: body for migration in shipped_migrations() for name, body in FUNCTION.findall(migration.sql)}
