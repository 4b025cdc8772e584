"""What a command answers, in the form in which it is kept with its idempotency key."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from services.billing.accommodation import Accommodation
from services.billing.bill import Bill
from services.billing.folio import Folio
from services.billing.payment import Payment
from services.billing.views import accommodation_view, bill_view, closed_day_view, forgotten_view, payment_view


@dataclass(frozen=True)
class Outcome:
    """Status, body (personal data still sealed) and headers of an answer; `position` of its last event."""

    status: int
    body: Any = None
    version: int | None = None
    location: str | None = None
    position: int | None = None
    replayed: bool = False
    problem: bool = False

    def encode(self) -> bytes:
        """The part that is kept."""
        kept = (self.status, self.body, self.version, self.location, self.problem, self.position)
        return msgspec.json.encode(kept)

    @classmethod
    def decode(cls, kept: bytes, position: int | None) -> "Outcome":
        """An outcome that was kept, as the answer to the same request again."""
        status, body, version, location, problem, own_position = msgspec.json.decode(kept)
        at = own_position if position is None else position
        return cls(status, body, version, location, at, replayed=True, problem=problem)

    def moved(self, decided_at: datetime, recorded_at: datetime) -> "Outcome":
        """The same outcome of a command that was recorded at another moment than it was decided."""
        given, replaced = (msgspec.json.encode(moment) for moment in (decided_at, recorded_at))
        kept = Outcome.decode(self.encode().replace(given, replaced), self.position)
        return replace(kept, replayed=self.replayed)

    def at(self, position: int | None) -> "Outcome":
        """The same outcome, committed at a position."""
        return replace(self, position=position)


def bill_outcome(bill: Bill, status: int = 200) -> Outcome:
    """A bill as it is now; a new one (201) with its location."""
    location = f"/v1/bills/{bill.id}" if status == 201 else None  # noqa: PLR2004
    return Outcome(status, bill_view(bill), bill.version, location)


def payment_outcome(bill: Bill, payment: Payment, status: int = 200) -> Outcome:
    """A payment as it is now; the version is its bill's."""
    location = f"/v1/payments/{payment.id}" if status == 201 else None  # noqa: PLR2004
    return Outcome(status, payment_view(bill.id, bill.folio_id, payment), bill.version, location)


def accommodation_outcome(accommodation: Accommodation) -> Outcome:
    """An accommodation's settings as they are now."""
    view = accommodation_view(accommodation.accommodation_id, accommodation.settings)
    return Outcome(200, view, accommodation.settings_version)


def closed_day_outcome(accommodation: Accommodation) -> Outcome:
    """The day that was closed just now; the version is the accommodation's."""
    return Outcome(200, closed_day_view(accommodation), accommodation.settings_version)


def forgotten_outcome(folio: Folio) -> Outcome:
    """That the folio's guest is forgotten."""
    return Outcome(200, forgotten_view(folio))


NO_CONTENT = Outcome(204)
