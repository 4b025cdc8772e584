"""The queries about payment requests: each answers from their read model, the guest masked."""

from starlette.requests import Request
from starlette.responses import Response

from projections import bills, payment_requests
from projections.payment_requests import RequestFilter
from projections.reading import Reader
from services.access import Caller
from services.rest.answers import Opener, found
from services.rest.problems import invalid
from services.rest.query_routes import Query, cursor_of, limit_of, not_found, one, position_of, visible_accommodation
from services.rest.requests import freshness_of

STATUSES = ("REQUESTED", "SENT", "UNKNOWN", "REFUSED", "PAID", "REFUNDED", "DESTROYED", "EXPIRED")


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
