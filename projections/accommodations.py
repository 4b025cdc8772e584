"""The read model of accommodations: their settings."""

from dataclasses import fields
from typing import Any

from projections.read_model import ReadModel, Row
from projections.reading import Answer, Freshness, Reader
from services.billing.accommodation import AccommodationConfigured, Settings
from services.billing.event import LedgerEvent
from services.billing.views import accommodation_view

DEFINITION = """
    CREATE TABLE read_model.accommodations (
        id                     text    PRIMARY KEY,
        name                   text,
        currency               text    NOT NULL,
        time_zone              text    NOT NULL,
        business_day_starts_at text    NOT NULL,
        payssam_member         text,
        payssam_merchant       text,
        version                bigint  NOT NULL
    )
"""

COLUMNS = (
    "id", "name", "currency", "time_zone", "business_day_starts_at", "payssam_member", "payssam_merchant",
    "version",
)  # fmt: skip


def apply(row: Row | None, event: AccommodationConfigured, position: int) -> Row:
    """Every event of an accommodation holds all its settings."""
    settings: dict[str, Any] = vars(event.settings)
    return {"id": event.accommodation_id, **settings, "version": event.originator_version}


def _key_of(event: LedgerEvent) -> str | None:
    return event.accommodation_id if isinstance(event, AccommodationConfigured) else None


ACCOMMODATIONS = ReadModel("accommodations", 1, DEFINITION, COLUMNS, _key_of, apply)

SELECT_ACCOMMODATION = "SELECT * FROM read_model.accommodations WHERE id = %(id)s"
SETTING_NAMES = [field.name for field in fields(Settings)]


async def find_accommodation(reader: Reader, accommodation_id: str, freshness: Freshness) -> Answer:
    """An accommodation's settings as a view with its version, the defaults when it was never configured.

    Raises NotCaughtUp, StoreUnavailable.
    """
    answer = await reader.query(SELECT_ACCOMMODATION, {"id": accommodation_id}, freshness)
    row = answer.rows[0] if answer.rows else {"version": 0, **vars(Settings())}
    settings = Settings(**{name: row[name] for name in SETTING_NAMES})
    return Answer([{**accommodation_view(accommodation_id, settings), "version": row["version"]}], answer.position)
