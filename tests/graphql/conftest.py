"""A client of the GraphQL face."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.bootstrap import Service
from tests.conftest import ADMIN_KEY
from tests.graphql.asking import Asking
from tests.graphql.faces import Faces


@pytest.fixture
async def graphql(service: Service) -> AsyncIterator[Asking]:
    """Sends documents with the admin key."""
    transport = httpx.ASGITransport(service.app)
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://folio", headers=headers) as client:
        yield Asking(client)


@pytest.fixture
def faces(graphql: Asking) -> Faces:
    """Asks REST and GraphQL for the same, with the admin key."""
    return Faces(graphql.client)


BILL: dict[str, Any] = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 100_000}
