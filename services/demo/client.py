"""How the demonstration asks the service: as any client does, over HTTP."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx

from services.serving import SHUTDOWN_SECONDS_MAX

ANSWER_SECONDS_MAX = 30.0
REQUESTS_AT_ONCE_MAX = 16
COME_AGAIN = {429, 503}
ATTEMPTS_MAX = 60
BUSY_PAUSE_SECONDS = 0.5
READY_PAUSE_SECONDS = 0.05
PATIENT_SECONDS = 3.0
ERROR_STATUS_MIN = 400

Headers = dict[bytes, bytes]


class DemoFailed(Exception):
    """The demonstration cannot go on; the message says why."""


def open_client(address: str) -> httpx.AsyncClient:
    """A client of the service at this address, which no proxy must come between."""
    limits = httpx.Limits(max_connections=REQUESTS_AT_ONCE_MAX, max_keepalive_connections=REQUESTS_AT_ONCE_MAX)
    return httpx.AsyncClient(base_url=address, timeout=ANSWER_SECONDS_MAX, limits=limits, trust_env=False)


async def wait_until_ready(client: httpx.AsyncClient, say: Callable[[str], None]) -> None:
    """Wait, as long as it takes, until the service can serve; what keeps it is said when that takes long.

    Raises DemoFailed when no answer comes.
    """
    said = ""
    patient_until = time.monotonic() + PATIENT_SECONDS
    while (response := await _sent(client, "GET", "/health/ready", None, None)).status_code in COME_AGAIN:
        obstacle = f"Waiting: {response.json()['detail']}."
        if time.monotonic() > patient_until and obstacle != said:
            say(obstacle)
            said = obstacle
            patient_until = time.monotonic() + PATIENT_SECONDS
        await asyncio.sleep(READY_PAUSE_SECONDS)


async def ask(
    client: httpx.AsyncClient, method: str, path: str, body: Any = None, headers: Headers | None = None
) -> httpx.Response:
    """Send a request, again while the service says that it is busy; commands must have their idempotency keys.

    Raises DemoFailed when no answer comes, or only that the service is busy.
    """
    for _ in range(ATTEMPTS_MAX):
        response = await _sent(client, method, path, body, headers)
        if response.status_code not in COME_AGAIN:
            return response
        await asyncio.sleep(BUSY_PAUSE_SECONDS)
    raise refused(method, path, response.json())


async def _sent(
    client: httpx.AsyncClient, method: str, path: str, body: Any, headers: Headers | None
) -> httpx.Response:
    try:
        return await client.request(method, path, json=body, headers=headers)
    except httpx.TransportError as error:
        # Ctrl-C first closes the server and then cancels this task: only what lasts longer is a failure.
        await asyncio.sleep(SHUTDOWN_SECONDS_MAX)
        raise DemoFailed(
            f"The service does not answer {method} {path}: {str(error) or type(error).__name__}"
        ) from error


def refused(method: str, path: str, problem: dict[str, Any]) -> DemoFailed:
    """What to raise for a request that was answered with a problem."""
    reason = [problem[member] for member in ("code", "detail") if member in problem]
    return DemoFailed(f"{method} {path} was refused: {': '.join(reason)}")
