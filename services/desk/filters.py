"""Which bills a list shows, as callers say it."""

from datetime import datetime

from pydantic import ValidationError

from projections.bills import BillFilter
from services.desk.past import TIME
from services.desk.problems import invalid
from services.desk.requests import check_id


def bill_filter(
    folio_id: str | None,
    reservation_id: str | None,
    status: str | None,
    updated_since: str | None,
    before: int | None,
) -> BillFilter:
    """The filter; `before` is the position in the cursor. Raises Problem for a wrong id or time."""
    for name, id_ in (("folioId", folio_id), ("reservationId", reservation_id)):
        if id_ is not None:
            check_id(name, id_, name)
    return BillFilter(folio_id, reservation_id, status, _time(updated_since), before)


def _time(text: str | None) -> datetime | None:
    try:
        return None if text is None else TIME.validate_python(text)
    except ValidationError:
        raise invalid("/updatedSince", "updatedSince is a time with an offset, as 2026-11-22T00:00:00Z.") from None
