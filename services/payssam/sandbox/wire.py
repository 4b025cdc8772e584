"""The provider's own paths, in both generations, with the faults that were ordered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.payssam.sandbox.calls import Calls, Reply
from services.payssam.sandbox.dialects import V1, V2, Dialect, Operation
from services.payssam.sandbox.dropping import Dropped
from services.payssam.sandbox.faults import Faults
from services.payssam.sandbox.refusals import MAINTENANCE, WRONG_FIELD, Refusal

BODY_BYTES_MAX = 64 * 1024

PATHS: tuple[tuple[str, Dialect, Operation], ...] = (
    ("/if/bill/send", V1, "send"),
    ("/if/bill/resend", V1, "resend"),
    ("/if/bill/read", V1, "read"),
    ("/if/bill/destroy", V1, "destroy"),
    ("/if/bill/cancel", V1, "cancel"),
    ("/if/read/remain_count", V1, "points"),
    ("/bill", V2, "send"),
    ("/bill/resend", V2, "resend"),
    ("/bill/read", V2, "read"),
    ("/bill/destroy", V2, "destroy"),
    ("/bill/cancel", V2, "cancel"),
    ("/read/remain_count", V2, "points"),
    ("/read/merchant/remain_count", V2, "points"),
)

Endpoint = Callable[[Request], Awaitable[Response]]


def wire_routes(calls: Calls, faults: Faults) -> list[Route]:
    """The routes that a partner calls."""
    return [
        Route(path, _endpoint(calls, faults, dialect, operation), methods=["POST"])
        for path, dialect, operation in PATHS
    ]


def _endpoint(calls: Calls, faults: Faults, dialect: Dialect, operation: Operation) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            body = await _body(request)
        except Refusal as refusal:
            return _json(Reply.refusal(dialect, refusal))
        except ClientDisconnect:
            return Dropped()
        order = faults.take_fault(operation)
        fault = None if order is None else order.fault
        instead = _instead_of_acting(dialect, fault)
        if instead is not None:
            calls.not_acted(dialect, operation, body, fault)
            return instead
        reply = calls.act(dialect, operation, body, str(request.base_url).rstrip("/"), fault)
        if order is not None and order.fault == "delay":
            await asyncio.sleep(order.seconds)
        return _instead_of_answering(fault) or _json(reply)

    return endpoint


async def _body(request: Request) -> dict[str, Any]:
    received = b""
    async for part in request.stream():
        received += part
        if len(received) > BODY_BYTES_MAX:
            raise Refusal(WRONG_FIELD, f"the body is larger than {BODY_BYTES_MAX} bytes")
    try:
        body = msgspec.json.decode(received)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Refusal(WRONG_FIELD, "the body is not JSON in UTF-8") from None
    if not isinstance(body, dict):
        raise Refusal(WRONG_FIELD, "the body is not a JSON object")
    return body


def _json(reply: Reply) -> Response:
    return JSONResponse(reply.body, reply.status)


def _instead_of_acting(dialect: Dialect, fault: str | None) -> Response | None:
    if fault == "maintenance":
        return _json(Reply.refusal(dialect, Refusal(MAINTENANCE, "the service is being maintained")))
    return {"drop_before": Dropped, "error_500": _error, "html": _page}.get(fault or "", _nothing)()


def _instead_of_answering(fault: str | None) -> Response | None:
    return {"drop_after": Dropped, "error_500_after": _error, "html_after": _page}.get(fault or "", _nothing)()


def _nothing() -> None:
    return None


def _error() -> Response:
    return PlainTextResponse("Internal Server Error", 500)


def _page() -> Response:
    return HTMLResponse("<!doctype html><title>안내</title><p>잠시 후 다시 시도해 주세요.</p>")
