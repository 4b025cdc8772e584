"""A provider that fails at random, guests who pay at random: in the end both books say the same."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.payssam.faults.books import check_books, facts_of
from tests.payssam.faults.town import Town, Version, open_town
from tests.payssam.faults.traffic import MUST_HAPPEN, Traffic
from tests.properties.rebuilding import rebuild, rows_of_all_read_models

REQUESTS = 1_000
CALLERS = 8
CASES: tuple[tuple[Version, float], ...] = (("v1", 0.4), ("v2", 0.15), ("v2", 0.4))
EACH = REQUESTS // len(CASES) // CALLERS + 1
LONGEST_DELAY_SECONDS = 0.05


async def orders_at_random(town: Town, seed: int) -> None:
    """Now and then a guest pays another amount than the bill says."""
    chance = random.Random(seed)
    while True:
        await town.provider.order("/callbacks", mode="pays_other_amount", amount=chance.randrange(1, 5_000))
        await asyncio.sleep(chance.uniform(0.1, 0.5))


@pytest.mark.parametrize(("version", "rate"), CASES)
async def test_after_random_faults_both_books_say_the_same(
    tmp_path: Path, database: str, version: Version, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.randrange(10**9)
    said = f"version {version}, rate {rate}, seed {seed}"
    async with open_town(tmp_path, database, version) as town:
        await town.provider.order("/random", seed=seed, rate=rate, seconds=LONGEST_DELAY_SECONDS)
        ordering = asyncio.create_task(orders_at_random(town, seed))
        traffic = Traffic(town, seed)
        try:
            await asyncio.gather(*(traffic.call(number, EACH) for number in range(CALLERS)))
        finally:
            ordering.cancel()
        assert not traffic.surprises, f"{said}: {traffic.surprises}"
        assert traffic.asked >= REQUESTS // len(CASES), said
        await town.provider.spare()
        await town.reconcile()
        await check_books(town, said, points_exact=False)
        topics = {fact.topic for fact in await facts_of(database)}
        assert topics >= MUST_HAPPEN, f"{said}: {MUST_HAPPEN - topics} did not happen"
    assert "Traceback" not in town.server.log.read_text(), said
    live = rows_of_all_read_models(database)
    assert len(live["payment_requests"]) == traffic.asked, said
    assert await rebuild(database, 97, monkeypatch) == live, said
