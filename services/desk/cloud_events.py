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
    return event_document(str(placed.position), placed.event, placed.accommodation_id, placed.folio_id)


def event_document(id_: str, event: LedgerEvent, accommodation_id: str | None, folio_id: str | None) -> dict[str, Any]:
    """An event under an id, of this accommodation and folio, in the same form."""
    attributes = {
        "specversion": "1.0",
        "id": id_,
        "source": SOURCE,
        "type": event.TOPIC,
        "subject": event.originator_id,
        "time": event.timestamp,
        "datacontenttype": "application/json",
        "version": event.originator_version,
    }
    if accommodation_id is not None:
        attributes["source"] = f"{SOURCE}/accommodations/{accommodation_id}"
        attributes["accommodationid"] = accommodation_id
    if folio_id is not None:
        attributes["folioid"] = folio_id
    return {**attributes, "data": event_data(event)}


def event_data(event: LedgerEvent) -> dict[str, Any]:
    """What an event shows, and who caused it."""
    view = EVENT_VIEWS.get(type(event))
    return {**({} if view is None else view(event)), **actor_view(event)}
