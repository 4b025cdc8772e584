"""Two services on one database: what one answers is what the other shows, at the moment that the answer names."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import httpx
import pytest

from services.bootstrap import make_service
from services.store.commit import Commit
from services.store.committer import Committer
from tests.collection.front import client_for
from tests.conftest import ADMIN_KEY, Desk

ROUNDS = 25


@pytest.fixture
async def clients(database: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client of each of two services."""
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(2):
            service = await stack.enter_async_context(make_service(database, ADMIN_KEY))
            client = await stack.enter_async_context(client_for(service))
            while (await client.get("/health/ready")).status_code != 200:
                await asyncio.sleep(0.01)
            opened.append(client)
        yield opened


@pytest.fixture
def overtaken(monkeypatch: pytest.MonkeyPatch) -> list[Commit]:
    """What is sent to the database takes its time to get there, so that others overtake it; the commits that were."""
    commit, execute = Committer.commit, Committer._execute
    seen: list[Commit] = []

    async def noted(committer: Committer, each: Commit) -> int | None:
        position = await commit(committer, each)
        seen.extend([each] if each.moved_to is not None else [])
        return position

    async def late(committer: Committer, statement: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
        await asyncio.sleep(random.uniform(0, 0.02))
        return await execute(committer, statement, parameters)

    monkeypatch.setattr(Committer, "commit", noted)
    monkeypatch.setattr(Committer, "_execute", late)
    return seen


async def test_whatever_overtakes_it_an_answer_is_found_at_its_own_moment(
    clients: list[httpx.AsyncClient], overtaken: list[Commit]
) -> None:
    bills = [await Desk(clients[0]).add_bill(total=1_000_000) for _ in range(6)]
    moments: list[tuple[int, datetime]] = []

    async def change(number: int) -> None:
        ours, theirs = clients[number % 2], clients[(number + 1) % 2]
        path = f"/v1/bills/{bills[number]['id']}"
        for turn in range(ROUNDS):
            key = {"Idempotency-Key": f"{number}-{turn}"}
            answer = await ours.patch(path, json={"name": f"Change {turn}"}, headers=key)
            bill = Desk.expect(200, answer)
            shown = Desk.expect(200, await theirs.get(path, params={"at": bill["updatedAt"]}))
            assert shown == bill
            assert Desk.expect(200, await theirs.get(path)) == bill
            assert Desk.expect(200, await theirs.patch(path, json={"name": f"Change {turn}"}, headers=key)) == bill
            moments.append((int(answer.headers["Folio-Position"]), datetime.fromisoformat(bill["updatedAt"])))

    await asyncio.gather(*(change(number) for number in range(6)))
    feed: list[dict[str, Any]] = Desk.expect(200, await clients[0].get("/v1/events?limit=500"))["items"]
    times = [datetime.fromisoformat(event["time"]) for event in feed]
    assert times == sorted(times), "the log's time never goes back"
    assert all(times[position - 1] == moment for position, moment in moments)
    assert len(overtaken) > 10
