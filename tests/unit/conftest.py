"""The one fixture of these tests."""

import pytest

from tests.unit.given import Hotel


@pytest.fixture
def hotel() -> Hotel:
    """A hotel with an empty ledger in memory; it is noon in Seoul."""
    return Hotel()
