"""The answer to who asked for a report, sent while it is read."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from projections.report_reading import ReportTooLong
from services.billing.ports import StoreUnavailable
from services.desk.report_desk import Produced

SEND_SECONDS_MAX = 30.0
"""How long a reader may take nothing: it holds one of few places."""

log = logging.getLogger(__name__)


async def unless_gone(request: Request, producing: Coroutine[Any, Any, Produced]) -> Produced | None:
    """What is produced for a request; None when its reader goes first: nobody shall wait for what nobody takes.

    Raises what producing raises.
    """
    work, leaving = asyncio.create_task(producing), asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else None
    finally:
        unwanted = [leaving] if work.done() else [leaving, work]
        for task in unwanted:
            task.cancel()
        for late in await asyncio.gather(*unwanted, return_exceptions=True):
            if isinstance(late, Produced):
                await late.aclose()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class ReportStream(StreamingResponse):
    """A report on its way. What goes wrong once it has begun breaks it off: its end is then missing for all to see."""

    def __init__(self, produced: Produced, file_name: str) -> None:
        headers = {
            "Folio-Position": str(produced.position),
            "Content-Disposition": f'inline; filename="{file_name}"',
        }
        super().__init__(produced.chunks, 200, headers, produced.media_type)
        self._produced = produced

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and let go of the database whatever happens."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            log.info("a report is broken off: its reader took nothing for %g seconds", SEND_SECONDS_MAX)
        except (StoreUnavailable, ReportTooLong) as error:
            log.warning("a report is broken off: %s", error)
        finally:
            await self._produced.aclose()
