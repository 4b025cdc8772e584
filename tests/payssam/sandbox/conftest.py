"""A sandbox on a free port, a partner who calls it, and a receiver of callbacks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.payssam.sandbox import SandboxSettings, running_sandbox
from tests.payssam.sandbox.partner import Partner, listening_socket
from tests.payssam.sandbox.receiver import Receiver


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    """A partner of a new sandbox whose hour is short."""
    listening = listening_socket()
    async with (
        running_sandbox(SandboxSettings(hour_seconds=0.05), listening),
        Partner(listening.getsockname()[1]) as opened,
    ):
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A partner's server for callbacks."""
    async with Receiver() as opened:
        yield opened


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where a sandbox keeps its file."""
    return tmp_path / "sandbox.db"
