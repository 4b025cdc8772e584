"""What guests had been asked to pay at a point of the past, from the log itself.

A bill's own events name its requests. What only waits at the agenda, and so shows as `lastError` now, is in no log.
"""

from collections.abc import Collection
from typing import Any

from services.access import Caller
from services.billing.open_request import RequestOpened
from services.billing.views import View
from services.collection.payment_request import PaymentRequest
from services.collection.views import request_view
from services.desk.past import LogReader, Then
from services.turns import in_turns


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
