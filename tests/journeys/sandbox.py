"""The payment provider's sandbox in a process of its own."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.faults.server import free_port
from tests.forking import Folio

SECONDS_MAX = 30.0
PROVIDER_KEY = "key-of-the-partner"


@dataclass(frozen=True)
class Sandbox:
    """Where it serves."""

    address: str

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a service that asks guests for money through it."""
        return {"FOLIO_PAYSSAM_BASE_URL": self.address, "FOLIO_PAYSSAM_API_KEY": PROVIDER_KEY}


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """A sandbox that answers; it ends with the context."""
    port = free_port()
    command = ["payssam-sandbox", "--port", str(port), "--api-key", PROVIDER_KEY]
    process = Folio(command, os.environ, (os.devnull, os.devnull, os.devnull))
    try:
        sandbox = Sandbox(f"http://127.0.0.1:{port}")
        _wait_for(sandbox, process)
        yield sandbox
    finally:
        process.kill()
        process.wait()


def _wait_for(sandbox: Sandbox, process: Folio) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        try:
            httpx.get(sandbox.address).raise_for_status()
        except httpx.TransportError:
            assert process.poll() is None, "the sandbox has ended"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
