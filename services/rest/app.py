"""The REST application, put together from its routers, with every error in one form."""

from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from projections.reading import NotCaughtUp, Reader
from services.billing.errors import Refusal
from services.billing.feed import EventLog, EventUnreadable
from services.billing.ports import StoreUnavailable, TooBusy
from services.collection.errors import CallbackRefused, ProviderUnavailable
from services.collection.office import Office
from services.rest.answers import Opener
from services.rest.command_routes import command_router
from services.rest.desk import Desk
from services.rest.documentation import add_documentation
from services.rest.feed import feed_router
from services.rest.health import Readiness, health_router
from services.rest.middleware import METHODS, Front
from services.rest.openapi import describe
from services.rest.past import LogReader, Past
from services.rest.payment_request_queries import PaymentRequestQueries
from services.rest.payment_request_routes import payment_request_router
from services.rest.problems import Problem, problem_of
from services.rest.query_routes import Queries, query_router
from services.rest.requests import Authenticator, request_id

DESCRIPTION = """
Bills on guest folios, every change an event. Amounts are whole numbers in the currency's minor unit.
Send a key as `Authorization: Bearer KEY`. Every POST, PATCH and DELETE takes an `Idempotency-Key`.

Queries show all that was committed before them. Commands and queries say their position in the log as
`Folio-Position`; a query with the header `Folio-Min-Position` answers from that position or a later one.
"""


class RestApplication(FastAPI):
    """FastAPI with this interface's own description."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document."""
        return describe(self)


def make_app(
    desk: Desk,
    reader: Reader,
    log: LogReader,
    authenticator: Authenticator,
    opener: Opener,
    readiness: Readiness,
    events: EventLog,
    office: Office | None = None,
) -> RestApplication:
    """The application, ready to be served; `office` asks guests for money, None without a provider."""
    app = RestApplication(
        title="Folio Ledger",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    queries = (*Queries(reader, Past(log), opener).table(), *PaymentRequestQueries(reader, opener).table())
    for router in (
        command_router(desk, authenticator, opener),
        payment_request_router(desk, authenticator, opener, office),
        query_router(queries, authenticator),
        feed_router(events, authenticator),
    ):
        # Taken over as they are: an included router would be searched and wrapped again for every request.
        app.router.routes.extend(router.routes)
    app.include_router(health_router(readiness))
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(StoreUnavailable, _store_unavailable)
    app.add_exception_handler(EventUnreadable, _event_unreadable)
    app.add_exception_handler(NotCaughtUp, _not_caught_up)
    app.add_exception_handler(TooBusy, _too_busy)
    app.add_exception_handler(ProviderUnavailable, _provider_unavailable)
    app.add_exception_handler(CallbackRefused, _callback_refused)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_middleware(Front, readiness=readiness)
    add_documentation(app)
    return app


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response(request_id(request))


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem_of(error).response(request_id(request))


async def _store_unavailable(request: Request, _: Exception) -> Response:
    detail = "The database does not answer. Send the same request again with the same Idempotency-Key."
    return Problem("SERVICE_UNAVAILABLE", detail).response(request_id(request))


async def _event_unreadable(request: Request, error: Exception) -> Response:
    return Problem("SERVICE_UNAVAILABLE", str(error)).response(request_id(request))


async def _not_caught_up(request: Request, error: Exception) -> Response:
    return Problem("NOT_CAUGHT_UP", str(error)).response(request_id(request))


async def _too_busy(request: Request, _: Exception) -> Response:
    detail = "Too much is done about the same thing at once; nothing was done. Send the same request again."
    return Problem("TOO_MANY_REQUESTS", detail).response(request_id(request))


async def _provider_unavailable(request: Request, error: Exception) -> Response:
    return Problem("PROVIDER_UNAVAILABLE", str(error)).response(request_id(request))


async def _callback_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, CallbackRefused)
    return Problem(error.code, error.detail).response(request_id(request))


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:  # noqa: PLR2004
        detail = f"{request.method} is not possible on {request.url.path}."
        problem = Problem("METHOD_NOT_ALLOWED", detail, headers={"Allow": ", ".join(_allowed_methods(request))})
    else:
        problem = Problem("DATA_NOT_FOUND_ON_ID", f"There is nothing at {request.url.path}; /docs lists what there is.")
    return problem.response(request_id(request))


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
