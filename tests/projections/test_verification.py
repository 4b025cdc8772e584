"""Comparing read models with the log: nothing is found when nothing is wrong, and everything that is."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from projections.bills import BILLS
from projections.building import Progress
from projections.folios import FOLIOS
from projections.verification import Difference, Verified, verify
from services.bootstrap import CODEC, READ_MODELS
from tests.projections.books import Books, caught_up, following, open_books, read_models


@pytest.fixture
async def books(database: str) -> AsyncIterator[Books]:
    """The ledger with some history, and read models that have caught up and stand still."""
    async with open_books(database) as opened:
        for number in range(3):
            await opened.have_a_day(f"FOLIO-{number}")
        async with following(database):
            await caught_up(database, await opened.store.position())
        yield opened


async def verified(conninfo: str, *models: object) -> tuple[list[Difference], list[Verified]]:
    differences, compared = [], []
    chosen = [model for model in READ_MODELS if not models or model in models]
    async for found in verify(conninfo, chosen, CODEC, Progress()):
        if isinstance(found, Difference):
            differences.append(found)
        else:
            compared.append(found)
    return differences, compared


def change(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())


async def test_nothing_is_found_where_nothing_is_wrong_and_nothing_is_changed(database: str, books: Books) -> None:
    before, head = read_models(database), await books.store.position()
    differences, compared = await verified(database)
    assert differences == []
    assert [(each.read_model, each.position) for each in compared] == [(model.name, head) for model in READ_MODELS]
    assert [each.rows for each in compared] == [len(before[model.name]) for model in READ_MODELS]
    assert read_models(database) == before


async def test_read_models_are_compared_at_the_position_where_they_stand(database: str, books: Books) -> None:
    stood = await books.store.position()
    await books.add_bill("FOLIO-0")
    differences, compared = await verified(database, BILLS)
    assert (differences, compared[0].position) == ([], stood)


async def test_a_changed_a_missing_and_a_surplus_row_are_found(database: str, books: Books) -> None:
    change(database, "UPDATE read_model.folios SET balance_amount = balance_amount + 1 WHERE folio_id = 'FOLIO-0'")
    change(database, "DELETE FROM read_model.folios WHERE folio_id = 'FOLIO-1'")
    change(
        database,
        "INSERT INTO read_model.folios (folio_id, accommodation_id, currency, total_amount, balance_amount,"
        " opened_at, updated_at) VALUES ('FOLIO-X', 'HOTEL-1', 'KRW', 0, 0, now(), now())",
    )
    (changed, missing, surplus), compared = await verified(database, FOLIOS, BILLS)
    assert (changed.key, changed.column, changed.serving - changed.rebuilt) == ("FOLIO-0", "balance_amount", 1)
    assert (missing.key, missing.column, missing.serving) == ("FOLIO-1", None, None)
    assert missing.rebuilt["folio_id"] == "FOLIO-1"
    assert (surplus.key, surplus.column, surplus.rebuilt) == ("FOLIO-X", None, None)
    assert {each.read_model for each in compared} == {"folios", "bills"}


async def test_a_difference_deep_inside_a_value_is_found(database: str, books: Books) -> None:
    change(
        database,
        "UPDATE read_model.bills SET settlements_made = jsonb_set(settlements_made, '{0,settledAmount}', '401')"
        " WHERE id = (SELECT min(id) FROM read_model.bills WHERE settlements_made <> '[]')",
    )
    (found,), _ = await verified(database, BILLS)
    assert found.column == "settlements_made"
    assert (found.serving[0]["settledAmount"], found.rebuilt[0]["settledAmount"]) == (401, 400)
