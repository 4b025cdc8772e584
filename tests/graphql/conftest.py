"""The clerk who asks by GraphQL."""

import httpx
import pytest

from tests.graphql.asking import Asking
from tests.graphql.faces import Faces


@pytest.fixture
def graphql(client: httpx.AsyncClient) -> Asking:
    """Sends documents with the admin key."""
    return Asking(client)


@pytest.fixture
def faces(graphql: Asking) -> Faces:
    """Asks REST and GraphQL for the same, with the admin key."""
    return Faces(graphql.client)
