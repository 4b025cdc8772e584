"""Databases and logins beside those of the tests, as an administrator of the same server makes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

PASSWORD = "password-of-a-login"
DATABASE = "hotel"
ROLES = ("folio_service", "folio_reporting")


def ask(conninfo: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements, each committed; the rows of the last one."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


class Cluster:
    """A server, seen by its administrator."""

    def __init__(self, conninfo: str) -> None:
        self.administrator = make_conninfo(conninfo, user="postgres")

    @contextmanager
    def login(self, name: str, rights: str = "") -> Iterator[str]:
        """A login with these rights, whose name is given."""
        ask(self.administrator, f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' {rights}")
        try:
            yield name
        finally:
            ask(self.administrator, f"DROP OWNED BY {name} CASCADE", f"DROP ROLE {name}")

    @contextmanager
    def database(self, owner: str, name: str = DATABASE) -> Iterator[str]:
        """An empty database of this owner, whose address of it is given."""
        ask(self.administrator, f"CREATE DATABASE {name} OWNER {owner}")
        try:
            yield self.address(owner, name)
        finally:
            ask(self.administrator, f"DROP DATABASE {name} (FORCE)")

    def address(self, login: str, database: str = DATABASE) -> str:
        """How this login connects to a database."""
        return make_conninfo(self.administrator, user=login, password=PASSWORD, dbname=database)

    @contextmanager
    def without_roles(self) -> Iterator[None]:
        """The roles are missing; those made meanwhile are dropped at the end, when nothing may be their own."""
        for role in ROLES:
            ask(self.administrator, f"ALTER ROLE {role} RENAME TO {role}_put_aside")
        try:
            yield
        finally:
            for role in ROLES:
                ask(
                    self.administrator,
                    f"DROP ROLE IF EXISTS {role}",
                    f"ALTER ROLE {role}_put_aside RENAME TO {role}",
                )
