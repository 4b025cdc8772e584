"""Clients of the GraphQL face."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.bootstrap import Service
from tests.conftest import ADMIN_KEY
from tests.graphql.asking import Asking


@pytest.fixture
async def graphql(service: Service) -> AsyncIterator[Asking]:
    """Sends documents with the admin key."""
    transport = httpx.ASGITransport(service.app)
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://folio", headers=headers) as client:
        yield Asking(client)
