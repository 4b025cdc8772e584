"""What happens on a folio, as it happens."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry
from strawberry import ID

from services.billing.feed import EventLog, FeedFilter, PlacedEvent
from services.billing.views import View
from services.desk.cloud_events import cloud_event
from services.desk.following import check_reached, position_after
from services.desk.problems import Problem
from services.desk.requests import check_id
from services.graphql.fields import subscription
from services.graphql.session import Info
from services.graphql.types import FolioEvent

DESCRIPTION = (
    "Every event of a folio and its bills from now on, or all after a position of the log: with the id of the last"
    " event that was received nothing is missed and nothing comes twice. It ends with DATA_NOT_FOUND_ON_ID at once when"
    " there is no such folio yet or it is not this key's, and with UNAUTHENTICATED when the key is revoked."
)


@strawberry.type(description="What can be followed, over graphql-transport-ws.")
class Subscription:
    @subscription(FolioEvent, DESCRIPTION)
    async def folio_events(self, info: Info, folio_id: ID, after: ID | None = None) -> AsyncGenerator[View, None]:
        check_id("folioId", folio_id, "folioId")
        session = info.context
        caller = await session.caller()
        start = await _start(session.front.events, after)
        await session.front.lookups.check_folio(folio_id, caller)

        async def admitted() -> bool:
            return await session.caller() == caller

        wanted = FeedFilter(caller.accommodations, folio_id)
        with session.following.place():
            async with aclosing(session.following.pages(start, wanted, admitted)) as pages:
                async for page in pages:
                    for event in page.events or ():
                        yield event
        raise Problem("UNAUTHENTICATED", "The key does not reach what it did when this subscription began.")


async def _start(events: EventLog, after: str | None) -> int:
    """The position after which to begin: the one asked for, or now."""
    head = await events.head()
    if after is None:
        return head
    position = position_after("/after", after)
    check_reached("/after", position, head)
    return position


def event_views(events: list[PlacedEvent]) -> list[View]:
    """Events as the schema shows them."""
    return [_view(cloud_event(event)) for event in events]


def _view(event: View) -> View:
    return {
        **{name: event[name] for name in ("id", "type", "subject", "time", "version", "data")},
        "accommodationId": event.get("accommodationid"),
        "folioId": event.get("folioid"),
    }
