"""The routes of payment requests: asking, and what is done about what was asked."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.access import QUERY_ROLES
from services.desk.commands import Command
from services.desk.front_desk import FrontDesk
from services.desk.outcomes import Outcome
from services.desk.requests import authenticate, check_query
from services.desk.routes import DirectRoute
from services.rest.answers import answer
from services.rest.command_routes import call_of
from services.rest.openapi import POINTS_DOCUMENTATION, document_command

Endpoint = Callable[[Request], Awaitable[Response]]


def payment_request_router(front: FrontDesk) -> APIRouter:
    """Routes that ask guests for money; without a provider each answers that there is none."""
    router = APIRouter(tags=["Payment requests"], route_class=DirectRoute)
    for command in front.payment_requests.commands:
        router.add_api_route(
            command.path,
            _endpoint(command, front),
            methods=[command.method],
            status_code=command.status,
            summary=command.summary,
            operation_id=command.name,
            openapi_extra=document_command(command),
            response_class=Response,
        )
    router.add_api_route(
        "/v1/payssam/points",
        _points(front),
        summary="Points that are left at the provider, and where to buy more",
        operation_id="get_points",
        openapi_extra=POINTS_DOCUMENTATION,
        response_class=Response,
    )
    return router


def _endpoint(command: Command, front: FrontDesk) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        caller = await authenticate(request, front.authenticator, command.roles)
        return await answer(await front.payment_requests.run(await call_of(command, request, caller)), front.opener)

    return endpoint


def _points(front: FrontDesk) -> Endpoint:
    async def points(request: Request) -> Response:
        await authenticate(request, front.authenticator, QUERY_ROLES)
        check_query(request)
        return await answer(Outcome(200, await front.payment_requests.points()), front.opener)

    return points
