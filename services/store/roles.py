"""The role that the service works as, whoever logs in, and the one that BI tools read with; migrations 0010 and 0013
say what they may do.

They belong to the whole server: several databases share them, and the migration of another may make them at any moment.
"""

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SERVICE_ROLE = "folio_service"
REPORTING_ROLE = "folio_reporting"

MAKE = "CREATE ROLE {} NOLOGIN"
GRANT = f"GRANT {SERVICE_ROLE} TO {{}}"
IS_THERE = "SELECT to_regrole(%(role)s) IS NOT NULL"
MAY_WORK_AS = """
    SELECT pg_has_role(%(login)s, role, 'USAGE') AND pg_has_role(%(login)s, role, 'SET')
      FROM CAST(to_regrole(%(role)s) AS oid) AS role
"""


class RoleRefused(Exception):
    """The login may not make the role, or not let itself work as it; the message says what an administrator runs."""


def as_service(conninfo: str, *settings: str) -> str:
    """The address whose connections work as the service's role, with further settings such as `timezone=UTC`.

    Options that the address has are kept; where they say otherwise, these count.
    """
    given = conninfo_to_dict(conninfo).get("options") or ""
    added = [f"-c {setting}" for setting in (f"role={SERVICE_ROLE}", *settings)]
    return make_conninfo(conninfo, options=" ".join([str(given), *added]).strip())


def may_work_as_service(connection: psycopg.Connection, login: str) -> bool:
    """Whether there is the role and the login may work as it. Raises psycopg.Error."""
    return _says(connection, MAY_WORK_AS, {"login": login, "role": SERVICE_ROLE})


def provide_roles(connection: psycopg.Connection, login: str) -> None:
    """Make the roles that are missing, and let a login work as the service's; the connection commits each statement.

    Raises RoleRefused; then nothing has changed.
    """
    grant = sql.SQL(GRANT).format(sql.Identifier(login))
    missing = [role for role in (SERVICE_ROLE, REPORTING_ROLE) if not _says(connection, IS_THERE, {"role": role})]
    for role in missing:
        try:
            connection.execute(MAKE.format(role).encode())
        except (errors.DuplicateObject, errors.UniqueViolation):
            pass  # it was made in this moment
        except errors.InsufficientPrivilege as error:
            statements = [MAKE.format(each) for each in missing]
            if not may_work_as_service(connection, login):
                statements.append(grant.as_string())
            raise RoleRefused(
                f"The role {' and the role '.join(missing)} is missing, and {login} may make none."
                f" Let an administrator run: {'; '.join(statements)};"
            ) from error
    try:
        connection.execute(grant)
    except errors.InsufficientPrivilege as error:
        if not may_work_as_service(connection, login):
            raise RoleRefused(
                f"{login} may not work as the role {SERVICE_ROLE}. Let an administrator run: {grant.as_string()};"
            ) from error


def _says(connection: psycopg.Connection, question: str, parameters: dict[str, str]) -> bool:
    row = connection.execute(question.encode(), parameters).fetchone()
    return row is not None and bool(row[0])
