"""An event of the log in the form of CloudEvents 1.0, structured JSON mode, as the feed gives it out."""

from typing import Any

from services.billing import event_views as billing
from services.billing.event import LedgerEvent
from services.billing.event_views import actor_view
from services.billing.feed import PlacedEvent
from services.collection import event_views as collection

EVENT_VIEWS = {**billing.EVENT_VIEWS, **collection.EVENT_VIEWS}
TOPICS = tuple(sorted(event_class.TOPIC for event_class in EVENT_VIEWS))
SOURCE = "/v1"


def cloud_event(placed: PlacedEvent) -> dict[str, Any]:
    """The event, its guest's data masked; `data` holds what the event shows and who caused it."""
    event = placed.event
    attributes = {
        "specversion": "1.0",
        "id": str(placed.position),
        "source": SOURCE,
        "type": event.TOPIC,
        "subject": event.originator_id,
        "time": event.timestamp,
        "datacontenttype": "application/json",
        "version": event.originator_version,
    }
    if placed.accommodation_id is not None:
        attributes["source"] = f"{SOURCE}/accommodations/{placed.accommodation_id}"
        attributes["accommodationid"] = placed.accommodation_id
    if placed.folio_id is not None:
        attributes["folioid"] = placed.folio_id
    return {**attributes, "data": event_data(event)}


def event_data(event: LedgerEvent) -> dict[str, Any]:
    """What an event shows, and who caused it."""
    view = EVENT_VIEWS.get(type(event))
    return {**({} if view is None else view(event)), **actor_view(event)}
