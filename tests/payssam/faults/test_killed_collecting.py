"""The service killed while it asks guests for money: nothing is sent, paid or counted twice, and nothing lost."""

import asyncio
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.store.embedded import EmbeddedPostgres, discard
from tests.payssam.faults.books import check_books, facts_of
from tests.payssam.faults.town import open_town, until
from tests.payssam.faults.traffic import MUST_HAPPEN, Traffic

KILLS = 50
KILLS_MAX = 150
"""Where few answers come between them, they go on until all that must happen has happened."""
LOADED_SHARE = 0.8
"""Of the kills: not before a guest was asked since the last one; the others while the service takes up what it left."""
CALLERS = 8
FAULT_RATE = 0.05


@pytest.fixture
def surviving_database(tmp_path: Path) -> Iterator[str]:
    """A database that runs on while the service is killed."""
    with EmbeddedPostgres(tmp_path / "database") as conninfo:
        yield conninfo
    discard(tmp_path / "database")


async def missing(conninfo: str) -> set[str]:
    """The events that must happen and have not."""
    return MUST_HAPPEN - {fact.topic for fact in await facts_of(conninfo)}


async def until_asked(traffic: Traffic) -> None:
    """Wait until one guest more is asked."""
    before = traffic.asked

    async def asked() -> bool:
        return traffic.asked > before

    await until(asked, "a guest is asked")


async def test_a_service_killed_fifty_times_while_it_collects_keeps_both_books_alike(
    tmp_path: Path, surviving_database: str
) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    said = f"seed {seed}"
    async with open_town(tmp_path, surviving_database) as town:
        await town.provider.order("/random", seed=seed, rate=FAULT_RATE, seconds=0.1)
        # The points of a resend are counted after it; a kill between the two loses count of them.
        traffic = Traffic(town, seed, resending=False)
        calling = [asyncio.create_task(traffic.call(number)) for number in range(CALLERS)]
        kills = 0
        while kills < KILLS or (kills < KILLS_MAX and await missing(surviving_database)):
            kills += 1
            if chance.random() < LOADED_SHARE:
                await until_asked(traffic)
            await asyncio.sleep(chance.uniform(0.0, 0.4))
            assert town.server.end(signal.SIGKILL) == -signal.SIGKILL
            town.server.start()
            await asyncio.to_thread(town.server.wait_for, 200)
        traffic.stopping = True
        await asyncio.gather(*calling)
        assert not traffic.surprises, f"{said}: {traffic.surprises}"
        assert traffic.asked > KILLS, f"{said}: too little load"
        assert traffic.lost > 0, f"{said}: no kill was felt"
        await town.provider.spare()
        await town.reconcile()
        await check_books(town, said)
        assert not await missing(surviving_database), f"{said}: {await missing(surviving_database)} did not happen"
        print(f"{kills} kills, {traffic.asked} requests, {traffic.lost} answers lost")
