"""The routes of the commands, made from their table."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.access import COMMAND_ROLES, Caller
from services.desk.bodies import BatchBody
from services.desk.commands import COMMANDS, Command
from services.desk.desk import Call, Key, fingerprint_of
from services.desk.front_desk import FrontDesk
from services.desk.parsing import parse
from services.desk.problems import invalid
from services.desk.requests import (
    authenticate,
    check_query,
    context_of,
    idempotency_key,
    path_values,
)
from services.desk.routes import DirectRoute
from services.rest.answers import answer
from services.rest.batch import run_batch
from services.rest.openapi import BATCH_DESCRIPTION, BATCH_DOCUMENTATION, DRY_RUN, document_command

TRANSFER = "/v1/bills/transfer"

Endpoint = Callable[[Request], Awaitable[Response]]


def command_router(front: FrontDesk) -> APIRouter:
    """Routes for every command of the table, and for batches of them."""
    router = APIRouter(tags=["Commands"], route_class=DirectRoute)

    @router.api_route(TRANSFER, methods=["GET", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    async def only_post(_: Request) -> Response:
        """Keeps this path from being read as that of a bill named "transfer"."""
        raise HTTPException(405)

    for command in COMMANDS:
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

    @router.post(
        "/v1/commands",
        summary="Many commands at once, or what they would do",
        description=BATCH_DESCRIPTION,
        openapi_extra=BATCH_DOCUMENTATION,
    )
    async def run_commands(request: Request) -> Response:
        caller = await authenticate(request, front.authenticator, COMMAND_ROLES)
        check_query(request, DRY_RUN)
        dry = _is_dry_run(request)
        body = parse(BatchBody, await request.body())
        name = idempotency_key(request)
        key = Key(caller.id, name, fingerprint_of("POST", request.scope["path"], body)) if name else None
        context = context_of(request, caller, None)
        if not dry:
            return await answer(await run_batch(front.desk, body, context, caller, key), front.opener)
        dry_run = await front.dry_runs.begin()
        outcome = await run_batch(dry_run.desk, body, context, caller, key)
        return await answer(await dry_run.foretold(outcome, context.request_id), dry_run.opener)

    return router


def _is_dry_run(request: Request) -> bool:
    given = request.query_params.get(DRY_RUN, "false")
    if given not in ("true", "false"):
        raise invalid(f"/{DRY_RUN}", f"{DRY_RUN} is true or false.")
    return given == "true"


def _endpoint(command: Command, front: FrontDesk) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        caller = await authenticate(request, front.authenticator, command.roles)
        return await answer(await front.desk.run(await call_of(command, request, caller)), front.opener)

    return endpoint


async def call_of(command: Command, request: Request, caller: Caller) -> Call:
    """The command that a request asks for. Raises Problem for whatever is wrong with its form."""
    check_query(request)
    values = path_values(command.path_names, request.path_params)
    body = parse(command.body, await request.body())
    name = idempotency_key(request)
    key = Key(caller.id, name, fingerprint_of(command.method, request.scope["path"], body)) if name else None
    return Call(command, values, body, context_of(request, caller, getattr(body, "reason", None)), key)
