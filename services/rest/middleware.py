"""Around every request: its id, its log line and metrics, the limit on its body, and errors in one form."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from ulid import ULID

from services.desk.failures import FAULT, TRY_AGAIN_LATER
from services.desk.problems import Problem
from services.rest.answers import refuse
from services.rest.health import Readiness
from services.telemetry import REQUEST_SECONDS, REQUESTS

BODY_BYTES_MAX = 1024 * 1024
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""What is counted by name; a caller may invent others without end."""
REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")

Refuse = Callable[[Problem, str], Response]
"""Makes the answer to a request that is not carried out, given its id."""

log = structlog.get_logger()


class Front:
    """The outermost layer of the application.

    `refusals` are the forms of the paths that refuse requests in one of their own.

    The time that counts ends when an answer begins, for a stream lasts for hours.
    """

    def __init__(self, app: ASGIApp, readiness: Readiness, refusals: Mapping[str, Refuse]) -> None:
        self._app = app
        self._readiness = readiness
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "websocket":
            await self._open_socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refusals.get(scope["path"], refuse)
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500
        answered: float | None = None

        async def answer(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                answered = time.perf_counter()
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            self._refuse_in_trouble(scope)
            _refuse_large(scope)
            await self._app(scope, _limited(receive), answer)
        except Problem as problem:
            await refused(problem, request_id)(scope, receive, answer)
        except Exception:
            log.exception("a request failed", request_id=request_id, path=scope["path"])
            if answered is not None:
                raise
            await refused(Problem("INTERNAL_ERROR", FAULT), request_id)(scope, receive, answer)
        finally:
            _record(scope, request_id, status, (answered or time.perf_counter()) - started)

    async def _open_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._refuse_in_trouble(scope)
        except Problem as problem:
            socket = WebSocket(scope, receive, send)
            await socket.accept(next(iter(scope["subprotocols"]), None))
            await socket.close(TRY_AGAIN_LATER, problem.detail)
            return
        await self._app(scope, receive, send)

    def _refuse_in_trouble(self, scope: Scope) -> None:
        trouble = self._readiness.trouble
        if trouble is not None and (scope["path"].startswith("/v1/") or scope["path"] in self._refusals):
            raise Problem("SERVICE_UNAVAILABLE", f"Not now: {trouble}. Send the same request again later.")


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if REQUEST_ID.fullmatch(given):
                return str(given)
    return str(ULID())


def _too_large() -> Problem:
    return Problem("PAYLOAD_TOO_LARGE", f"The body is larger than {BODY_BYTES_MAX} bytes; send it in parts.")


def _refuse_large(scope: Scope) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > BODY_BYTES_MAX:
            raise _too_large()


def _limited(receive: Receive) -> Receive:
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > BODY_BYTES_MAX:
            raise _too_large()
        return message

    return limited


def _record(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    route: Any = scope.get("route")
    template = getattr(route, "path", "unknown")
    method = scope["method"] if scope["method"] in METHODS else "other"
    REQUESTS.labels(method, template, status).inc()
    REQUEST_SECONDS.labels(method, template).observe(seconds)
    log.info(
        "answered",
        request_id=request_id,
        method=scope["method"],
        path=scope["path"],
        status=status,
        milliseconds=round(seconds * 1000, 2),
        caller=scope["state"].get("caller"),
        **scope["state"].get("noted", {}),
    )
