"""The demonstration's API key: made once, kept in the data folder, and shown again at every start."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from services.demo.catalogue import HOTELS
from services.demo.client import DemoFailed, ask
from services.store import api_keys
from services.store.embedded_account import write_private

NAME = "demo"
FILE = "demo-key"


@dataclass(frozen=True)
class DemoKey:
    """The key, and when it was made: what the service keeps for it is not older."""

    key: str
    made_at: datetime


async def demo_key(client: httpx.AsyncClient, conninfo: str, data: Path) -> DemoKey:
    """The key in the data folder if it works here, or a new one in its place.

    Raises DemoFailed when it cannot be kept, psycopg.Error.
    """
    file = data / FILE
    try:
        kept = file.read_text(errors="replace").strip() if file.exists() else ""
        works = kept.isascii() and kept.isprintable() and kept != "" and await _works(client, kept)
        key = kept if works else await asyncio.to_thread(_make, conninfo, file)
    except OSError as error:
        raise DemoFailed(f"The key of the demonstration cannot be kept in {file}: {error.strerror}.") from error
    made_at = await asyncio.to_thread(_made_at, conninfo)
    return DemoKey(key, made_at)


async def _works(client: httpx.AsyncClient, key: str) -> bool:
    path = f"/v1/accommodations/{HOTELS[0].id}"
    response = await ask(client, "GET", path, headers={b"Authorization": f"Bearer {key}".encode()})
    return response.status_code == 200  # noqa: PLR2004


def _make(conninfo: str, file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        key = api_keys.create_key(conninfo, NAME, "pms", None)
    except api_keys.NameTaken:
        # The key of that name is lost: only its digest is stored, so nobody can show it again.
        api_keys.revoke_key(conninfo, NAME)
        key = api_keys.create_key(conninfo, NAME, "pms", None)
    write_private(file, key)
    return key


def _made_at(conninfo: str) -> datetime:
    live = (key.created_at for key in api_keys.list_keys(conninfo) if key.name == NAME and key.revoked_at is None)
    return next(live, datetime.now(UTC))
