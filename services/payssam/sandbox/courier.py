"""Bringing callbacks to the partner, again and again until they are answered as documented."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from services.payssam.sandbox.deliveries import Answer, Deliveries, Delivery
from services.payssam.sandbox.settings import SandboxSettings

EXPECTED = {"code": "0000", "msg": "성공하였습니다."}
TIMEOUT_SECONDS = 10.0
ANSWER_BYTES_MAX = 4096
TOGETHER_MAX = 50
"""How many callbacks are under way at one time."""

OK = 200

log = logging.getLogger(__name__)


class Courier:
    """Sends what is due, each callback in a task of its own."""

    def __init__(self, settings: SandboxSettings, deliveries: Deliveries) -> None:
        self._clock: Callable[[], float] = settings.clock
        self._hour_seconds = settings.hour_seconds
        self._deliveries = deliveries
        self._news = asyncio.Event()
        self._under_way: dict[int, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """There may be something new to send."""
        self._news.set()

    async def run(self) -> None:
        """Send callbacks until cancelled; those under way are broken off then and sent again by the next run."""
        # The environment's proxies are no part of a test on this machine.
        async with httpx.AsyncClient(follow_redirects=False, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            try:
                while True:
                    self._news.clear()
                    # One moment for both: what fell due between two looks at the clock would be seen by neither.
                    now = self._clock()
                    self._start_due(client, now)
                    await self._pause(now)
            finally:
                broken_off = list(self._under_way.values())
                for task in broken_off:
                    task.cancel()
                await asyncio.gather(*broken_off, return_exceptions=True)

    def _start_due(self, client: httpx.AsyncClient, now: float) -> None:
        # Twice the number: what is under way stays due until it is answered.
        for delivery in self._deliveries.due(now, 2 * TOGETHER_MAX):
            if len(self._under_way) >= TOGETHER_MAX:
                return
            if delivery.number not in self._under_way:
                self._under_way[delivery.number] = asyncio.create_task(self._deliver(client, delivery))

    async def _pause(self, now: float) -> None:
        due = self._deliveries.next_due(now)
        try:
            async with asyncio.timeout(None if due is None else due - now):
                await self._news.wait()
        except TimeoutError:
            return

    async def _deliver(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        try:
            answer = await self._post(client, delivery)
            accepted = answer.status == OK and _parsed(answer.body).get("code") == EXPECTED["code"]
            next_due = self._clock() + self._hour_seconds
            self._deliveries.answered(delivery, answer, accepted=accepted, next_due=next_due)
        except Exception:
            log.exception("a callback of bill %s could not be kept", delivery.bill_id)
            await asyncio.sleep(self._hour_seconds)
        finally:
            del self._under_way[delivery.number]
            self.wake()

    async def _post(self, client: httpx.AsyncClient, delivery: Delivery) -> Answer:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        received = b""
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                client.stream("POST", delivery.url, content=delivery.body.encode(), headers=headers) as response,
            ):
                async for part in response.aiter_bytes():
                    received += part
                    if len(received) > ANSWER_BYTES_MAX:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError) as error:
            return Answer(self._clock(), error=f"{type(error).__name__}: {error}")
        body = received[:ANSWER_BYTES_MAX].decode(errors="replace")
        return Answer(self._clock(), response.status_code, body, exact=_parsed(body) == EXPECTED)


def _parsed(body: str) -> dict[str, Any]:
    try:
        parsed = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
