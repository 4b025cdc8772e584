"""Entries of what happens to the house itself: its settings, its closed days, its folios and their guests."""

from projections.entries import ENTRY_COLUMNS, EntryModel, entry_table
from projections.read_model import Row
from services.billing.accommodation import AccommodationConfigured, DayClosed
from services.billing.business_day import Day
from services.billing.event import LedgerEvent
from services.billing.folio import FolioOpened, GuestForgotten

DEFINITION = entry_table(
    "house_entries",
    """
        closed_date date
    """,
    "house_entries_closed ON read_model.house_entries (accommodation_id, closed_date) WHERE closed_date IS NOT NULL",
)
COLUMNS = (*ENTRY_COLUMNS, "closed_date")

HouseEvent = AccommodationConfigured | DayClosed | FolioOpened | GuestForgotten


def apply(_: Row | None, event: HouseEvent, __: Day) -> Row:
    """The entry of an event."""
    return {"closed_date": event.business_date if isinstance(event, DayClosed) else None}


def _key_of(event: LedgerEvent) -> str | None:
    return event.originator_id if isinstance(event, HouseEvent) else None


HOUSE_ENTRIES = EntryModel("house_entries", 1, DEFINITION, COLUMNS, _key_of, apply)
