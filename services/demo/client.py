"""How the demonstration asks the service: as any client does, over HTTP."""

import asyncio
from typing import Any

import httpx

from services.serving import SHUTDOWN_SECONDS_MAX

ANSWER_SECONDS_MAX = 30.0
REQUESTS_AT_ONCE_MAX = 16
COME_AGAIN = {429, 503}
ATTEMPTS_MAX = 60
PAUSE_SECONDS = 0.5
ERROR_STATUS_MIN = 400


class DemoFailed(Exception):
    """The demonstration cannot go on; the message says why."""


def open_client(address: str) -> httpx.AsyncClient:
    """A client of the service at this address, which no proxy must come between."""
    limits = httpx.Limits(max_connections=REQUESTS_AT_ONCE_MAX, max_keepalive_connections=REQUESTS_AT_ONCE_MAX)
    return httpx.AsyncClient(base_url=address, timeout=ANSWER_SECONDS_MAX, limits=limits, trust_env=False)


async def ask(
    client: httpx.AsyncClient, method: str, path: str, body: Any = None, headers: dict[bytes, bytes] | None = None
) -> httpx.Response:
    """Send a request, again while the service says that it is busy; commands must have their idempotency keys.

    Raises DemoFailed when no answer comes, or only that the service is busy.
    """
    for _ in range(ATTEMPTS_MAX):
        try:
            response = await client.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            # Ctrl-C first closes the server and then cancels this task: only what lasts longer is a failure.
            await asyncio.sleep(SHUTDOWN_SECONDS_MAX)
            raise DemoFailed(f"The service does not answer {method} {path}: {error or type(error).__name__}") from error
        if response.status_code not in COME_AGAIN:
            return response
        await asyncio.sleep(PAUSE_SECONDS)
    raise refused(method, path, response.json())


def refused(method: str, path: str, problem: dict[str, Any]) -> DemoFailed:
    """What to raise for a request that was answered with a problem."""
    reason = [problem[member] for member in ("code", "detail") if member in problem]
    return DemoFailed(f"{method} {path} was refused: {': '.join(reason)}")
