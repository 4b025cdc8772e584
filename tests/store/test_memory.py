"""What a process remembers of streams: bounded, never older than what it saw, and never believed."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from services.billing.bill import BillChanges
from services.billing.errors import InvalidParameter, InvalidState, NotFound
from services.billing.folio import Folio
from services.billing.settlement import SettlementWanted
from services.store import log_store
from services.store.memory import OWN_WEIGHT, Memory
from tests.projections.books import Books, new_bill, open_books

STAMP: Any = {"timestamp": datetime.now(UTC), "key": "desk", "user": None, "request_id": "r", "reason": None}


def folio(number: int, version: int = 1) -> Folio:
    """A folio at some version."""
    opened = Folio.opened(STAMP, str(number), "HOTEL-1", "KRW")
    opened.version = version
    return opened


def test_the_least_used_are_forgotten_first_when_there_is_too_much() -> None:
    memory = Memory(weight_max=3 * (OWN_WEIGHT + 1))
    for number in range(3):
        memory.keep({str(number): folio(number)})
    assert memory.recall(["0"]).keys() == {"0"}
    memory.keep({"3": folio(3)})
    assert memory.recall(map(str, range(4))).keys() == {"0", "2", "3"}


def test_a_long_stream_weighs_as_much_as_it_holds() -> None:
    memory = Memory(weight_max=100)
    for number in range(5):
        memory.keep({str(number): folio(number)})
    memory.keep({"long": folio(9, version=90)})
    assert memory.recall([*map(str, range(5)), "long"]).keys() == {"long"}
    memory.keep({"longer": folio(9, version=101)})
    assert memory.recall(["long", "longer"]) == {}


def test_an_earlier_version_never_replaces_a_later_one() -> None:
    memory = Memory()
    memory.keep({"1": folio(1, version=3)})
    memory.keep({"1": folio(1, version=2)})
    assert memory.recall(["1"])["1"].version == 3
    memory.keep({"1": folio(1, version=4)})
    assert memory.recall(["1"])["1"].version == 4
    memory.forget(["1", "never there"])
    assert memory.recall(["1"]) == {}


@pytest.fixture
async def two_processes(database: str) -> AsyncIterator[tuple[Books, Books]]:
    """Two ledgers on one database, each with a memory of its own."""
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(open_books(database)),
            await stack.enter_async_context(open_books(database)),
        )


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The streams of every load that went to the database."""
    seen: list[set[str]] = []
    reading: Callable[..., Any] = log_store.reading  # type: ignore[attr-defined]

    async def counted(pool: Any, statement: str, parameters: dict[str, Any]) -> Any:
        if statement == log_store.SELECT_STREAMS:
            seen.append(set(parameters["streams"]))
        return await reading(pool, statement, parameters)

    monkeypatch.setattr(log_store, "reading", counted)
    return seen


async def test_what_this_process_wrote_is_not_read_again(
    two_processes: tuple[Books, Books], loads: list[set[str]]
) -> None:
    ours, _ = two_processes
    bill = await ours.add_bill()
    loads.clear()
    for total in (200, 300, 400):
        await ours.do(lambda ledger, work, total=total: ledger.update_bill(work, bill.id, BillChanges(None, total)))  # type: ignore[misc]
    await ours.add_bill()
    assert loads == []


async def test_a_command_on_a_bill_that_another_process_changed_counts_on_top_of_that(
    two_processes: tuple[Books, Books],
) -> None:
    ours, theirs = two_processes
    bill = await ours.add_bill(total=100)
    await theirs.pay(bill, 30)
    changed, _ = await ours.pay(bill, 20)
    assert (changed.balance_amount, changed.version) == (50, 3)


async def test_a_refusal_is_never_decided_on_memory_alone(two_processes: tuple[Books, Books]) -> None:
    ours, theirs = two_processes
    bill = await ours.add_bill(total=100)
    await theirs.do(lambda ledger, work: ledger.update_bill(work, bill.id, BillChanges("Suite", 500)))
    target = await ours.do(lambda ledger, work: ledger.add_bill(work, "FOLIO-1", new_bill(0)))
    settled = await ours.do(lambda ledger, work: ledger.settle_bills(work, target.id, wanted(bill.id, 400)))
    assert settled.balance_amount == 400, "as remembered, the bill would owe only 100"


async def test_an_answer_without_events_is_never_given_from_memory_alone(two_processes: tuple[Books, Books]) -> None:
    ours, theirs = two_processes
    bill = await ours.add_bill(total=100)
    await theirs.do(lambda ledger, work: ledger.update_bill(work, bill.id, BillChanges("Suite")))
    unchanged = await ours.do(lambda ledger, work: ledger.update_bill(work, bill.id, BillChanges()))
    assert (unchanged.name, unchanged.version) == ("Suite", 2)


async def test_what_another_process_made_impossible_is_refused(two_processes: tuple[Books, Books]) -> None:
    ours, theirs = two_processes
    bill, other = await ours.add_bill(total=100), await ours.add_bill(total=0)
    await theirs.do(lambda ledger, work: ledger.cancel_bill(work, bill.id, BillChanges()))
    with pytest.raises(InvalidState):
        await ours.do(lambda ledger, work: ledger.update_bill(work, bill.id, BillChanges("Suite")))
    await theirs.do(lambda ledger, work: ledger.delete_bill(work, other.id))
    with pytest.raises(NotFound):
        await ours.do(lambda ledger, work: ledger.update_bill(work, other.id, BillChanges("Suite")))


async def test_a_stream_that_is_only_read_is_compared_with_the_log_as_well(two_processes: tuple[Books, Books]) -> None:
    ours, theirs = two_processes
    await ours.do(lambda ledger, work: ledger.configure_accommodation(work, "HOTEL-1", {"time_zone": "Asia/Seoul"}))
    first = await ours.add_bill("FOLIO-1")
    seoul = first.bill_code[1:7]
    await theirs.do(
        lambda ledger, work: ledger.configure_accommodation(work, "HOTEL-1", {"time_zone": far_from(seoul)})
    )
    assert (await ours.add_bill("FOLIO-1")).bill_code[1:7] != seoul


async def test_a_log_that_has_lost_its_end_is_continued_where_it_ends_now(
    database: str, two_processes: tuple[Books, Books]
) -> None:
    ours, _ = two_processes
    bill = await ours.add_bill(total=100)
    for total in (200, 300, 400):
        await ours.do(lambda ledger, work, total=total: ledger.update_bill(work, bill.id, BillChanges(None, total)))  # type: ignore[misc]
    with psycopg.connect(database, autocommit=True) as connection:  # as a standby may be that had not heard of all
        connection.execute("ALTER TABLE ledger.events DISABLE TRIGGER refuse_change")
        connection.execute("DELETE FROM ledger.events WHERE notification_id > 4")
        connection.execute("UPDATE ledger.log_head SET position = 4")
        connection.execute("ALTER TABLE ledger.events ENABLE ALWAYS TRIGGER refuse_change")
    changed = await ours.do(lambda ledger, work: ledger.update_bill(work, bill.id, BillChanges("Suite")))
    assert (changed.version, changed.total_amount) == (3, 200)
    versions = "SELECT originator_version FROM ledger.events WHERE originator_id = %s ORDER BY notification_id"
    with psycopg.connect(database) as connection:
        assert connection.execute(versions.encode(), [bill.id]).fetchall() == [(1,), (2,), (3,)]


async def test_a_command_that_fails_leaves_what_is_remembered_as_it_was(two_processes: tuple[Books, Books]) -> None:
    ours, _ = two_processes
    payer, target = await ours.add_bill(total=0), await ours.add_bill(total=100)

    def settle_too_much(ledger: Any, work: Any) -> Any:
        ledger.update_bill(work, payer.id, BillChanges("Half done", 7))
        return ledger.settle_bills(work, payer.id, wanted(target.id, 101))

    with pytest.raises(InvalidParameter):
        await ours.do(settle_too_much)
    _, payment = await ours.pay(payer, 5)
    bill = await ours.do(lambda ledger, work: ledger.update_bill(work, payer.id, BillChanges()))
    assert (bill.name, bill.total_amount, list(bill.payments)) == ("Room", 0, [payment.id])


def wanted(target: str, amount: int) -> Any:
    """One settlement."""
    return [SettlementWanted(target, amount)]


def far_from(day: str) -> str:
    """A time zone where it is another day now than this one, YYMMDD."""
    zones = ("Pacific/Kiritimati", "Etc/GMT+12")
    return next(zone for zone in zones if datetime.now(ZoneInfo(zone)).strftime("%y%m%d") != day)
