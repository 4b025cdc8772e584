"""The routes of payment requests: asking, and what is done about what was asked."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.access import COMMAND_ROLES, QUERY_ROLES
from services.collection.errors import ProviderUnavailable
from services.collection.office import Office
from services.collection.provider import Done, Refused
from services.rest.answers import Opener, answer
from services.rest.command_routes import call_of
from services.rest.commands import Command
from services.rest.desk import Call, Desk
from services.rest.openapi import POINTS_DOCUMENTATION, document_command
from services.rest.outcomes import Outcome
from services.rest.payment_requests import (
    OPERATIONS,
    SYNC,
    Operation,
    operated,
    request_payment_command,
    synchronised,
)
from services.rest.requests import Authenticator, authenticate, check_query
from services.rest.routes import DirectRoute
from services.telemetry import PROVIDER_POINTS

NO_PROVIDER = "No payment provider is set up here; nothing was stored. See FOLIO_PAYSSAM_BASE_URL."

Run = Callable[[Office, Call], Awaitable[Outcome]]
Endpoint = Callable[[Request], Awaitable[Response]]


def payment_request_router(
    desk: Desk, authenticator: Authenticator, opener: Opener, office: Office | None
) -> APIRouter:
    """Routes that ask guests for money; without a provider each answers that there is none."""
    router = APIRouter(tags=["Payment requests"], route_class=DirectRoute)
    asking = request_payment_command(office is not None and office.automatic_card_payment)
    operations = [(command, _operate(desk, operation)) for command, operation in OPERATIONS]
    for command, run in ((asking, _ask(desk)), *operations, (SYNC, _synchronise(desk))):
        router.add_api_route(
            command.path,
            _endpoint(command, run, authenticator, opener, office),
            methods=[command.method],
            status_code=command.status,
            summary=command.summary,
            operation_id=command.name,
            openapi_extra=document_command(command),
            response_class=Response,
        )
    router.add_api_route(
        "/v1/payssam/points",
        _points(authenticator, opener, office),
        summary="Points that are left at the provider, and where to buy more",
        operation_id="get_points",
        openapi_extra=POINTS_DOCUMENTATION,
        response_class=Response,
    )
    return router


def _endpoint(
    command: Command, run: Run, authenticator: Authenticator, opener: Opener, office: Office | None
) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        caller = await authenticate(request, authenticator, COMMAND_ROLES)
        call = await call_of(command, request, caller)
        return await answer(await run(_open(office), call), opener)

    return endpoint


def _open(office: Office | None) -> Office:
    if office is None:
        raise ProviderUnavailable(NO_PROVIDER)
    return office


def _ask(desk: Desk) -> Run:
    async def ask(office: Office, call: Call) -> Outcome:
        outcome = await desk.run(call)
        office.attendant.wake()
        return outcome

    return ask


def _operate(desk: Desk, operation: Operation) -> Run:
    async def operate(office: Office, call: Call) -> Outcome:
        try:
            return await desk.run_held(call.key, operated(office.collector, operation, call, desk.replay))
        except ProviderUnavailable as error:  # it may have happened all the same: that is asked about soon
            await office.agenda.put(call.id, datetime.now(UTC), 1, str(error))
            office.attendant.wake()
            raise

    return operate


def _synchronise(desk: Desk) -> Run:
    async def synchronise(office: Office, call: Call) -> Outcome:
        return await desk.run_held(call.key, synchronised(office.collector, call))

    return synchronise


def _points(authenticator: Authenticator, opener: Opener, office: Office | None) -> Endpoint:
    async def points(request: Request) -> Response:
        await authenticate(request, authenticator, QUERY_ROLES)
        check_query(request)
        left = await _open(office).provider.points()
        if not isinstance(left, Done):
            raise ProviderUnavailable(f"{left.code}: {left.message}" if isinstance(left, Refused) else left.reason)
        PROVIDER_POINTS.set(left.value.balance)
        body = {"balance": left.value.balance, "chargeUrl": left.value.charge_url}
        return await answer(Outcome(200, body), opener)

    return points
