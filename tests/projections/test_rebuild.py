"""Read models built anew beside those that serve: while all goes on, stopped and continued, equal in the end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest

from projections import building, loading
from projections import following as following_module
from projections import rebuild as rebuilding
from projections.bills import BILLS
from projections.building import Progress
from projections.read_model import ReadModel
from projections.rebuild import RebuildUnderWay, rebuild
from projections.status import Status, read_status
from services.bootstrap import CODEC, READ_MODELS, Service
from services.store.locks import CLASS
from tests.conftest import Desk
from tests.projections.books import SECONDS_MAX, Books, caught_up, following, open_books, read_models
from tests.projections.test_parking import Poisoned, parked, rename

NAMES = [model.name for model in READ_MODELS]


@pytest.fixture
async def books(database: str) -> AsyncIterator[Books]:
    """The ledger, with no read model following."""
    async with open_books(database) as opened:
        yield opened


@pytest.fixture(params=[1_000_000, 1], ids=["by position", "by folio"])
def order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both orders in which a log is applied, in small batches."""
    monkeypatch.setattr(loading, "LOADED_EVENTS_MIN", request.param)
    monkeypatch.setattr(building, "LOADED_EVENTS_MIN", request.param)
    monkeypatch.setattr(building, "BATCH_EVENTS_MAX", 7)


class Told(Progress):
    """Remembers what it is told; `stops_after` so many batches."""

    def __init__(self, stops_after: int | None = None) -> None:
        self.begun: dict[str, int] = {}
        self.batches: list[tuple[int, int]] = []
        self._stops_after = stops_after

    def begins(self, name: str, events: int) -> None:
        """Remember from where."""
        self.begun[name] = events

    def reached(self, events: int, until: int) -> None:
        """Remember how far, or stop as Ctrl-C does."""
        self.batches.append((events, until))
        if len(self.batches) == self._stops_after:
            raise KeyboardInterrupt


async def status(conninfo: str) -> dict[str, Status]:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return {each.name: each for each in await read_status(connection, NAMES)}


async def left_beside(conninfo: str) -> list[tuple[str]]:
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'read_model_beside' ORDER BY 1"
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return await (await connection.execute(tables)).fetchall()


@pytest.mark.usefixtures("order")
async def test_what_is_built_anew_is_what_was_there(database: str, books: Books) -> None:
    empty = await left_beside(database)
    for number in range(3):
        await books.have_a_day(f"FOLIO-{number}")
    head = await books.store.position()
    async with following(database):
        await caught_up(database, head)
    before = read_models(database)
    assert await rebuild(database, READ_MODELS, CODEC, Progress()) == dict.fromkeys(NAMES, head)
    assert read_models(database) == before
    assert await left_beside(database) == empty
    indexes = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'read_model' AND tablename = 'bills'"
    async with await psycopg.AsyncConnection.connect(database) as connection:
        assert await (await connection.execute(indexes)).fetchone() == (3,)


async def test_what_was_built_is_vacuumed_so_that_indexes_can_answer_alone(database: str, books: Books) -> None:
    await books.have_a_day("FOLIO-1")
    await rebuild(database, READ_MODELS, CODEC, Progress())
    vacuumed = "SELECT relname FROM pg_stat_user_tables WHERE relname = ANY(%s) AND vacuum_count > 0"
    async with await psycopg.AsyncConnection.connect(database) as connection:
        found = await (await connection.execute(vacuumed, [NAMES])).fetchall()
    assert {name for (name,) in found} == set(NAMES)


class Front:
    """Writers and readers of a few folios, who stop when they are told to, or at anything that is not as it must be."""

    def __init__(self, desk: Desk, client: httpx.AsyncClient) -> None:
        self._desk = desk
        self._client = client
        self._posted = dict.fromkeys((f"FOLIO-{number}" for number in range(4)), 0)
        self._done = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def posted(self) -> int:
        """How many bills were posted."""
        return sum(self._posted.values())

    async def open(self) -> None:
        """Begin on every folio."""
        for folio in self._posted:
            await self._post(folio)
            self._tasks += [asyncio.create_task(self._write(folio)), asyncio.create_task(self._read(folio))]

    async def post_so_many(self, bills: int) -> None:
        """Wait until so many more bills were posted."""
        enough = self.posted + bills
        async with asyncio.timeout(SECONDS_MAX):
            while self.posted < enough and not any(task.done() for task in self._tasks):
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Stop; raises what went wrong."""
        self._done = True
        await asyncio.gather(*self._tasks)

    async def _post(self, folio: str) -> None:
        await self._desk.add_bill(folio, 1)
        self._posted[folio] += 1

    async def _write(self, folio: str) -> None:
        while not self._done:
            await self._post(folio)
            await asyncio.sleep(0.01)

    async def _read(self, folio: str) -> None:
        while not self._done:
            at_least = self._posted[folio]
            answer = self._desk.expect(200, await self._client.get(f"/v1/folios/{folio}"))
            assert len(answer["bills"]) == answer["totalAmount"] >= at_least
            page = await self._client.get("/v1/accommodations/HOTEL-1/bills?limit=1&consistency=eventual")
            assert page.status_code == 200, page.text
            assert page.json()["items"]


@pytest.mark.usefixtures("order")
async def test_while_writers_write_and_readers_read_nobody_sees_an_error_or_an_old_row(
    service: Service, desk: Desk, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "BATCH_EVENTS_MAX", 100)
    front = Front(desk, client)
    await front.open()
    for _ in range(3):
        await front.post_so_many(20)
        assert (await rebuild(service.conninfo, READ_MODELS, CODEC, Progress())).keys() == set(NAMES)
    await front.post_so_many(10)
    await front.close()

    await caught_up(service.conninfo, await service.store.position())
    await service.runner.close()
    live = read_models(service.conninfo)
    assert len(live["bills"]) == front.posted
    await rebuild(service.conninfo, READ_MODELS, CODEC, Progress())
    assert read_models(service.conninfo) == live


@pytest.mark.usefixtures("order")
async def test_a_rebuild_that_was_stopped_is_continued_and_on_request_begun_anew(database: str, books: Books) -> None:
    for number in range(2):
        await books.have_a_day(f"FOLIO-{number}")
    head = await books.store.position()
    async with following(database):
        await caught_up(database, head)
    before = read_models(database)

    stopped = Told(stops_after=3)
    with contextlib.suppress(KeyboardInterrupt):
        await rebuild(database, READ_MODELS, CODEC, stopped)
    assert stopped.begun == dict.fromkeys(NAMES, 0)
    assert read_models(database) == before, "what serves is not touched"
    assert {(each.rebuilt_events, each.rebuild_runs) for each in (await status(database)).values()} == {(21, False)}

    with contextlib.suppress(KeyboardInterrupt):
        await rebuild(database, [BILLS], CODEC, Told(stops_after=1))
    continued = Told()
    await rebuild(database, READ_MODELS, CODEC, continued)
    assert continued.begun == dict.fromkeys(NAMES, 21) | {"bills": 28}
    assert read_models(database) == before
    assert {each.rebuilt_events for each in (await status(database)).values()} == {None}

    for anew, expected in ((False, 7), (True, 0)):
        with contextlib.suppress(KeyboardInterrupt):
            await rebuild(database, [BILLS], CODEC, Told(stops_after=1))
        last = Told()
        await rebuild(database, [BILLS], CODEC, last, anew=anew)
        assert last.begun == {"bills": expected}
    assert read_models(database) == before


@pytest.mark.usefixtures("order")
async def test_a_definition_that_changed_in_between_begins_anew_by_itself(database: str, books: Books) -> None:
    await books.have_a_day("FOLIO-1")
    with contextlib.suppress(KeyboardInterrupt):
        await rebuild(database, [BILLS], CODEC, Told(stops_after=2))
    told = Told()
    await rebuild(database, [replace(BILLS, version=2)], CODEC, told)
    assert told.begun == {"bills": 0}


async def test_two_rebuilds_of_one_read_model_at_once_are_refused_and_of_two_are_not(
    database: str, books: Books
) -> None:
    await books.have_a_day("FOLIO-1")
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as other:
        await other.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [CLASS, "rebuild of bills"])
        with pytest.raises(RebuildUnderWay, match="bills is being rebuilt by another process"):
            await rebuild(database, READ_MODELS, CODEC, Progress())
        await rebuild(database, [model for model in READ_MODELS if model is not BILLS], CODEC, Progress())
    await rebuild(database, [BILLS], CODEC, Progress())


@pytest.mark.usefixtures("order")
async def test_an_event_that_the_new_version_cannot_take_is_parked_in_it(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following_module, "PAUSE_SECONDS", 0.001)
    poisoned = Poisoned()
    sick = await books.add_bill("SICK")
    position = await rename(books, sick.id, "poison")
    await books.pay(sick, 5)
    for number in range(4):
        await books.have_a_day(f"FOLIO-{number}")
    head = await books.store.position()
    async with following(database, *poisoned.models):
        await caught_up(database, head)
    before, put_aside = read_models(database), await parked(database)
    await rebuild(database, poisoned.models, CODEC, Progress())
    assert read_models(database) == before
    (again,) = await parked(database)
    assert (again.position, again.waiting, again.reason) == (position, 1, put_aside[0].reason)
    await rebuild(database, READ_MODELS, CODEC, Progress())
    assert await parked(database) == [], "this version takes it"


async def test_what_the_serving_rows_took_since_is_in_the_new_ones_when_they_begin_to_serve(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    await books.have_a_day("FOLIO-1")
    swap = rebuilding._swap_now

    async def late(*arguments: Any) -> int:
        await books.add_bill("LATE")
        async with following(database):
            await caught_up(database, await books.store.position())
        return await swap(*arguments)

    monkeypatch.setattr(rebuilding, "_swap_now", late)
    positions = await rebuild(database, [BILLS], CODEC, Progress())
    assert positions == {"bills": await books.store.position()}
    found = read_models(database)
    assert dict(found["positions"])["bills"] == positions["bills"]
    assert len(found["bills"]) == 8


async def test_a_swap_waits_for_a_long_query_and_lets_new_ones_pass(database: str, books: Books) -> None:
    await books.have_a_day("FOLIO-1")
    async with following(database):
        await caught_up(database, await books.store.position())
    said = asyncio.Event()

    class Saying(Progress):
        def says(self, message: str) -> None:
            if "trying again" in message:
                said.set()

    async with (
        await psycopg.AsyncConnection.connect(database) as long,
        await psycopg.AsyncConnection.connect(database, autocommit=True) as short,
    ):
        await long.execute("SELECT count(*) FROM read_model.bills")  # its transaction stays open
        rebuilding = asyncio.create_task(rebuild(database, [BILLS], CODEC, Saying()))
        async with asyncio.timeout(SECONDS_MAX):
            await said.wait()
            for _ in range(20):
                cursor = await short.execute("SELECT count(*) FROM read_model.bills")
                assert await cursor.fetchone() == (7,)
        assert not rebuilding.done()
        await long.rollback()
        async with asyncio.timeout(SECONDS_MAX):
            await rebuilding


async def test_a_process_of_another_version_lets_go_and_never_writes_into_the_new_table(
    database: str, books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    newer: ReadModel = replace(BILLS, version=2)
    await books.add_bill("FOLIO-1")
    async with following(database) as old:
        await caught_up(database, await books.store.position())
        swapped = await rebuild(database, [newer], CODEC, Progress())
        await books.add_bill("FOLIO-1")
        async with asyncio.timeout(SECONDS_MAX):
            while old.keeps_up(["bills"]):
                await asyncio.sleep(0.01)
            head = await books.store.position()
            while (found := await status(database))["folios"].position < head or found["bills"].holder is not None:
                await asyncio.sleep(0.01)
        assert found["bills"].position == swapped["bills"], "nobody of its version is there"
        assert old.keeps_up([name for name in NAMES if name != "bills"])
        assert "bills is left alone: its table belongs to another version" in caplog.text
        models = [newer if model is BILLS else model for model in READ_MODELS]
        async with following(database, *models) as new:
            await caught_up(database, head)
            assert new.keeps_up(["bills"])
            assert not old.keeps_up(["bills"])
