"""What answers about the past lead to: bills and payment requests, many at once, as of one point of the log.

A bill's own events name its requests. What only waits at the agenda, and so shows as `lastError` now, is in no log.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.access import Caller
from services.billing.bill import Bill
from services.billing.open_request import RequestOpened
from services.billing.views import View
from services.collection.payment_request import PaymentRequest
from services.collection.views import request_view
from services.desk.past import LogReader, bill_then, things_then
from services.turns import in_turns


@dataclass(frozen=True)
class Then:
    """A point of the past that was found in the log: its position, and what was in effect (None: all that was known).

    Whatever one answer shows is of one of these.
    """

    position: int
    effective_at: datetime | None = None


async def bills_then(log: LogReader, ids: Collection[str], then: Then, caller: Caller) -> list[View]:
    """Those of these bills that there were then and that the caller sees, in no order. Raises StoreUnavailable."""
    events = [placed.event for placed in await log.events_of(ids, then.position)]
    things = (await things_then(events, then.effective_at)).values()
    bills = [thing for thing in things if isinstance(thing, Bill) and not thing.deleted]
    return [await bill_then(bill) async for bill in in_turns(bills) if caller.reaches(bill.accommodation_id)]


async def requests_then(log: LogReader, bill_ids: Collection[str], then: Then, caller: Caller) -> list[View]:
    """All payment requests that these bills had had and that the caller sees, newest first, the guests still sealed.

    A request is in effect as it was recorded. Raises StoreUnavailable.
    """
    opened: list[Any] = [placed.event for placed in await log.events_of(bill_ids, then.position, {RequestOpened.TOPIC})]
    requests: dict[str, PaymentRequest] = {}
    if opened:
        ids = {event.payment_request_id for event in opened}
        async for placed in in_turns(await log.events_of(ids, then.position)):
            event = placed.event
            if then.effective_at is None or event.timestamp <= then.effective_at:
                request: Any = event.mutate(requests.get(event.originator_id))
                requests[event.originator_id] = request
    newest_first = reversed(requests.values())
    return [request_view(request) for request in newest_first if caller.reaches(request.asked.accommodation_id)]
