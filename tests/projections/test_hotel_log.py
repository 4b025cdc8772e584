"""The log of a hotel that measurements are made on: as valid as what the service writes, and always the same."""

from collections import Counter
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from projections.building import Progress
from projections.rebuild import rebuild
from projections.verification import Verified, verify
from services.audit.whole import LogCheck
from services.billing.bill import BillChanges
from services.bootstrap import CODEC, READ_MODELS
from services.store.sealer import Sealer
from tests.bench.failing import CannotMeasure
from tests.bench.hotel_log import Filled, fill
from tests.conftest import empty_ledger
from tests.history.examples import event_classes
from tests.projections.books import open_books

BILLS = 300
DAYS = 5
ELSEWHERE = {
    *("payment_request.unknown", "payment_request.refused", "payment_request.resent"),
    *("payment_request.refunded", "payment_request.expired"),  # too rare among so few bills
    *("payment.deleted", "folio.guest_forgotten"),
}
SELECT_EVENTS = """
    SELECT notification_id, originator_id, originator_version, topic, state, recorded_at
      FROM ledger.events ORDER BY notification_id
"""
SELECT_OWED = """
    SELECT (SELECT sum(balance_amount) FROM read_model.folios), (SELECT sum(balance_amount) FROM read_model.bills)
"""


@pytest.fixture
def hotel(database: str) -> tuple[str, Filled]:
    """A database with a hotel's log, and how much that is."""
    return database, fill(database, BILLS, days=DAYS, closed=True)


def rows(conninfo: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_positions_are_dense_times_never_go_back_and_everything_happens(hotel: tuple[str, Filled]) -> None:
    conninfo, filled = hotel
    log = rows(conninfo, SELECT_EVENTS)
    assert [row[0] for row in log] == list(range(1, filled.position + 1))
    moments = [row[5] for row in log]
    assert moments == sorted(moments)
    assert rows(conninfo, "SELECT position, recorded_at FROM ledger.log_head") == [(len(log), moments[-1])]
    topics = Counter(row[3] for row in log)
    assert topics["bill.added"] == filled.bills == BILLS
    assert topics["accommodation.day_closed"] == DAYS - 1
    assert topics.keys() >= {event.TOPIC for event in event_classes()} - ELSEWHERE


async def test_read_models_take_every_event_and_folios_owe_what_their_bills_do(hotel: tuple[str, Filled]) -> None:
    conninfo, filled = hotel
    positions = await rebuild(conninfo, READ_MODELS, CODEC, Progress())
    assert set(positions.values()) == {filled.position}
    assert rows(conninfo, "SELECT count(*) FROM read_model.parked") == [(0,)]
    [(folios, bills)] = rows(conninfo, SELECT_OWED)
    assert folios == bills > 0
    found = [each async for each in verify(conninfo, READ_MODELS, CODEC, Progress())]
    assert found == [each for each in found if isinstance(each, Verified)]


async def test_the_check_of_the_whole_log_finds_nothing_and_the_ledger_goes_on(hotel: tuple[str, Filled]) -> None:
    conninfo, filled = hotel
    await rebuild(conninfo, READ_MODELS, CODEC, Progress())
    key = Ed25519PrivateKey.generate()
    sealer = Sealer(conninfo, key)
    sealer.checkpoint()
    sealer.close()
    with psycopg.connect(conninfo) as connection:
        check = LogCheck([key.public_key()])
        assert list(check.look(connection, filled.position, lambda part: None, lambda position, head: None)) == []
    [(bill_id,)] = rows(conninfo, "SELECT min(id) FROM read_model.bills WHERE status = 'OPEN'")
    async with open_books(conninfo) as books:
        bill = await books.do(lambda ledger, work: ledger.update_bill(work, bill_id, BillChanges(balance_amount=0)))
        assert (bill.status, await books.store.position()) == ("SETTLED", filled.position + 1)


def test_the_same_seed_makes_the_same_log_and_another_seed_another_one(hotel: tuple[str, Filled]) -> None:
    conninfo, _ = hotel
    first = rows(conninfo, SELECT_EVENTS)
    empty_ledger(conninfo)
    fill(conninfo, BILLS, days=DAYS, closed=True)
    assert rows(conninfo, SELECT_EVENTS) == first
    empty_ledger(conninfo)
    fill(conninfo, BILLS, days=DAYS, closed=True, seed=2)
    assert rows(conninfo, SELECT_EVENTS) != first


def test_a_log_that_is_not_empty_is_left_as_it_is(hotel: tuple[str, Filled]) -> None:
    conninfo, filled = hotel
    with pytest.raises(CannotMeasure, match="not empty"):
        fill(conninfo, BILLS)
    assert rows(conninfo, "SELECT count(*) FROM ledger.events") == [(filled.position,)]
