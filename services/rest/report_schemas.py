"""The answers about reports, as the description of the interface shows them."""

from datetime import date
from typing import Any

from pydantic import AwareDatetime, Field

from services.rest.schemas import Schema


class ReportColumn(Schema):
    """A column. Amounts are in minor units of the currency; dates are business days; times are in UTC."""

    name: str
    kind: str = Field(examples=["amount"])
    meaning: str


class ReportDescription(Schema):
    """A report. `groupings` has the keys of its rows for each way to group it, the default first.

    `asOf`: it tells how things stand at the end of a day, and needs no `from`.
    """

    name: str = Field(examples=["daily-takings"])
    title: str
    title_korean: str
    description: str
    as_of: bool
    groupings: dict[str, list[str]]
    formats: list[str]
    columns: list[ReportColumn]


class Reports(Schema):
    """Every report."""

    items: list[ReportDescription]


class ReportAnswer(Schema):
    """A report. `events` and `eventColumns` are there with `explain=true`."""

    report: str
    title: str
    accommodation_id: str
    from_: date | None = Field(alias="from")
    to: date
    group_by: str
    folio_id: str | None
    currency: str
    position: int
    columns: list[ReportColumn]
    rows: list[dict[str, Any]]
    event_columns: list[ReportColumn] = Field(default=[])
    events: list[dict[str, Any]] = Field(default=[])


class ClosedBusinessDay(Schema):
    """A business day that was closed, and the position of the log at which it was."""

    business_date: date
    closed_at: AwareDatetime
    closed_by: str
    reason: str | None
    position: int


class BusinessDays(Schema):
    """The business day that events belong to now; closed days, newest first, as many as asked for."""

    business_date: date
    closed_through: date | None
    items: list[ClosedBusinessDay]


REPORT_ANSWERS: tuple[type[Schema], ...] = (Reports, ReportAnswer, BusinessDays)
