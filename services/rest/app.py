"""The REST application, put together from its routers, with every error in one form."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from services.desk.failures import FAILURES, problem_for
from services.desk.front_desk import FrontDesk
from services.desk.problems import Problem
from services.desk.requests import request_id
from services.rest.answers import refuse
from services.rest.command_routes import command_router
from services.rest.documentation import add_documentation
from services.rest.evidence_queries import EvidenceQueries
from services.rest.feed import feed_router
from services.rest.health import Readiness, health_router
from services.rest.history_queries import HistoryQueries
from services.rest.middleware import METHODS, Front, Refuse
from services.rest.openapi import describe
from services.rest.payment_request_queries import PaymentRequestQueries
from services.rest.payment_request_routes import payment_request_router
from services.rest.privacy_queries import PrivacyQueries
from services.rest.query_routes import Queries, query_router
from services.rest.report_queries import ReportQueries

DESCRIPTION = """
Bills on guest folios, every change an event. Amounts are whole numbers in the currency's minor unit.
Send a key as `Authorization: Bearer KEY`. Every POST, PATCH and DELETE takes an `Idempotency-Key`.

Queries show all that was committed before them. Commands and queries say their position in the log as
`Folio-Position`; a query with the header `Folio-Min-Position` answers from that position or a later one.

The same commands and queries are there as GraphQL: POST /graphql, and a WebSocket there for subscriptions.
"""


class RestApplication(FastAPI):
    """FastAPI with this interface's own description."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document."""
        return describe(self)


def make_app(front: FrontDesk, readiness: Readiness, refusals: Mapping[str, Refuse]) -> RestApplication:
    """The application, ready to be served; `refusals` as `Front` takes them."""
    app = RestApplication(
        title="Folio Ledger",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    queries = (
        *Queries(front.lookups, front.opener).table(),
        *PaymentRequestQueries(front.lookups, front.opener).table(),
        *EvidenceQueries(front.evidence).table(),
        *PrivacyQueries(front.guest_export).table(),
        *HistoryQueries(front.history, front.opener).table(),
        *ReportQueries(front.lookups, front.reports, front.opener).table(),
    )
    for router in (
        command_router(front),
        payment_request_router(front),
        query_router(queries, front.authenticator),
        feed_router(front.events, front.authenticator),
    ):
        # Taken over as they are: an included router would be searched and wrapped again for every request.
        app.router.routes.extend(router.routes)
    app.include_router(health_router(readiness))
    for kind in FAILURES:
        app.add_exception_handler(kind, _failed)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_middleware(Front, readiness=readiness, refusals=refusals)
    add_documentation(app)
    return app


async def _failed(request: Request, error: Exception) -> Response:
    problem = problem_for(error)
    assert problem is not None
    return refuse(problem, request_id(request))


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:  # noqa: PLR2004
        detail = f"{request.method} is not possible on {request.url.path}."
        problem = Problem("METHOD_NOT_ALLOWED", detail, headers={"Allow": ", ".join(_allowed_methods(request))})
    else:
        problem = Problem("DATA_NOT_FOUND_ON_ID", f"There is nothing at {request.url.path}; /docs lists what there is.")
    return refuse(problem, request_id(request))


def _allowed_methods(request: Request) -> list[str]:
    """Every method that the path takes, whichever route it is on.

    A path that is described as it stands (/v1/bills/transfer) takes what is described, not what the
    pattern takes that it would fit too (/v1/bills/{billId}).
    """
    described = request.app.openapi()["paths"].get(request.scope["path"])
    if described is not None:
        return [method.upper() for method in described]
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
