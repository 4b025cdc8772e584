"""One sandbox for all tests of a module, for those that only send bills of their own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.payssam.sandbox import SandboxSettings, running_sandbox
from tests.payssam.sandbox.partner import Partner, listening_socket


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="partner")
async def shared_partner() -> AsyncIterator[Partner]:
    """A partner of the module's sandbox."""
    listening = listening_socket()
    async with running_sandbox(SandboxSettings(), listening), Partner(listening.getsockname()[1]) as opened:
        yield opened
