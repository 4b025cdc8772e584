"""The routes of payment requests: asking, operating, and what they show."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from projections import bills, payment_requests
from projections.payment_requests import RequestFilter
from projections.reading import Reader
from services.access import COMMAND_ROLES, QUERY_ROLES, Caller
from services.collection.errors import ProviderUnavailable
from services.collection.office import Office
from services.collection.provider import Done, Refused
from services.rest.answers import Opener, answer, found
from services.rest.command_routes import call_of
from services.rest.commands import Command
from services.rest.desk import Call, Desk
from services.rest.openapi import POINTS_DOCUMENTATION, document_command
from services.rest.outcomes import Outcome
from services.rest.payment_requests import OPERATIONS, SYNC, Operation, operated, request_payment_command, synchronised
from services.rest.problems import invalid
from services.rest.query_routes import Query, cursor_of, limit_of, not_found, one, position_of, visible_accommodation
from services.rest.requests import Authenticator, authenticate, check_query, freshness_of
from services.telemetry import PROVIDER_POINTS

STATUSES = ("REQUESTED", "SENT", "UNKNOWN", "REFUSED", "PAID", "REFUNDED", "DESTROYED", "EXPIRED")
NO_PROVIDER = "No payment provider is set up here; nothing was stored. See FOLIO_PAYSSAM_BASE_URL."

Run = Callable[[Office, Call], Awaitable[Outcome]]


def payment_request_router(
    desk: Desk, authenticator: Authenticator, opener: Opener, office: Office | None
) -> APIRouter:
    """Routes that ask guests for money; without a provider each answers that there is none."""
    router = APIRouter(tags=["Payment requests"])

    def route(command: Command, run: Run) -> None:
        async def endpoint(request: Request) -> Response:
            caller = await authenticate(request, authenticator, COMMAND_ROLES)
            if office is None:
                raise ProviderUnavailable(NO_PROVIDER)
            call = await call_of(command, request, caller)
            return await answer(await run(office, call), opener)

        router.add_api_route(
            command.path,
            endpoint,
            methods=[command.method],
            status_code=command.status,
            summary=command.summary,
            operation_id=command.name,
            openapi_extra=document_command(command),
            response_class=Response,
        )

    async def ask(office: Office, call: Call) -> Outcome:
        outcome = await desk.run(call)
        office.attendant.wake()
        return outcome

    route(request_payment_command(office is not None and office.automatic_card_payment), ask)

    def operate(operation: Operation) -> Run:
        return lambda office, call: desk.run_held(call.key, operated(office.collector, operation, call))

    for command, operation in OPERATIONS:
        route(command, operate(operation))
    route(SYNC, lambda office, call: desk.run_held(call.key, synchronised(office.collector, call)))

    @router.get(
        "/v1/payssam/points",
        summary="Points that are left at the provider, and where to buy more",
        openapi_extra=POINTS_DOCUMENTATION,
        response_class=Response,
    )
    async def points(request: Request) -> Response:
        await authenticate(request, authenticator, QUERY_ROLES)
        check_query(request)
        if office is None:
            raise ProviderUnavailable(NO_PROVIDER)
        left = await office.provider.points()
        if not isinstance(left, Done):
            raise ProviderUnavailable(f"{left.code}: {left.message}" if isinstance(left, Refused) else left.reason)
        PROVIDER_POINTS.set(left.value.balance)
        body = {"balance": left.value.balance, "chargeUrl": left.value.charge_url}
        return await answer(Outcome(200, body), opener)

    return router


class PaymentRequestQueries:
    """What the queries about payment requests answer."""

    def __init__(self, reader: Reader, opener: Opener) -> None:
        self._reader = reader
        self._opener = opener

    async def get_payment_request(self, request: Request, caller: Caller) -> Response:
        """One payment request, the guest masked."""
        request_id = request.path_params["paymentRequestId"]
        answer = await payment_requests.find_payment_request(
            self._reader, request_id, caller.sees, freshness_of(request)
        )
        if not answer.rows:
            raise not_found("payment request", request_id, answer.position, "paymentRequestId")
        view = answer.rows[0]
        return await found(view, answer.position, self._opener, view["version"])

    async def list_of_bill(self, request: Request, caller: Caller) -> Response:
        """A page of the bill's payment requests, newest first."""
        bill_id = request.path_params["billId"]
        one(await bills.find_bill(self._reader, bill_id, caller.sees, freshness_of(request)), "bill", bill_id)
        return await self._page(request, caller, _filter(request, bill_id=bill_id))

    async def list_of_accommodation(self, request: Request, caller: Caller) -> Response:
        """A page of an accommodation's payment requests, newest first; `flags` say what somebody should look at."""
        accommodation_id = visible_accommodation(request, caller)
        return await self._page(request, caller, _filter(request, accommodation_id=accommodation_id))

    async def _page(self, request: Request, caller: Caller, wanted: RequestFilter) -> Response:
        limit = limit_of(request)
        answer = await payment_requests.list_payment_requests(
            self._reader, wanted, limit + 1, caller.sees, freshness_of(request)
        )
        page = answer.rows[:limit]
        cursor = cursor_of(page[-1]["requested_position"]) if len(answer.rows) > limit else None
        body = {"items": [payment_requests.view_of_row(row) for row in page], "nextCursor": cursor}
        return await found(body, answer.position, self._opener)

    def table(self) -> tuple[Query, ...]:
        """Every query, a line each."""
        page = ("status", "limit", "cursor")
        # fmt: off
        return (
            Query("/v1/payment-requests/{paymentRequestId}", "A payment request", "PaymentRequest",
                  self.get_payment_request),
            Query("/v1/bills/{billId}/payment-requests", "The payment requests of a bill", "PaymentRequestPage",
                  self.list_of_bill, page, STATUSES),
            Query("/v1/accommodations/{accommodationId}/payment-requests", "The payment requests of an accommodation",
                  "PaymentRequestPage", self.list_of_accommodation, page, STATUSES),
        )
        # fmt: on


def _filter(request: Request, accommodation_id: str | None = None, bill_id: str | None = None) -> RequestFilter:
    status = request.query_params.get("status")
    if status is not None and status not in STATUSES:
        raise invalid("/status", f"status is one of {', '.join(STATUSES)}.")
    return RequestFilter(accommodation_id, bill_id, status, position_of(request))
