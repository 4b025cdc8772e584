"""A folio: the account of a guest, a room or a company in one accommodation, for good."""

from eventsourcing.domain import BaseAggregate

from services.billing.event import CreatedEvent, LedgerEvent
from services.billing.ids import folio_stream
from services.billing.stamp import Stamp


class FolioOpened(CreatedEvent):
    """The folio exists from its first bill on, and belongs to this accommodation."""

    TOPIC = "folio.opened"

    folio_id: str
    accommodation_id: str
    currency: str

    def apply(self, aggregate: "Folio") -> None:
        """Take the facts over."""
        aggregate.folio_id = self.folio_id
        aggregate.accommodation_id = self.accommodation_id
        aggregate.currency = self.currency


class Folio(BaseAggregate[str]):
    """Where bills are kept; it holds no balance of its own, its bills do."""

    TOPIC = "folio"
    Event = LedgerEvent

    folio_id: str
    accommodation_id: str
    currency: str

    def __init__(self) -> None:
        """Filled by its first event."""

    @classmethod
    def opened(cls, stamp: Stamp, folio_id: str, accommodation_id: str, currency: str) -> "Folio":
        """A folio seen for the first time."""
        return cls._create(
            FolioOpened,
            id=folio_stream(folio_id),
            folio_id=folio_id,
            accommodation_id=accommodation_id,
            currency=currency,
            **stamp,
        )
