"""A reception whose clocks all show what the hotel's shows."""

from datetime import datetime, tzinfo

import pytest

from services.collection import attendant, collector
from tests.collection.fake_provider import FakeProvider
from tests.collection.given import Reception
from tests.collection.working import Office
from tests.unit.given import Hotel


@pytest.fixture
def hotel(monkeypatch: pytest.MonkeyPatch) -> Hotel:
    """A hotel with an empty ledger in memory; it is noon in Seoul, for the collector and the attendant as well."""
    opened = Hotel()

    class HotelTime(datetime):
        """The time in the hotel."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            """What the hotel's clock shows."""
            return opened.now.astimezone(tz)

    for module in (collector, attendant):
        monkeypatch.setattr(module, "datetime", HotelTime)
    return opened


@pytest.fixture
def provider() -> FakeProvider:
    """A provider without bills."""
    return FakeProvider()


@pytest.fixture
def reception(hotel: Hotel, provider: FakeProvider) -> Reception:
    """The hotel's reception."""
    return Reception(hotel, provider)


@pytest.fixture
def office(reception: Reception) -> Office:
    """An attendant with nothing to do."""
    return Office(reception)
