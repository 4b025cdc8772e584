"""Whether the service lives, whether it can serve, and its metrics. No key is needed."""

from typing import Protocol

import msgspec
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from services.billing.ports import StoreUnavailable
from services.telemetry import exposition

HEALTH = {"200": {"description": "Yes"}, "503": {"description": "Not now; the body says why"}}


class Readiness(Protocol):
    """Says what keeps the service from serving."""

    @property
    def trouble(self) -> str | None:
        """What is known to keep everything from being served, None when nothing is."""
        ...

    async def obstacle(self) -> str | None:
        """Why commands and queries cannot be served now, None when they can. Raises StoreUnavailable."""
        ...


def health_router(readiness: Readiness) -> APIRouter:
    """The routes under /health, and /metrics."""
    router = APIRouter(tags=["Operations"])

    @router.get("/health/live", summary="The process runs", response_class=Response)
    async def live() -> Response:
        return _status(200, "live")

    @router.get(
        "/health/ready", summary="The log and every read model can serve", openapi_extra={"responses": HEALTH},
        response_class=Response,
    )  # fmt: skip
    async def ready() -> Response:
        try:
            obstacle = await readiness.obstacle()
        except StoreUnavailable:
            obstacle = "the database does not answer"
        return _status(200, "ready") if obstacle is None else _status(503, "not ready", obstacle)

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    return router


def _status(status: int, state: str, detail: str | None = None) -> Response:
    body = {"status": state} if detail is None else {"status": state, "detail": detail}
    headers = {} if detail is None else {"Retry-After": "1"}
    return Response(msgspec.json.encode(body), status, headers, "application/json")
