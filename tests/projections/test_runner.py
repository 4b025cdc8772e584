"""The engine of the read models: each event changes a row once, whoever runs, dies or loses its connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from projections import folding, leadership
from projections import runner as runners
from projections.bills import BILLS
from projections.folios import FOLIOS
from projections.preparing import prepare
from projections.read_model import ReadModel
from projections.reading import Freshness, Reader
from projections.runner import CHANNELS, Runner
from services.billing.errors import Refusal
from services.bootstrap import CODEC, READ_MODELS
from services.store import supervision
from services.store.connection import make_pool
from services.store.listening import Listener
from tests.projections.books import (
    SECONDS_MAX,
    Books,
    caught_up,
    following,
    new_bill,
    open_books,
    read_models,
    rebuilt,
)

CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name IN ('folio projections', 'folio listener')
"""
EMPTY: list[tuple[Any, ...]] = []


@pytest.fixture
async def books(database: str) -> AsyncIterator[Books]:
    """The ledger, with no read model following."""
    async with open_books(database) as opened:
        yield opened


def ask(conninfo: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


async def prepared(conninfo: str, models: Sequence[ReadModel]) -> list[str]:
    return await asyncio.to_thread(prepare, conninfo, models, CODEC)


async def have_days(books: Books, folios: int, days: int) -> None:
    async def live(folio: str) -> None:
        for _ in range(days):
            await books.have_a_day(folio)

    await asyncio.gather(*(live(f"FOLIO-{number}") for number in range(folios)))


async def test_two_runners_at_the_same_time_apply_each_event_once(database: str, books: Books) -> None:
    async with following(database), following(database):
        await have_days(books, folios=6, days=3)
        head = await books.store.position()
        await caught_up(database, head)
    live = read_models(database)
    assert live["positions"] == [(model, head) for model in sorted(model.name for model in READ_MODELS)]
    # Of each day: 1,000 paying + 400 settled, 800 + 200 owing, 700 left after the split; 1,300 went elsewhere.
    assert ask(database, "SELECT folio_id, total_amount, balance_amount FROM read_model.folios ORDER BY 1") == [
        row for n in range(6) for row in [(f"FOLIO-{n}", 8_700, 8_700), (f"FOLIO-{n}-next", 3_900, 3_900)]
    ]
    assert await rebuilt(database, head) == live


async def test_a_runner_that_is_stopped_in_a_batch_leaves_no_part_of_it(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()
    project = folding.project

    async def stuck_at_the_last(
        connection: Any, place: Any, model: ReadModel, after: int, batch: folding.Batch, blocked: Any
    ) -> None:
        await project(connection, place, model, after, batch, blocked)
        if model is READ_MODELS[-1]:
            reached.set()
            await asyncio.Event().wait()

    await books.have_a_day("FOLIO-1")
    monkeypatch.setattr(folding, "project", stuck_at_the_last)
    async with following(database):
        async with asyncio.timeout(SECONDS_MAX):
            await reached.wait()
    monkeypatch.undo()
    left = read_models(database)
    assert left.pop("positions") == [(name, 0) for name in sorted(left)]
    assert left == dict.fromkeys(left, EMPTY)

    head = await books.store.position()
    async with following(database) as runner:
        assert await runner.wait_for(head, SECONDS_MAX)
    live = read_models(database)
    assert len(live["bills"]) == 7
    assert await rebuilt(database, head) == live


async def test_runners_that_come_and_go_and_lose_their_connections_apply_each_event_once(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(leadership, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(runners, "BATCH_EVENTS_MAX", 7)

    async def come_and_go() -> None:
        while True:
            async with following(database):
                await asyncio.sleep(0.03)

    async def cut() -> None:
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
            while True:
                await connection.execute(CUT.encode())
                await asyncio.sleep(0.05)

    troubles = [asyncio.create_task(come_and_go()), asyncio.create_task(cut())]
    async with following(database):
        async with asyncio.timeout(SECONDS_MAX):
            await have_days(books, folios=4, days=3)
        for trouble in troubles:
            trouble.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await trouble
        head = await books.store.position()
        await caught_up(database, head)
    live = read_models(database)
    assert await rebuilt(database, head) == live


async def test_an_event_that_nobody_was_told_of_is_found_all_the_same(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(self: Listener) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Listener, "_listen", deaf)
    async with following(database) as runner:
        for number in range(1, 4):
            await books.add_bill("FOLIO-1")
            head = await books.store.position()
            async with asyncio.timeout(SECONDS_MAX):
                while runner.position < head:  # not wait_for, which would hurry it
                    await asyncio.sleep(0.01)
            assert ask(database, "SELECT total_amount FROM read_model.folios") == [(100 * number,)]


async def test_an_event_arrives_by_its_notification_also_after_listening_broke_off(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "POLL_SECONDS", 1_000)
    monkeypatch.setattr(supervision, "RETRY_SECONDS", 0.05)
    async with following(database) as runner:
        for _ in range(3):
            await books.add_bill("FOLIO-1")
            async with asyncio.timeout(SECONDS_MAX):
                while runner.position < await books.store.position():
                    await asyncio.sleep(0.01)
            ask(database, CUT)
            await books.add_bill("FOLIO-1")  # perhaps while nobody listens
    assert ask(database, "SELECT count(*) FROM read_model.bills") >= [(5,)]


async def test_a_changed_definition_fills_its_table_from_the_first_event_and_no_other(
    database: str, books: Books
) -> None:
    await books.have_a_day("FOLIO-1")
    head = await books.store.position()
    async with following(database) as runner:
        assert await runner.wait_for(head, SECONDS_MAX)
    before = read_models(database)

    wider = replace(BILLS, definition=BILLS.definition.replace("version ", "note text, version ", 1))
    models = [wider if model is BILLS else model for model in READ_MODELS]
    assert await prepared(database, models) == ["bills"]
    assert ask(database, "SELECT count(*), count(note) FROM read_model.bills") == [(len(before["bills"]), 0)]
    assert await prepared(database, models) == []
    async with following(database, *models) as runner:
        assert await runner.wait_for(head, SECONDS_MAX)
        await books.add_bill("FOLIO-1", 5)
        assert await runner.wait_for(await books.store.position(), SECONDS_MAX)
    assert ask(database, "SELECT count(*), count(note) FROM read_model.bills") == [(len(before["bills"]) + 1, 0)]
    (total,) = ask(database, "SELECT total_amount FROM read_model.folios WHERE folio_id = 'FOLIO-1'")
    assert total == (before["folios"][0][3] + 5,), "the folios had been up to date and were applied nothing twice"


async def test_a_read_model_that_is_no_longer_shipped_holds_nobody_up(database: str, books: Books) -> None:
    retired = ReadModel(
        "retired", 1, "CREATE TABLE read_model.retired (id text)", ("id",), lambda _: None, FOLIOS.apply
    )
    assert await prepared(database, [*READ_MODELS, retired]) == ["retired"]
    assert await prepared(database, READ_MODELS) == []
    await books.add_bill()
    head = await books.store.position()
    async with following(database) as runner:
        assert await runner.wait_for(head, SECONDS_MAX)
        async with make_pool(database, "tests") as pool:
            assert (await Reader(pool, runner).query("SELECT 1", {}, Freshness())).position == head


async def test_a_folio_of_very_many_very_large_bills_stops_no_read_model(database: str, books: Books) -> None:
    with contextlib.suppress(Refusal):  # to refuse such a folio would do as well
        for _ in range(19):
            await books.do(
                lambda ledger, work: [ledger.add_bill(work, "FOLIO-1", new_bill(10**15)) for _ in range(500)]
            )
    await books.add_bill("FOLIO-2", 7)
    head = await books.store.position()
    async with following(database) as runner:
        assert await runner.wait_for(head, SECONDS_MAX)
    assert ask(database, "SELECT total_amount FROM read_model.folios WHERE folio_id = 'FOLIO-2'") == [(7,)]


async def test_a_runner_stops_even_when_an_event_arrives_in_the_same_moment(database: str, books: Books) -> None:
    listener = Listener(database, CHANNELS)
    runner = Runner(database, READ_MODELS, CODEC, listener)
    await listener.start()
    await runner.start()
    await books.add_bill()
    assert await runner.wait_for(await books.store.position(), SECONDS_MAX)
    await asyncio.sleep(2 * runners.BATCH_SECONDS_MAX)  # it waits for the next event
    runner._arrived.set()
    done, _ = await asyncio.wait({asyncio.create_task(runner.close())}, timeout=5)
    for task in runner._tasks:
        task.cancel()
    await listener.close()
    assert done, "the runner went on, and so would a service that was told to end"
