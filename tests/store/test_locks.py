"""Advisory locks: one at a time holds a name, over all processes, and who waits keeps nothing from others."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.billing.ports import StoreUnavailable, TooBusy
from services.store import connection
from services.store import locks as module
from services.store.connection import Pool, make_pool
from services.store.locks import AdvisoryLocks


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A pool of two connections."""
    async with make_pool(database, "locks", 2) as opened:
        yield opened


@pytest.fixture
async def locks(pool: Pool) -> AdvisoryLocks:
    """The locks of a process."""
    return AdvisoryLocks(pool)


@pytest.fixture
async def of_another_process(database: str) -> AsyncIterator[AdvisoryLocks]:
    """The locks of another process on the same database."""
    async with make_pool(database, "other locks", 2) as opened:
        yield AdvisoryLocks(opened)


async def most_at_once(first: AdvisoryLocks, second: AdvisoryLocks, names: tuple[str, str]) -> int:
    """How many of several that take these names were ever in at the same time."""
    inside = most = 0

    async def take(locks: AdvisoryLocks, name: str) -> None:
        nonlocal inside, most
        async with locks.hold(name):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.02)
            inside -= 1

    await asyncio.gather(*(take(locks, name) for locks, name in ((first, names[0]), (second, names[1])) * 4))
    return most


async def test_one_at_a_time_holds_a_name_in_this_process(locks: AdvisoryLocks) -> None:
    assert await most_at_once(locks, locks, ("A", "A")) == 1


async def test_one_at_a_time_holds_a_name_over_all_processes(
    locks: AdvisoryLocks, of_another_process: AdvisoryLocks
) -> None:
    assert await most_at_once(locks, of_another_process, ("A", "A")) == 1
    assert await most_at_once(locks, of_another_process, ("A", "B")) == 2


async def test_who_waits_for_a_name_keeps_no_connection_from_others(locks: AdvisoryLocks, pool: Pool) -> None:
    async with locks.hold("A"):
        waiting = [asyncio.create_task(most_at_once(locks, locks, ("A", "A"))) for _ in range(3)]
        await asyncio.sleep(0.05)
        async with locks.hold("B"):
            pass
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    async with locks.hold("A"):
        assert pool.get_stats()["requests_waiting"] == 0


@pytest.mark.parametrize("names", [["A"], ["B", "C"]], ids=["the-name", "every-connection"])
async def test_what_stays_taken_is_too_busy_and_free_again_after(
    locks: AdvisoryLocks, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    held = [locks.hold(name) for name in names]
    for each in held:
        await each.__aenter__()
    with pytest.raises(TooBusy):
        async with locks.hold("A"):
            pass
    for each in held:
        await each.__aexit__(None, None, None)
    async with locks.hold("A"):
        pass


async def test_an_error_inside_frees_the_name(locks: AdvisoryLocks, of_another_process: AdvisoryLocks) -> None:
    with pytest.raises(ValueError, match="inside"):
        async with locks.hold("A"):
            raise ValueError("inside")
    async with of_another_process.hold("A"):
        pass


async def test_without_a_database_it_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS_MAX", 0.3)
    async with make_pool("host=/nowhere dbname=folio", "locks") as pool:
        with pytest.raises(StoreUnavailable):
            async with AdvisoryLocks(pool).hold("A"):
                pass
