"""An event that a read model cannot take is parked; its folio waits in order, everything else goes on."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from projections import folding
from projections import following as following_module
from projections.bills import BILLS, BillFilter, bills_of_accommodation, find_bill
from projections.folding import EventFailed
from projections.folios import bill_ids_of_folio, find_folio
from projections.parking import Parked, list_parked, retry
from projections.payments import payments_of_bill
from projections.place import OtherDefinition
from projections.read_model import ReadModel, Row
from projections.reading import FolioHeld, Freshness, NotCaughtUp, Reader
from services.billing.bill import BillChanges
from services.billing.ledger import NewBill
from services.bootstrap import CODEC, READ_MODELS
from services.store import supervision
from services.store.connection import make_pool
from tests.projections.books import SECONDS_MAX, Books, caught_up, following, open_books, read_models, rebuilt

POISON = "poison"
SELECT_NAMES = "SELECT name, version FROM read_model.bills ORDER BY added_position"


@pytest.fixture
async def books(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Books]:
    """The ledger, with no read model following, and short pauses between attempts."""
    monkeypatch.setattr(following_module, "PAUSE_SECONDS", 0.001)
    async with open_books(database) as opened:
        yield opened


class Poisoned:
    """The read model of bills, which cannot take what carries a certain name; it counts how often it is asked to."""

    def __init__(self) -> None:
        self.attempts: Counter[int] = Counter()
        self.model = replace(BILLS, apply=self.apply)
        self.models = [self.model if model is BILLS else model for model in READ_MODELS]

    def apply(self, row: Row | None, event: Any, position: int) -> Row:
        if getattr(event, "name", None) == POISON:
            self.attempts[position] += 1
            raise RuntimeError("this name cannot be shown\nwith a second line")
        return BILLS.apply(row, event, position)


async def rename(books: Books, bill_id: str, name: str) -> int:
    """Rename a bill; returns the position of the event."""
    await books.do(lambda ledger, work: ledger.update_bill(work, bill_id, BillChanges(name)))
    return await books.store.position()


async def parked(conninfo: str) -> Sequence[Parked]:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return await list_parked(connection, [model.name for model in READ_MODELS])


async def tried_again(conninfo: str, model: ReadModel, event: Parked) -> EventFailed | None:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return await retry(connection, model, CODEC, event)


async def ask(conninfo: str, statement: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return await (await connection.execute(statement.encode())).fetchall()


def change(conninfo: str, statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statements.encode())


async def test_an_event_that_fails_five_times_is_parked_and_only_its_folio_waits(database: str, books: Books) -> None:
    poisoned = Poisoned()
    sick, well = await books.add_bill("SICK"), await books.add_bill("WELL")
    async with following(database, *poisoned.models):
        position = await rename(books, sick.id, POISON)
        await rename(books, sick.id, "Room again")
        await books.pay(sick, 40)
        await rename(books, well.id, "Suite")
        await caught_up(database, await books.store.position())
        await books.add_bill("SICK", 7)  # in another batch, when the folio waits already
        await caught_up(database, await books.store.position())

    assert poisoned.attempts == {position: 5}
    (found,) = await parked(database)
    assert (found.read_model, found.position, found.topic, found.folio) == ("bills", position, "bill.updated", "SICK")
    assert (found.reason, found.waiting) == ("RuntimeError: this name cannot be shown", 3)
    assert await ask(database, SELECT_NAMES) == [("Room", 1), ("Suite", 2)]
    (folio,) = await ask(database, "SELECT total_amount, balance_amount FROM read_model.folios WHERE folio_id = 'SICK'")
    assert folio == (107, 67), "the other read models have taken everything"

    head = await books.store.position()
    assert await tried_again(database, BILLS, found) is None
    assert await parked(database) == []
    assert await ask(database, "SELECT * FROM read_model.parked") == []
    live = read_models(database)
    assert await ask(database, SELECT_NAMES) == [("Room again", 4), ("Suite", 2), ("Room", 1)]
    assert await rebuilt(database, head) == live


async def test_events_that_come_after_a_healed_one_are_applied_as_ever(database: str, books: Books) -> None:
    poisoned = Poisoned()
    sick = await books.add_bill("SICK")
    async with following(database, *poisoned.models):
        await rename(books, sick.id, POISON)
        await caught_up(database, await books.store.position())
        (found,) = await parked(database)
        assert await tried_again(database, BILLS, found) is None
        await rename(books, sick.id, "Healed")
        await caught_up(database, await books.store.position())
    assert await ask(database, SELECT_NAMES) == [("Healed", 3)]


async def test_trying_again_in_vain_keeps_the_event_and_all_that_wait(database: str, books: Books) -> None:
    poisoned = Poisoned()
    sick = await books.add_bill("SICK")
    async with following(database, *poisoned.models):
        await rename(books, sick.id, POISON)
        await rename(books, sick.id, "Later")
        await caught_up(database, await books.store.position())
    before = await parked(database)
    failed = await tried_again(database, poisoned.model, before[0])
    assert failed is not None
    assert failed.position == before[0].position
    assert await parked(database) == before
    assert await ask(database, SELECT_NAMES) == [("Room", 1)]


async def test_one_that_fails_behind_a_healed_one_is_parked_in_its_place(database: str, books: Books) -> None:
    poisoned = Poisoned()
    sick = await books.add_bill("SICK")
    async with following(database, *poisoned.models):
        await rename(books, sick.id, POISON)
        await rename(books, sick.id, "Between")
        second = await rename(books, sick.id, POISON)
        await rename(books, sick.id, "Last")
        await caught_up(database, await books.store.position())
    (first,) = await parked(database)

    def heals_the_first(row: Row | None, event: Any, position: int) -> Row:
        return (BILLS.apply if position == first.position else poisoned.apply)(row, event, position)

    failed = await tried_again(database, replace(BILLS, apply=heals_the_first), first)
    assert failed is not None
    assert failed.position == second
    (left,) = await parked(database)
    assert (left.position, left.waiting) == (second, 1)
    assert await ask(database, SELECT_NAMES) == [("Between", 3)]
    assert await tried_again(database, BILLS, left) is None
    assert await ask(database, SELECT_NAMES) == [("Last", 5)]


async def test_rows_that_the_table_refuses_are_narrowed_down_to_their_event(database: str, books: Books) -> None:
    bills = [await books.add_bill(f"FOLIO-{number}") for number in range(30)]
    async with following(database):
        await caught_up(database, await books.store.position())
    change(database, f"ALTER TABLE read_model.bills ADD CONSTRAINT no_poison CHECK (name <> '{POISON}')")
    positions = [await rename(books, bill.id, POISON if number == 17 else "Suite") for number, bill in enumerate(bills)]
    await books.pay(bills[17], 1)
    head = await books.store.position()
    async with following(database):
        await caught_up(database, head)
    (found,) = await parked(database)
    assert (found.read_model, found.position, found.folio, found.waiting) == ("bills", positions[17], "FOLIO-17", 1)
    assert found.reason.startswith("CheckViolation: ")
    renamed = [("Room", 1) if number == 17 else ("Suite", 2) for number in range(30)]
    assert await ask(database, SELECT_NAMES) == renamed

    change(database, "ALTER TABLE read_model.bills DROP CONSTRAINT no_poison")
    assert await tried_again(database, BILLS, found) is None
    live = read_models(database)
    assert await rebuilt(database, head) == live


async def test_an_event_that_cannot_be_read_is_parked_for_every_read_model(database: str, books: Books) -> None:
    sick = await books.add_bill("SICK")
    change(
        database,
        f"""
        UPDATE ledger.log_head SET position = position + 1;
        INSERT INTO ledger.events (notification_id, originator_id, originator_version, topic, state, recorded_at)
        SELECT position, '{sick.id}', 2, 'bill.of_tomorrow', '{{"folio_id":"SICK"}}', recorded_at FROM ledger.log_head
        """,
    )
    position = await books.store.position()
    await books.add_bill("SICK", 1)
    await books.add_bill("WELL", 2)
    async with following(database):
        await caught_up(database, await books.store.position())
    found = await parked(database)
    assert {each.read_model for each in found} == {model.name for model in READ_MODELS}
    assert {(each.position, each.folio) for each in found} == {(position, "SICK")}
    assert [each.waiting for each in found if each.read_model in {"bills", "folios"}] == [1, 1]
    assert await ask(database, "SELECT folio_id, total_amount FROM read_model.folios ORDER BY 1") == [
        ("SICK", 100),
        ("WELL", 2),
    ]


async def test_a_connection_that_fails_is_no_failure_of_an_event(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "RETRY_SECONDS", 0.001)
    write, failures = folding._write, Counter[str]()

    async def lost(connection: Any, place: Any, model: ReadModel, rows: Any) -> None:
        failures[model.name] += 1
        if failures[model.name] <= 3 * following_module.ATTEMPTS_MAX:
            raise psycopg.OperationalError("the connection is lost")
        await write(connection, place, model, rows)

    monkeypatch.setattr(folding, "_write", lost)
    await books.add_bill()
    async with following(database):
        await caught_up(database, await books.store.position())
    assert failures["bills"] > 3 * following_module.ATTEMPTS_MAX
    assert await parked(database) == []


async def test_a_read_model_that_fails_holds_up_no_other_and_no_query_of_others(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following_module, "PAUSE_SECONDS", 1_000)
    poisoned = Poisoned()
    sick = await books.add_bill("SICK")
    async with following(database, *poisoned.models) as runner, make_pool(database, "tests") as pool:
        await runner.wait_for(await books.store.position(), SECONDS_MAX)
        await rename(books, sick.id, POISON)
        for total in range(1, 4):
            await books.add_bill("WELL", total)
            found = await Reader(pool, runner).query("SELECT FROM read_model.folios ", {}, Freshness())
            assert found.position == await books.store.position()
        with pytest.raises(NotCaughtUp):
            await Reader(pool, runner).query("SELECT FROM read_model.bills", {}, Freshness())
    assert list(poisoned.attempts.values()) == [1]


async def test_a_read_model_of_another_version_is_not_tried_again_with_this_one(database: str, books: Books) -> None:
    poisoned = Poisoned()
    sick = await books.add_bill("SICK")
    async with following(database, *poisoned.models):
        await rename(books, sick.id, POISON)
        await caught_up(database, await books.store.position())
    (found,) = await parked(database)
    with pytest.raises(OtherDefinition):
        await tried_again(database, replace(BILLS, version=2), found)
    assert len(await parked(database)) == 1


async def test_a_query_for_what_waits_is_told_so_instead_of_being_shown_what_was(database: str, books: Books) -> None:
    poisoned = Poisoned()
    sick, well = await books.add_bill("SICK"), await books.add_bill("WELL")
    async with following(database, *poisoned.models) as runner, make_pool(database, "queries") as pool:
        position = await rename(books, sick.id, POISON)
        await caught_up(database, position)
        reader, fresh = Reader(pool, runner), Freshness()
        for asking in (
            find_bill(reader, sick.id, None, fresh),
            find_folio(reader, "SICK", None, fresh),
            payments_of_bill(reader, sick.id, 0, 10, None, fresh),
        ):
            with pytest.raises(FolioHeld, match=f"on SICK from position {position} of the log on"):
                await asking
        (shown,) = (await find_bill(reader, sick.id, None, Freshness(eventual=True))).rows
        assert shown["name"] == "Room"
        assert (await find_bill(reader, well.id, None, fresh)).rows[0]["id"] == well.id
        every = await bills_of_accommodation(reader, "HOTEL-1", BillFilter(), 10, None, fresh)
        assert len(every.rows) == 2, "a list goes on with what there is"


async def test_a_query_for_what_is_not_there_because_it_waits_is_told_so(database: str, books: Books) -> None:
    poisoned = Poisoned()
    await books.add_bill("SICK")
    async with following(database, *poisoned.models) as runner, make_pool(database, "queries") as pool:
        hidden = await books.do(lambda ledger, work: ledger.add_bill(work, "SICK", NewBill(POISON, 5, "HOTEL-1")))
        await caught_up(database, await books.store.position())
        reader = Reader(pool, runner)
        for asking in (
            find_bill(reader, hidden.id, None, Freshness()),
            bill_ids_of_folio(reader, "SICK", Freshness()),
        ):
            with pytest.raises(FolioHeld):
                await asking
