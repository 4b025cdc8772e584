"""Which bills a list shows, as callers say it."""

from projections.bills import BillFilter
from services.desk.past import parsed_time
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
    since = None if updated_since is None else parsed_time("/updatedSince", updated_since)
    return BillFilter(folio_id, reservation_id, status, since, before)
