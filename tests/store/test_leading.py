"""Work that one process at a time does: followed when its process dies, stopped when it may be followed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest

from services.store import leading
from services.store.leading import lead
from services.store.tasks import end

NAME = "the work of a test"
SECONDS_MAX = 20.0
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'folio " + NAME + "'"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for the usual half second."""
    monkeypatch.setattr(leading, "LOOK_SECONDS", 0.02)


class Candidate:
    """A process that would do the work; `working` while it does, `begun` how often it began."""

    def __init__(self) -> None:
        self.working = False
        self.begun = 0
        self.fails = False

    async def work(self) -> None:
        """Do it until cancelled."""
        self.begun += 1
        self.working = True
        try:
            if self.fails:
                raise ValueError("a fault in the work")
            await asyncio.Event().wait()
        finally:
            self.working = False


@asynccontextmanager
async def standing(conninfo: str, candidate: Candidate) -> AsyncIterator[None]:
    """The candidate is there, until the end of this context."""
    task = asyncio.create_task(lead(conninfo, NAME, candidate.work))
    try:
        yield
    finally:
        await end([task])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not condition():
            await asyncio.sleep(0.005)


async def test_one_of_several_does_the_work_and_the_next_follows_when_it_goes(database: str) -> None:
    first, second = Candidate(), Candidate()
    async with contextlib.AsyncExitStack() as stack:
        async with standing(database, first):
            await until(lambda: first.working)
            await stack.enter_async_context(standing(database, second))
            await asyncio.sleep(0.2)
            assert (first.working, second.begun) == (True, 0)
        await until(lambda: second.working)
        assert not first.working


async def test_who_loses_the_connection_stops_and_one_of_all_begins_again(database: str) -> None:
    first, second = Candidate(), Candidate()
    async with standing(database, first), standing(database, second):
        for _ in range(5):
            await until(lambda: first.working or second.working)
            begun = first.begun + second.begun
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(CUT.encode())
            await until(lambda begun=begun: first.begun + second.begun > begun)  # type: ignore[misc]
            await until(lambda: first.working != second.working)


async def test_work_that_fails_is_begun_again_by_somebody(database: str) -> None:
    candidate = Candidate()
    candidate.fails = True
    async with standing(database, candidate):
        await until(lambda: candidate.begun >= 3)
        candidate.fails = False
        await until(lambda: candidate.working)
