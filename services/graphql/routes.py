"""The routes of the GraphQL face: documents by POST, subscriptions by WebSocket, and the page to try it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from services.access import QUERY_ROLES
from services.desk.failures import problem_for
from services.desk.following import Following
from services.desk.front_desk import FrontDesk
from services.desk.problems import HEADERS_OF_CODE, Problem, invalid
from services.desk.requests import authenticate, check_query, freshness_of, idempotency_key, request_id
from services.desk.routes import DirectRoute
from services.graphql.documents import NOTHING
from services.graphql.errors import refuse
from services.graphql.explorer import explorer_routes
from services.graphql.schema import FolioSchema, make_schema
from services.graphql.session import Session, document_key
from services.graphql.socket import Socket
from services.graphql.subscriptions import event_views

PATH = "/graphql"
RESPONSE_TYPE = "application/graphql-response+json"
BY_POST = {OperationType.QUERY, OperationType.MUTATION}


@dataclass(frozen=True)
class Asked:
    """What the body of a request holds."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


def graphql_routes(front: FrontDesk, *, introspection: bool) -> list[BaseRoute]:
    """The routes; with `introspection` clients may ask for the schema, and a browser gets the page to try it."""
    schema = make_schema(introspection=introspection)
    following = Following(front.events, event_views)

    async def endpoint(request: Request) -> Response:
        try:
            return await _answer(request, schema, front, following)
        except Exception as error:
            problem = problem_for(error)
            if problem is None:
                raise
            return refuse(problem, request_id(request))

    router = APIRouter(route_class=DirectRoute)
    router.add_api_route(PATH, endpoint, methods=["POST"], include_in_schema=False)
    return [
        *router.routes,
        WebSocketRoute(PATH, Socket(schema, front, following)),
        *(explorer_routes(PATH) if introspection else ()),
    ]


async def _answer(
    request: Request, schema: FolioSchema, front: FrontDesk, following: Following[list[dict[str, Any]]]
) -> Response:
    await authenticate(request, front.authenticator, QUERY_ROLES)
    check_query(request, "consistency")
    if "if-match" in request.headers:
        raise invalid("/If-Match", "If-Match is for one bill; give each mutation its own expectedVersion.")
    asked = _asked(await request.body())
    session = Session(
        front,
        following,
        request,
        request.headers["authorization"],
        freshness_of(request),
        document_key(idempotency_key(request), asked.query, asked.variables, asked.operation_name),
    )
    try:
        result = await schema.execute(
            asked.query or NOTHING,
            asked.variables,
            session,
            operation_name=asked.operation_name,
            allowed_operation_types=BY_POST,
        )
    except InvalidOperationTypeError:
        raise invalid("/query", _BY_SOCKET) from None
    codes = [str((error.extensions or {})["code"]) for error in result.errors or ()]
    request.state.noted = {"operation": asked.operation_name, "codes": codes}
    return _response(request, session, result, codes)


_BY_SOCKET = "A subscription is sent over a WebSocket, by the protocol graphql-transport-ws."


def _asked(raw: bytes) -> Asked:
    """The document and its variables. Raises Problem for whatever is wrong with the body's form."""
    try:
        body = msgspec.json.decode(raw)
    except RecursionError:
        raise Problem("INVALID_PARAMETER", "The body is nested too deeply.") from None
    except msgspec.ValidationError:
        raise Problem("INVALID_PARAMETER", "A number in the body is out of range.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem("INVALID_PARAMETER", f"The body is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise Problem("INVALID_PARAMETER", 'The body must be a JSON object, as {"query": "…", "variables": {…}}.')
    if body.get("query") is None:
        raise Problem("REQUIRED_PARAMETER", "The body has no query: the document goes there.")
    return Asked(
        _member(body, "query", str), _member(body, "variables", dict), _member(body, "operationName", str) or None
    )


def _member(body: Mapping[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise invalid(f"/{name}", f"{name} must be {'text' if kind is str else 'a JSON object'}.")
    return value


def _response(request: Request, session: Session, result: ExecutionResult, codes: list[str]) -> Response:
    headers = {}
    if session.position is not None:
        headers["Folio-Position"] = str(session.position)
    if session.replayed:
        headers["Idempotency-Replayed"] = "true"
    unread = result.data is None and all(error.path is None for error in result.errors or ())
    body: dict[str, Any] = {} if unread else {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    if session.position is not None:
        body["extensions"] = {"position": session.position}
    for code in codes:
        headers |= HEADERS_OF_CODE.get(code, {})
    modern = RESPONSE_TYPE in request.headers.get("accept", "")
    media_type = RESPONSE_TYPE if modern else "application/json"
    return Response(msgspec.json.encode(body), 400 if modern and unread else 200, headers, media_type)
