"""`folio keys`: API keys are made, listed and revoked."""

import re
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from services.access import Role
from services.billing.ids import PMS_ID_PATTERN
from services.store import api_keys
from services.terminal import DEFAULT_DATA, Data, fail, prepared_database, tell

KEY_NAME_LENGTH_MAX = 100

keys = typer.Typer(help="API keys: make, list, revoke.", no_args_is_help=True)


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="Who uses it; kept in every event.")],
    role: Annotated[str, typer.Option(help="pms, auditor or admin.")] = "pms",
    accommodation: Annotated[
        list[str] | None, typer.Option(help="Limit the key to this accommodation; may be given several times.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Make a key and print it, the only time that it is to be seen."""
    roles: dict[str, Role] = {"pms": "pms", "auditor": "auditor", "admin": "admin"}
    if role not in roles:
        fail(f"There is no role {role!r}; choose pms, auditor or admin.")
    if not 1 <= len(name) <= KEY_NAME_LENGTH_MAX or not name.isprintable():
        fail(f"A name is 1 to {KEY_NAME_LENGTH_MAX} printable characters.")
    for each in accommodation or []:
        if not re.fullmatch(PMS_ID_PATTERN, each):
            fail(f"{each!r} is no accommodation id: up to 64 of A-Z a-z 0-9 . _ : -")
    with prepared_database(data) as conninfo:
        key = api_keys.create_key(conninfo, name, roles[role], accommodation or None)
    sys.stdout.write(key + "\n")


@keys.command("list")
def keys_list(data: Data = DEFAULT_DATA) -> None:
    """List the keys; the keys themselves are stored hashed and cannot be shown."""
    with prepared_database(data) as conninfo:
        stored = api_keys.list_keys(conninfo)
    table = Table(Column("id", no_wrap=True), "name", "role", "accommodations", "created", "revoked", box=None)
    for key in stored:
        reach = "all" if key.accommodations is None else ", ".join(key.accommodations)
        revoked = f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else ""
        table.add_row(key.id, key.name, key.role, reach, f"{key.created_at:%Y-%m-%d}", revoked)
    Console().print(table)


@keys.command("revoke")
def keys_revoke(key: Annotated[str, typer.Argument(help="The key's name or id.")], data: Data = DEFAULT_DATA) -> None:
    """End a key; a running service refuses it within two seconds."""
    with prepared_database(data) as conninfo:
        if not api_keys.revoke_key(conninfo, key):
            fail(f"There is no key {key!r} to revoke; 'folio keys list' shows them.")
    tell(f"Revoked {key}.")
