"""A folio: the account of a guest, a room or a company in one accommodation, for good; its guest may be forgotten."""

from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True)
class Forgotten:
    """That a folio's guest was forgotten: when, by whom, and why."""

    at: datetime
    by: str
    reason: str | None


class GuestForgotten(LedgerEvent):
    """The folio's data key is destroyed, in the commit of this event: names, phones and accounts open no more."""

    TOPIC = "folio.guest_forgotten"

    folio_id: str
    accommodation_id: str

    def apply(self, aggregate: "Folio") -> None:
        """From now on the folio takes no personal data."""
        aggregate.forgotten = Forgotten(self.timestamp, self.by, self.reason)


class Folio(BaseAggregate[str]):
    """Where bills are kept; it holds no balance of its own, its bills do."""

    TOPIC = "folio"
    Event = LedgerEvent

    folio_id: str
    accommodation_id: str
    currency: str

    def __init__(self) -> None:
        """The part that a new folio does not have yet; the rest comes with FolioOpened."""
        self.forgotten: Forgotten | None = None

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

    def forget_guest(self, stamp: Stamp) -> None:
        """Forget the guest for good; once, however often it is asked for."""
        if self.forgotten is None:
            self.trigger_event(GuestForgotten, folio_id=self.folio_id, accommodation_id=self.accommodation_id, **stamp)
