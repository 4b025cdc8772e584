"""The clerk who asks by GraphQL."""

import httpx
import pytest

from tests.graphql.asking import Asking


@pytest.fixture
def graphql(client: httpx.AsyncClient) -> Asking:
    """Sends documents with the admin key."""
    return Asking(client)
