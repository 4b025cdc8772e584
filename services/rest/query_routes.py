"""The routes of the queries: each answers from a read model, or from the log for a moment in the past."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from projections.bills import BillFilter
from services.access import QUERY_ROLES, Caller, Role
from services.billing.bill import Status
from services.desk.filters import bill_filter
from services.desk.lookups import Lookups
from services.desk.opening import Opener
from services.desk.pages import LIMIT_DEFAULT, LIMIT_MAX, position_of
from services.desk.past import PointInLog, point_in_log
from services.desk.problems import invalid
from services.desk.requests import Authenticator, authenticate, check_id, check_query, freshness_of
from services.desk.routes import DirectRoute
from services.rest.answers import found, found_page
from services.rest.openapi import Document, document_query

Handler = Callable[[Request, Caller], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

STATUSES = get_args(Status)
PAST = ("at", "position", "effectiveAt")


@dataclass(frozen=True)
class Query:
    """A query: where it is asked, what it answers, the query parameters that it knows, who may ask it.

    `described` are those of its parameters that mean something else than elsewhere; `media_types` those of its answer
    besides JSON.
    """

    path: str
    summary: str
    answer: str
    handler: Handler
    parameters: tuple[str, ...] = ()
    statuses: tuple[str, ...] = STATUSES
    roles: frozenset[Role] = QUERY_ROLES
    described: Mapping[str, Document] = field(default_factory=dict)
    media_types: tuple[str, ...] = ()


class Queries:
    """What each query answers."""

    def __init__(self, lookups: Lookups, opener: Opener) -> None:
        self._lookups = lookups
        self._opener = opener

    async def get_accommodation(self, request: Request, caller: Caller) -> Response:
        """The settings, the defaults when it was never configured."""
        accommodation_id = request.path_params["accommodationId"]
        return await found(
            await self._lookups.accommodation(accommodation_id, caller, freshness_of(request)), self._opener
        )

    async def list_bills(self, request: Request, caller: Caller) -> Response:
        """A page of bills, stable while others are added."""
        accommodation_id, wanted = request.path_params["accommodationId"], _bill_filter(request)
        page = await self._lookups.bills(accommodation_id, wanted, limit_of(request), caller, freshness_of(request))
        return await found_page(page, self._opener)

    async def get_folio(self, request: Request, caller: Caller) -> Response:
        """The folio now, or as it was."""
        folio_id, moment = request.path_params["folioId"], moment_of(request)
        return await found(await self._lookups.folio(folio_id, caller, freshness_of(request), moment), self._opener)

    async def get_bill(self, request: Request, caller: Caller) -> Response:
        """The bill now, or as it was."""
        bill_id, moment = request.path_params["billId"], moment_of(request)
        return await found(await self._lookups.bill(bill_id, caller, freshness_of(request), moment), self._opener)

    async def list_payments(self, request: Request, caller: Caller) -> Response:
        """A page of the bill's payments."""
        bill_id, after = request.path_params["billId"], position_in(request)
        page = await self._lookups.payments(bill_id, after, limit_of(request), caller, freshness_of(request))
        return await found_page(page, self._opener)

    async def get_payment(self, request: Request, caller: Caller) -> Response:
        """One payment; the ETag is its bill's."""
        payment_id = request.path_params["paymentId"]
        return await found(await self._lookups.payment(payment_id, caller, freshness_of(request)), self._opener)

    def table(self) -> tuple[Query, ...]:
        """Every query, a line each."""
        paged = ("limit", "cursor")
        # fmt: off
        return (
            Query("/v1/accommodations/{accommodationId}", "An accommodation's settings", "Accommodation",
                  self.get_accommodation),
            Query("/v1/accommodations/{accommodationId}/bills", "Bills of an accommodation, newest first", "BillPage",
                  self.list_bills, ("folioId", "reservationId", "status", "updatedSince", *paged)),
            Query("/v1/folios/{folioId}", "A folio with its bills", "Folio", self.get_folio, PAST),
            Query("/v1/bills/{billId}", "A bill with its payments and settlements", "Bill",
                  self.get_bill, PAST),
            Query("/v1/bills/{billId}/payments", "The payments of a bill, in the order recorded", "PaymentPage",
                  self.list_payments, paged),
            Query("/v1/payments/{paymentId}", "A payment", "Payment", self.get_payment),
        )
        # fmt: on


def query_router(queries: Sequence[Query], authenticator: Authenticator) -> APIRouter:
    """Routes for these queries."""
    router = APIRouter(tags=["Queries"], route_class=DirectRoute)
    for query in queries:
        router.add_api_route(
            query.path,
            _endpoint(query, authenticator),
            summary=query.summary,
            description=query.handler.__doc__,
            operation_id=query.handler.__name__,
            openapi_extra=document_query(
                query.path, query.parameters, query.answer, query.statuses, query.described, query.media_types
            ),
            response_class=Response,
        )
    return router


def _endpoint(query: Query, authenticator: Authenticator) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        caller = await authenticate(request, authenticator, query.roles)
        check_query(request, "consistency", *query.parameters)
        for name, value in request.path_params.items():
            check_id(name, value)
        return await query.handler(request, caller)

    return endpoint


def _bill_filter(request: Request) -> BillFilter:
    given = request.query_params
    status = given.get("status")
    if status is not None and status not in STATUSES:
        raise invalid("/status", f"status is one of {', '.join(STATUSES)}.")
    ids = given.get("folioId"), given.get("reservationId")
    return bill_filter(*ids, status, given.get("updatedSince"), position_in(request))


def limit_of(request: Request) -> int:
    """The size of a page. Raises Problem when it is of the wrong form."""
    text = request.query_params.get("limit", str(LIMIT_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= LIMIT_MAX):  # noqa: PLR2004
        raise invalid("/limit", f"limit is a whole number from 1 to {LIMIT_MAX}.")
    return int(text)


def position_in(request: Request) -> int | None:
    """The position in the request's cursor, None without one. Raises Problem when it is none of ours."""
    return position_of(request.query_params.get("cursor"), "/cursor", "nextCursor")


def moment_of(request: Request) -> PointInLog | None:
    """The point of the past that is asked for, None when none is. Raises Problem when it is of the wrong form."""
    given = request.query_params
    return point_in_log(given.get("at"), given.get("position"), given.get("effectiveAt"))
