"""The routes of the queries: each answers from a read model, or from the log for a moment in the past."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from projections import accommodations, bills, folios, payments
from projections.bills import BillFilter
from projections.reading import Answer, Reader
from services.access import QUERY_ROLES, Caller
from services.billing.ids import PMS_ID_PATTERN
from services.rest.answers import Opener, found
from services.rest.bodies import Moment
from services.rest.openapi import document_query
from services.rest.past import Past, is_past, moment_of
from services.rest.problems import Fault, Problem, invalid
from services.rest.requests import Authenticator, authenticate, check_id, check_query, freshness_of
from services.rest.routes import DirectRoute

Handler = Callable[[Request, Caller], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

LIMIT_DEFAULT = 100
LIMIT_MAX = 500
STATUSES = ("OPEN", "SETTLED", "TRANSFERRED", "CANCELLED")
TIME: TypeAdapter[datetime] = TypeAdapter(Moment)


@dataclass(frozen=True)
class Query:
    """A query: where it is asked, what it answers, the query parameters that it knows."""

    path: str
    summary: str
    answer: str
    handler: Handler
    parameters: tuple[str, ...] = ()
    statuses: tuple[str, ...] = STATUSES


class Queries:
    """What each query answers."""

    def __init__(self, reader: Reader, past: Past, opener: Opener) -> None:
        self._reader = reader
        self._past = past
        self._opener = opener

    async def get_accommodation(self, request: Request, caller: Caller) -> Response:
        """The settings, the defaults when it was never configured."""
        accommodation_id = visible_accommodation(request, caller)
        answer = await accommodations.find_accommodation(self._reader, accommodation_id, freshness_of(request))
        view = dict(answer.rows[0])
        version = view.pop("version")
        return await found(view, answer.position, self._opener, version or None)

    async def list_bills(self, request: Request, caller: Caller) -> Response:
        """A page of bills, stable while others are added."""
        accommodation_id = visible_accommodation(request, caller)
        limit = limit_of(request)
        answer = await bills.bills_of_accommodation(
            self._reader, accommodation_id, _bill_filter(request), limit + 1, caller.sees, freshness_of(request)
        )
        page = answer.rows[:limit]
        cursor = cursor_of(page[-1]["added_position"]) if len(answer.rows) > limit else None
        body = {"items": [bills.view_of_row(row) for row in page], "nextCursor": cursor}
        return await found(body, answer.position, self._opener)

    async def get_folio(self, request: Request, caller: Caller) -> Response:
        """The folio now, or as it was."""
        folio_id = request.path_params["folioId"]
        if is_past(request):
            moment = moment_of(request)
            ids = await folios.bill_ids_of_folio(self._reader, folio_id, freshness_of(request))
            view, position = await self._past.folio(folio_id, ids, moment, caller)
        else:
            answer = await folios.find_folio(self._reader, folio_id, caller.sees, freshness_of(request))
            view, position = one(answer, "folio", folio_id), answer.position
        return await found(view, position, self._opener)

    async def get_bill(self, request: Request, caller: Caller) -> Response:
        """The bill now, or as it was."""
        bill_id = request.path_params["billId"]
        if is_past(request):
            view, position = await self._past.bill(bill_id, moment_of(request), caller)
        else:
            answer = await bills.find_bill(self._reader, bill_id, caller.sees, freshness_of(request))
            view, position = one(answer, "bill", bill_id), answer.position
        return await found(view, position, self._opener, view["version"])

    async def list_payments(self, request: Request, caller: Caller) -> Response:
        """A page of the bill's payments."""
        bill_id = request.path_params["billId"]
        limit, before = limit_of(request), position_of(request)
        answer = await payments.payments_of_bill(
            self._reader, bill_id, before or 0, limit + 1, caller.sees, freshness_of(request)
        )
        row = one(answer, "bill", bill_id)
        page = row["payments"][:limit]
        cursor = cursor_of(page[-1]["recorded_position"]) if len(row["payments"]) > limit else None
        body = {"items": [payments.view_of_row(payment) for payment in page], "nextCursor": cursor}
        return await found(body, answer.position, self._opener, row["version"])

    async def get_payment(self, request: Request, caller: Caller) -> Response:
        """One payment; the ETag is its bill's."""
        payment_id = request.path_params["paymentId"]
        answer = await payments.find_payment(self._reader, payment_id, caller.sees, freshness_of(request))
        row = one(answer, "payment", payment_id)
        return await found(payments.view_of_row(row), answer.position, self._opener, row["current_bill_version"])

    def table(self) -> tuple[Query, ...]:
        """Every query, a line each."""
        paged = ("limit", "cursor")
        # fmt: off
        return (
            Query("/v1/accommodations/{accommodationId}", "An accommodation's settings", "Accommodation",
                  self.get_accommodation),
            Query("/v1/accommodations/{accommodationId}/bills", "Bills of an accommodation, newest first", "BillPage",
                  self.list_bills, ("folioId", "reservationId", "status", "updatedSince", *paged)),
            Query("/v1/folios/{folioId}", "A folio with its bills", "Folio", self.get_folio, ("at", "position")),
            Query("/v1/bills/{billId}", "A bill with its payments and settlements", "Bill",
                  self.get_bill, ("at", "position")),
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
            openapi_extra=document_query(query.path, query.parameters, query.answer, query.statuses),
            response_class=Response,
        )
    return router


def _endpoint(query: Query, authenticator: Authenticator) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        caller = await authenticate(request, authenticator, QUERY_ROLES)
        check_query(request, "consistency", *query.parameters)
        for name, value in request.path_params.items():
            check_id(name, value)
        return await query.handler(request, caller)

    return endpoint


def not_found(what: str, id_: str, position: int | None = None, parameter: str | None = None) -> Problem:
    """Nothing of that id, or nothing that this caller may see, at a position of the log."""
    detail = f"There is no {what} {id_}."
    headers = {} if position is None else {"Folio-Position": str(position)}
    fault = Fault(f"/{parameter or f'{what}Id'}", "DATA_NOT_FOUND_ON_ID", detail)
    return Problem("DATA_NOT_FOUND_ON_ID", detail, [fault], headers)


def one(answer: Answer, what: str, id_: str) -> dict[str, Any]:
    """The one row of an answer. Raises Problem when there is none."""
    if not answer.rows:
        raise not_found(what, id_, answer.position)
    return answer.rows[0]


def visible_accommodation(request: Request, caller: Caller) -> str:
    """The accommodation in the path. Raises Problem when the caller may not see it."""
    accommodation_id: str = request.path_params["accommodationId"]
    if caller.accommodations is not None and accommodation_id not in caller.accommodations:
        raise not_found("accommodation", accommodation_id)
    return accommodation_id


def _bill_filter(request: Request) -> BillFilter:
    given = request.query_params
    for name in ("folioId", "reservationId"):
        if name in given and not re.fullmatch(PMS_ID_PATTERN, given[name]):
            raise invalid(f"/{name}", f"{name} is up to 64 of A-Z a-z 0-9 . _ : -")
    status = given.get("status")
    if status is not None and status not in STATUSES:
        raise invalid("/status", f"status is one of {', '.join(STATUSES)}.")
    return BillFilter(
        folio_id=given.get("folioId"),
        reservation_id=given.get("reservationId"),
        status=status,
        updated_since=_time(given.get("updatedSince")),
        before=position_of(request),
    )


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return TIME.validate_python(text)
    except ValidationError:
        raise invalid("/updatedSince", "updatedSince is a time with an offset, as 2026-11-22T00:00:00Z.") from None


def limit_of(request: Request) -> int:
    """The size of a page. Raises Problem when it is of the wrong form."""
    text = request.query_params.get("limit", str(LIMIT_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= LIMIT_MAX):  # noqa: PLR2004
        raise invalid("/limit", f"limit is a whole number from 1 to {LIMIT_MAX}.")
    return int(text)


def cursor_of(position: int) -> str:
    """The cursor of the page that starts after this position."""
    return base64.urlsafe_b64encode(f"p{position}".encode()).decode().rstrip("=")


def position_of(request: Request) -> int | None:
    """The position in the request's cursor, None without one. Raises Problem when it is none of ours."""
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        decoded = ""
    if not (decoded[:1] == "p" and decoded[1:].isdigit() and len(decoded) < 20):  # noqa: PLR2004
        raise invalid("/cursor", "cursor must be the nextCursor of an earlier answer.")
    return int(decoded[1:])
