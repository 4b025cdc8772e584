"""Whether the service lives, whether it can serve, and its metrics. No key is needed."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from projections.lag import Lag
from services.billing.ports import StoreUnavailable
from services.telemetry import exposition

HEALTH = {"200": {"description": "Yes"}, "503": {"description": "Not now; the body says why"}}


OK = 200
METRICS_SECONDS_MAX = 1.0
"""How long a scrape waits for the database; without its answer, what was measured last is told."""


class Readiness(Protocol):
    """Says what keeps the service from serving."""

    @property
    def trouble(self) -> str | None:
        """What is known to keep everything from being served, None when nothing is."""
        ...

    async def measure(self) -> Mapping[str, Lag]:
        """How far each read model is behind the log. Raises StoreUnavailable."""
        ...

    def obstacle(self, lags: Mapping[str, Lag]) -> str | None:
        """Why commands and queries cannot be served while the read models lag so, None when they can."""
        ...


def health_router(readiness: Readiness) -> APIRouter:
    """The routes under /health, and /metrics."""
    router = APIRouter(tags=["Operations"])

    @router.get("/health/live", summary="The process runs", response_class=Response)
    async def live() -> Response:
        return _status(OK, "live")

    @router.get(
        "/health/ready", summary="The log and every read model can serve", openapi_extra={"responses": HEALTH},
        response_class=Response,
    )  # fmt: skip
    async def ready() -> Response:
        if readiness.trouble is not None:
            return _status(503, "not ready", detail=readiness.trouble)
        try:
            lags = await readiness.measure()
        except StoreUnavailable:
            return _status(503, "not ready", detail="the database does not answer")
        read_models = {name: _shown(lag) for name, lag in lags.items()}
        obstacle = readiness.obstacle(lags)
        if obstacle is not None:
            return _status(503, "not ready", detail=obstacle, readModels=read_models)
        return _status(OK, "ready", readModels=read_models)

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    async def metrics() -> Response:
        if readiness.trouble is None:
            with contextlib.suppress(StoreUnavailable, TimeoutError):
                async with asyncio.timeout(METRICS_SECONDS_MAX):
                    await readiness.measure()
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    return router


def _shown(lag: Lag) -> dict[str, Any]:
    return {
        "position": lag.position,
        "lagEvents": lag.events,
        "lagSeconds": lag.seconds,
        "parkedEvents": lag.parked_events,
    }


def _status(status: int, state: str, **more: Any) -> Response:
    headers = {} if status == OK else {"Retry-After": "1"}
    return Response(msgspec.json.encode({"status": state, **more}), status, headers, "application/json")
