"""Whether a database is of the version of the service that checks it: a check brings nothing up to date."""

import psycopg

from services.store.connection import connect_blocking
from services.store.migrate import shipped_migrations

SELECT_APPLIED = "SELECT number, digest FROM folio_migrations"


def is_of_this_version(conninfo: str) -> bool:
    """Whether exactly the migrations of this version were applied. Raises psycopg.Error."""
    with connect_blocking(conninfo) as connection:
        try:
            applied = {number: bytes(digest) for number, digest in connection.execute(SELECT_APPLIED)}
        except psycopg.errors.UndefinedTable:
            return False
    return applied == {migration.number: migration.digest for migration in shipped_migrations()}
