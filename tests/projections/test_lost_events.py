"""A log from which somebody took events: nothing is made of it, and nobody waits for what never comes."""

import asyncio

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from projections.building import LogLacksEvents, Progress
from projections.rebuild import rebuild
from projections.verification import verify
from services.bootstrap import CODEC, READ_MODELS, make_service
from tests.audit.sealed_log import unprotected
from tests.conftest import ADMIN_KEY
from tests.projections.books import caught_up, following, open_books, read_models


async def make_history(database: str) -> int:
    """A ledger whose read models have caught up; where its log ends."""
    async with open_books(database) as books:
        for number in range(3):
            await books.have_a_day(f"FOLIO-{number}")
        head = await books.store.position()
        async with following(database):
            await caught_up(database, head)
    return head


def lose(database: str, which: str) -> None:
    """Take events out of the log as its administrator can."""
    with (
        psycopg.connect(make_conninfo(database, user="postgres"), autocommit=True) as administrator,
        unprotected(administrator),
    ):
        administrator.execute(f"DELETE FROM ledger.events WHERE notification_id {which}".encode())


@pytest.mark.parametrize("lost", ["= 1", "= 7", "BETWEEN 3 AND {head} - 1", "= {head}", "> 0"])
async def test_nothing_is_made_of_a_log_that_lacks_events(database: str, lost: str) -> None:
    head = await make_history(database)
    before = read_models(database)
    lose(database, lost.format(head=head))
    with pytest.raises(LogLacksEvents, match=f"between 1 and {head}, so"):
        await rebuild(database, READ_MODELS, CODEC, Progress())
    with pytest.raises(LogLacksEvents, match=f"between 1 and {head}, so"):
        [found async for found in verify(database, READ_MODELS, CODEC, Progress())]
    assert read_models(database) == before


async def test_a_service_that_needs_new_tables_of_such_a_log_says_so_and_serves_nothing(database: str) -> None:
    head = await make_history(database)
    lose(database, "= 7")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE read_model.definitions SET digest = '' WHERE name = 'bills'")
    async with make_service(database, ADMIN_KEY) as service:
        await service.begun.wait()
        while service.trouble is not None and "lacks" not in service.trouble:
            await asyncio.sleep(0.05)
        assert service.trouble == str(LogLacksEvents(0, head))
