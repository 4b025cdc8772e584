"""The demonstration's payment provider: the sandbox, beside the service, with its bills in the data folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.payssam.sandbox import SandboxSettings, running_sandbox
from services.serving import PortTaken, listen

HOST = "127.0.0.1"
FILE = "payssam-sandbox.db"


@dataclass(frozen=True)
class SandboxProvider:
    """Where the sandbox listens, and the key that it wants."""

    address: str
    api_key: str


@asynccontextmanager
async def sandbox(data: Path, port: int) -> AsyncIterator[SandboxProvider]:
    """The sandbox, on this port or a free one, while the context is open."""
    try:
        listening = listen(HOST, port)
    except (PortTaken, OverflowError):
        listening = listen(HOST, 0)
    address = "http://{}:{}".format(*listening.getsockname())
    settings = SandboxSettings(data=data / FILE, public_url=address)
    with listening:
        async with running_sandbox(settings, listening):
            yield SandboxProvider(address, settings.api_key)
