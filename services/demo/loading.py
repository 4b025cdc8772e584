"""Loading the sample hotels through the public commands, each with an idempotency key of its own.

A load that was interrupted starts over: what happened before is answered again and happens no second time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any

import httpx

from services.demo.catalogue import HOTELS, LAST_FOLIO
from services.demo.client import ERROR_STATUS_MIN, REQUESTS_AT_ONCE_MAX, ask, refused
from services.demo.plan import FolioPlan, Planned, fill, requests_of
from services.demo.sample_hotel import accommodations, closing_folio

NOT_FOUND = 404
PAGE = 500


async def is_loaded(client: httpx.AsyncClient) -> bool:
    """Whether all has been loaded: the log itself says so, as no file beside it could for another database."""
    response = await ask(client, "GET", f"/v1/folios/{LAST_FOLIO}")
    if response.status_code not in {200, NOT_FOUND}:
        raise refused("GET", f"/v1/folios/{LAST_FOLIO}", response.json())
    return response.status_code == 200  # noqa: PLR2004


async def load(
    client: httpx.AsyncClient, plans: list[FolioPlan], answers_since: datetime, advance: Callable[[int], None]
) -> None:
    """Send what is planned, many folios at once; `advance` is told how many commands are done.

    Folios with bills from before `answers_since`, when the service kept its answers under another key or has
    forgotten them, stay as they are: sent again, their commands would happen twice. Raises DemoFailed.
    """
    for command in accommodations():
        await _send([command], {}, client)
    left_alone = await _folios_before(client, answers_since)
    waiting = iter(plans)

    async def work() -> None:
        for plan in waiting:
            if plan.folio_id in left_alone:
                advance(len(plan.commands))
            else:
                await _load_folio(client, plan, advance)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(REQUESTS_AT_ONCE_MAX):
                workers.create_task(work())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    await _load_folio(client, closing_folio(), advance)


async def _load_folio(client: httpx.AsyncClient, plan: FolioPlan, advance: Callable[[int], None]) -> None:
    ids: dict[str, str] = {}
    for commands in requests_of(plan.commands):
        ids.update(await _send(commands, ids, client))
        advance(len(commands))


async def _send(commands: list[Planned], ids: dict[str, str], client: httpx.AsyncClient) -> dict[str, str]:
    """Send commands of one actor in one request; returns the ids that they made."""
    headers = {b"X-Folio-Actor": commands[0].actor.encode()}
    if len(commands) == 1:
        headers[b"Idempotency-Key"] = commands[0].key.encode()
        first = commands[0]
        response = await ask(client, first.method, fill(first.path, ids), fill(first.body, ids), headers)
        answers = [(response.status_code, response.json() if response.content else None)]
    else:
        items = [
            {"method": each.method, "path": each.path, "body": each.body, "idempotencyKey": each.key}
            for each in commands
        ]
        response = await ask(client, "POST", "/v1/commands", {"commands": fill(items, ids)}, headers)
        if response.status_code >= ERROR_STATUS_MIN:
            raise refused("POST", "/v1/commands", response.json())
        answers = [(result["status"], result["body"]) for result in response.json()["results"]]
    return dict(_made(commands, answers, ids))


def _made(commands: list[Planned], answers: list[tuple[int, Any]], ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    for command, (status, body) in zip(commands, answers, strict=True):
        if status >= ERROR_STATUS_MIN:
            raise refused(command.method, fill(command.path, ids), body)
        if body is not None:
            yield command.made, body["items"][0]["id"] if "items" in body else body["id"]


async def _folios_before(client: httpx.AsyncClient, moment: datetime) -> set[str]:
    """The folios of the hotels with bills from before a moment."""
    return {
        bill["folioId"]
        for hotel in HOTELS
        async for bill in _bills_of(client, hotel.id)
        if datetime.fromisoformat(bill["createdAt"]) < moment
    }


async def _bills_of(client: httpx.AsyncClient, accommodation_id: str) -> AsyncIterator[dict[str, Any]]:
    cursor = ""
    while cursor is not None:
        path = f"/v1/accommodations/{accommodation_id}/bills?limit={PAGE}{cursor and f'&cursor={cursor}'}"
        response = await ask(client, "GET", path)
        if response.status_code >= ERROR_STATUS_MIN:
            raise refused("GET", path, response.json())
        page = response.json()
        for bill in page["items"]:
            yield bill
        cursor = page["nextCursor"]
