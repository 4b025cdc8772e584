"""The ordered feed: every event that a key may see, page by page, or as a stream that goes on."""

import re
import time
from collections.abc import Awaitable, Callable

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from projections.reading import NotCaughtUp
from services.access import QUERY_ROLES, Caller
from services.billing.feed import EventLog, EventUnreadable, FeedFilter, PlacedEvent
from services.billing.ids import PMS_ID_PATTERN
from services.desk.cloud_events import TOPICS, cloud_event
from services.desk.following import SEND_SECONDS_MAX, STREAMS_MAX, Following, check_reached, position_after
from services.desk.lookups import check_visible
from services.desk.problems import Problem, invalid
from services.desk.requests import Authenticator, authenticate, check_query, freshness_of
from services.desk.routes import DirectRoute
from services.rest.feed_stream import (
    HEARTBEAT_SECONDS,
    EventStream,
    messages_of,
)
from services.rest.openapi import document_event_stream, document_events
from services.rest.query_routes import limit_of

Endpoint = Callable[[Request], Awaitable[Response]]

FILTERS = ("type", "accommodationId", "folioId")
RESUMING_HEADER = "Last-Event-ID"
SCAN_SECONDS_MAX = 1.0
"""How long one page looks for events that are rare; it then says how far it came."""

PAGE_DESCRIPTION = """
Every event that the key may see, oldest first, each a CloudEvent 1.0 (structured JSON). Read on with `after` set to
`next`: no event is left out or comes twice, whoever writes meanwhile. Positions have gaps where events are not asked
for, or of accommodations that the key does not reach; a page may then be short or empty before `next` is at `head`.

Guests stay covered: `***` stands for number and holder of a virtual account and for a guest who is asked for money,
given or not. Ignore types and members of `data` that you do not know: there will be more.
"""
STREAM_DESCRIPTION = f"""
The same events as `/v1/events` as server-sent events: `id` is the position, `event` the type, `data` the CloudEvent.
The stream begins after `Last-Event-ID`, which goes first, or `after`; with neither it begins now (`after=0` begins at
the first event). A client that connects again with the last id it received misses nothing and gets nothing twice.

After {HEARTBEAT_SECONDS:g} seconds without an event comes a message without data, whose `id` says how far the stream
has come. The stream ends when its key does, when the service stops, and when its reader takes nothing for
{SEND_SECONDS_MAX:g} seconds. At most {STREAMS_MAX} streams are open at once in a server process (`TOO_MANY_REQUESTS`).
"""


def feed_router(log: EventLog, authenticator: Authenticator) -> APIRouter:
    """The routes of the feed."""
    router = APIRouter(tags=["Events"], route_class=DirectRoute)
    router.add_api_route(
        "/v1/events",
        _page_endpoint(log, authenticator),
        summary="Events in the order in which they happened",
        description=PAGE_DESCRIPTION,
        operation_id="list_events",
        openapi_extra=document_events(TOPICS),
        response_class=Response,
    )
    router.add_api_route(
        "/v1/events/stream",
        _stream_endpoint(log, authenticator),
        summary="Events as they happen, as server-sent events",
        description=STREAM_DESCRIPTION,
        operation_id="stream_events",
        openapi_extra=document_event_stream(TOPICS),
        response_class=Response,
    )
    return router


def _page_endpoint(log: EventLog, authenticator: Authenticator) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        caller = await authenticate(request, authenticator, QUERY_ROLES)
        check_query(request, "after", "limit", "consistency", *FILTERS)
        after = position_after("/after", request.query_params.get("after", "0"))
        minimum = freshness_of(request).min_position
        head = await log.head() if minimum else 0
        if head < minimum:
            raise NotCaughtUp(head, minimum)
        return await _page(log, after, limit_of(request), _filter(request, caller))

    return endpoint


async def _page(log: EventLog, after: int, limit: int, wanted: FeedFilter) -> Response:
    events: list[PlacedEvent] = []
    reached = after
    until = time.monotonic() + SCAN_SECONDS_MAX
    while True:
        try:
            stretch = await log.read(reached, limit - len(events), wanted)
        except EventUnreadable:
            if not events:
                raise
            break
        check_reached("/after", after, stretch.head)
        events += stretch.events
        reached = stretch.reached
        if len(events) == limit or reached == stretch.head or time.monotonic() > until:
            break
    body = {"items": [cloud_event(event) for event in events], "next": reached, "head": stretch.head}
    headers = {"Folio-Position": str(stretch.head)}
    return Response(msgspec.json.encode(body), 200, headers, "application/json")


def _stream_endpoint(log: EventLog, authenticator: Authenticator) -> Endpoint:
    following = Following(log, messages_of)

    async def endpoint(request: Request) -> Response:
        caller = await authenticate(request, authenticator, QUERY_ROLES)
        check_query(request, "after", *FILTERS)
        wanted = _filter(request, caller)
        head = await log.head()

        async def admitted() -> bool:
            try:
                return await authenticate(request, authenticator, QUERY_ROLES) == caller
            except Problem:
                return False

        return EventStream(following, _start(request, head), wanted, admitted)

    return endpoint


def _start(request: Request, head: int) -> int:
    """After which position a stream begins: what the reader saw last, else what it asks for, else now."""
    for pointer, text in (
        (f"/{RESUMING_HEADER}", request.headers.get(RESUMING_HEADER)),
        ("/after", request.query_params.get("after")),
    ):
        if text is not None:
            after = position_after(pointer, text)
            check_reached(pointer, after, head)
            return after
    return head


def _filter(request: Request, caller: Caller) -> FeedFilter:
    given = request.query_params
    for name in ("folioId", "accommodationId"):
        if name in given and not re.fullmatch(PMS_ID_PATTERN, given[name]):
            raise invalid(f"/{name}", f"{name} is up to 64 of A-Z a-z 0-9 . _ : -")
    topic = given.get("type")
    if topic is not None and topic not in TOPICS:
        raise invalid("/type", f"type is one of {', '.join(TOPICS)}.")
    accommodations = caller.accommodations
    if "accommodationId" in given:
        accommodation_id = given["accommodationId"]
        check_visible(accommodation_id, caller)
        accommodations = frozenset({accommodation_id})
    return FeedFilter(accommodations, given.get("folioId"), topic)
