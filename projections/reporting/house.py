"""Views of the house itself: its folios, its settings, its closed days."""

from projections.reporting.columns import ACCOMMODATION, ACTOR_MEANING
from projections.reporting.view import BUSINESS_DAY, COUNT, MOMENT, POSITION, SUM, TEXT, Column, View

FOLIOS = View(
    "folios",
    "Folios as they stand now, a row for each.",
    (
        Column("folio_id", TEXT, "The folio; no other row has it"),
        Column("business_date", BUSINESS_DAY, "The business day on which it was opened", "opening.business_date"),
        ACCOMMODATION,
        Column("currency", TEXT, "ISO 4217 code of the currency of this row's amounts"),
        Column("total_amount", SUM, "What was charged on all its bills"),
        Column("balance_amount", SUM, "What is still owed on all its bills; negative when more was paid than charged"),
        Column("opened_at", MOMENT, "When it was opened"),
        Column("updated_at", MOMENT, "When anything last happened to one of its bills"),
    ),
    "read_model.folios AS folio LEFT JOIN read_model.house_entries AS opening"
    " ON opening.folio_id = folio.folio_id AND opening.event = 'folio.opened'",
)

ACCOMMODATIONS = View(
    "accommodations",
    "Settings of accommodations (hotels) as they are now, a row for each that was ever configured. One without a row"
    " has the defaults.",
    (
        Column("accommodation_id", TEXT, "The accommodation; no other row has it", "accommodation.id"),
        Column("name", TEXT, "Its name"),
        Column("currency", TEXT, "ISO 4217 code of the currency that its new folios are kept in"),
        Column("time_zone", TEXT, "Its time zone, as IANA names it"),
        Column("business_day_starts_at", TEXT, "When its business day begins, HH:MM in its time zone"),
        Column("version", COUNT, "How many events it has had"),
    ),
    "read_model.accommodations AS accommodation",
)

CLOSED_DAYS = View(
    "closed_days",
    "Business days that were closed, a row for each: what was recorded later belongs to a later day.",
    (
        Column("business_date", BUSINESS_DAY, "The business day that was closed", "entry.closed_date"),
        ACCOMMODATION,
        Column("closed_at", MOMENT, "When it was closed", "entry.recorded_at"),
        Column("closed_by", TEXT, ACTOR_MEANING, "entry.actor"),
        Column("position", POSITION, "The position of the event in the log; no other row has it"),
    ),
    "read_model.house_entries AS entry WHERE entry.closed_date IS NOT NULL",
)

VIEWS = (FOLIOS, ACCOMMODATIONS, CLOSED_DAYS)
