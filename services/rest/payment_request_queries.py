"""The queries about payment requests: each answers from their read model, the guest masked."""

from typing import get_args

from starlette.requests import Request
from starlette.responses import Response

from projections.payment_requests import RequestFilter
from services.access import Caller
from services.collection.payment_request import Status
from services.desk.lookups import Lookups
from services.desk.opening import Opener
from services.desk.problems import invalid
from services.desk.requests import freshness_of
from services.rest.answers import found, found_page
from services.rest.query_routes import Query, limit_of, position_in

STATUSES = get_args(Status)


class PaymentRequestQueries:
    """What the queries about payment requests answer."""

    def __init__(self, lookups: Lookups, opener: Opener) -> None:
        self._lookups = lookups
        self._opener = opener

    async def get_payment_request(self, request: Request, caller: Caller) -> Response:
        """One payment request, the guest masked."""
        request_id = request.path_params["paymentRequestId"]
        return await found(await self._lookups.payment_request(request_id, caller, freshness_of(request)), self._opener)

    async def list_of_bill(self, request: Request, caller: Caller) -> Response:
        """A page of the bill's payment requests, newest first."""
        return await self._page(request, caller, _filter(request, bill_id=request.path_params["billId"]))

    async def list_of_accommodation(self, request: Request, caller: Caller) -> Response:
        """A page of an accommodation's payment requests, newest first; `flags` say what somebody should look at."""
        accommodation_id = request.path_params["accommodationId"]
        return await self._page(request, caller, _filter(request, accommodation_id=accommodation_id))

    async def _page(self, request: Request, caller: Caller, wanted: RequestFilter) -> Response:
        page = await self._lookups.payment_requests(wanted, limit_of(request), caller, freshness_of(request))
        return await found_page(page, self._opener)

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
    return RequestFilter(accommodation_id, bill_id, status, position_in(request))
