"""Views in the database: made when they are missing or defined otherwise, and led along when a table is swapped.

A view depends on the tables that it shows, which could not be dropped under it. It is never dropped for that, only
replaced, so that what others have built on it stays.
"""

import logging
import re
from collections.abc import Iterable, Sequence

import psycopg
from psycopg import errors, sql

from projections.place import LOCK_POSITIONS, Connection, Place
from projections.read_model import ReadModel
from projections.reporting.view import SCHEMA, View
from projections.reporting.views import VIEWS

LOCKS_SECONDS_MAX = 0.6
"""How long a swap waits for all its views together: less than PostgreSQL takes to blame a reader for a deadlock."""
ATTEMPTS_SECONDS = (0.05, 0.3, 1.2)
"""How long views that are made anew wait for their readers, who may read for hours."""

SELECT_MADE = """
    SELECT name, digest FROM read_model.definitions WHERE name = ANY(%(names)s) AND to_regclass(name) IS NOT NULL
"""
RECORD_MADE = """
    INSERT INTO read_model.definitions (name, digest) VALUES ({name}, {digest})
    ON CONFLICT (name) DO UPDATE SET digest = excluded.digest
"""
ONLY_FULL_NAMES = "SET LOCAL search_path = pg_catalog"
SELECT_STANDING = """
    SELECT DISTINCT relname, pg_get_viewdef(pg_class.oid)
      FROM pg_depend JOIN pg_rewrite ON pg_rewrite.oid = objid JOIN pg_class ON pg_class.oid = ev_class
     WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass
       AND refobjid = to_regclass(%(table)s) AND relkind = 'v' AND relnamespace = to_regnamespace(%(schema)s)
     ORDER BY relname
"""
REFUSALS = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.DependentObjectsStillExist,
    errors.InsufficientPrivilege,
)
"""What others have to do with a view, and nothing that the service cannot serve without."""

log = logging.getLogger(__name__)


async def limit_lock_waits(connection: Connection, seconds: float) -> None:
    """Let no statement of this transaction wait longer for one lock. Raises psycopg.Error."""
    await connection.execute(_lock_limit(seconds))


def _lock_limit(seconds: float) -> bytes:
    return f"SET LOCAL lock_timeout = {max(1, int(seconds * 1_000))}".encode()


async def make_views(connection: Connection, models: Sequence[ReadModel]) -> list[str]:
    """Make those views of these read models that are missing or defined otherwise; returns the names of those made.

    One that is read all the time, that belongs to somebody else, or that would lose columns on which something stands,
    is left as it was, and a warning says so. Raises psycopg.Error.
    """
    there = {model.name for model in models}
    shown = {view.full_name: view for view in VIEWS if there.issuperset(view.read_models)}
    cursor = await connection.execute(SELECT_MADE, {"names": list(shown)})
    made = {name: bytes(digest) for name, digest in await cursor.fetchall()}
    changed = [view for name, view in shown.items() if made.get(name) != view.digest]
    return [view.name for view in changed if await _make(connection, view)]


async def _make(connection: Connection, view: View) -> bool:
    for seconds in ATTEMPTS_SECONDS:
        try:
            try:
                await connection.execute(_whole_making(view, seconds))
            except errors.InvalidTableDefinition:  # columns were taken away, or are of another type
                await connection.execute(_whole_making(view, seconds, f"DROP VIEW {view.full_name}".encode()))
            return True
        except REFUSALS as error:
            refused = str(error).strip()
    log.warning("the view %s stays as it was until the next start: %s", view.full_name, refused)
    return False


def _whole_making(view: View, lock_seconds: float, *before: bytes) -> bytes:
    """Everything in one message, which is one transaction and takes one answer: there is much to say of columns."""
    names, name, digest = (sql.Literal(value).as_string() for value in (view.read_models, view.full_name, view.digest))
    return b"; ".join(
        (
            b"SET LOCAL synchronous_commit = off",
            _lock_limit(lock_seconds),
            LOCK_POSITIONS.replace("%(names)s", names).encode(),  # no swap meanwhile
            *before,
            _making(view.name, view.query),
            view.comments.encode(),
            RECORD_MADE.format(name=name, digest=digest).encode(),
        )
    )


async def lead_views(connection: Connection, model: ReadModel, place: Place, lock_seconds: float) -> None:
    """Let the views that stand on the table of a read model stand on the one at a place, which will be put there.

    Each stays as it is, whichever version of the service has made it; only when the other table has not what it
    shows, it becomes this version's, and one that this version knows nothing of is dropped. Raises psycopg.Error.
    """
    await connection.execute(ONLY_FULL_NAMES)
    parameters = {"table": f"read_model.{model.name}", "schema": SCHEMA}
    standing = await (await connection.execute(SELECT_STANDING, parameters)).fetchall()
    ours = {view.name: view.query for view in VIEWS}
    await limit_lock_waits(connection, min(lock_seconds, LOCKS_SECONDS_MAX) / max(1, len(standing)))
    for name, query in standing:
        queries = (query, ours[name]) if name in ours else (query,)
        if not await _led(connection, name, (_with_table_at(place, model, each) for each in queries)):
            await connection.execute(f"DROP VIEW {SCHEMA}.{name}".encode())
    await limit_lock_waits(connection, lock_seconds)


async def _led(connection: Connection, name: str, queries: Iterable[str]) -> bool:
    for query in queries:
        if await _replaced(connection, name, query):
            return True
    return False


def _with_table_at(place: Place, model: ReadModel, query: str) -> str:
    return re.sub(rf"\bread_model\.{model.name}\b", f"{place.schema}.{model.name}", query)


async def _replaced(connection: Connection, name: str, query: str) -> bool:
    """Make or replace a view; False when the tables have not what it shows, or it would lose columns it has."""
    try:
        async with connection.transaction():
            await connection.execute(_making(name, query))
    except psycopg.ProgrammingError:
        return False
    return True


def _making(name: str, query: str) -> bytes:
    return f"CREATE OR REPLACE VIEW {SCHEMA}.{name} AS {query}".encode()
