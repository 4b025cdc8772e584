"""Writes to the log through the ledger's own commands, with no read model following, and compares read models."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg

from projections.preparing import prepare
from projections.read_model import ReadModel
from projections.runner import CHANNELS, Runner
from services.billing.bill import Bill, BillChanges
from services.billing.event import Context
from services.billing.execution import Executor
from services.billing.ledger import Ledger, NewBill, PaymentGiven
from services.billing.payment import NewPayment, PaymentChanges
from services.billing.settlement import SettlementWanted
from services.billing.stamp import Clock
from services.billing.transfer import Destination, TransferWanted
from services.billing.work import Work
from services.bootstrap import CODEC, READ_MODELS
from services.store.clearing import Clearing
from services.store.committer import Committer
from services.store.connection import make_pool
from services.store.data_keys import DataKeys
from services.store.listening import Listener
from services.store.log_store import LogStore

T = TypeVar("T")

PAID_AT = datetime(2026, 11, 22, 5, tzinfo=UTC)
SECONDS_MAX = 30


class Books:
    """The ledger on a database."""

    def __init__(self, store: LogStore) -> None:
        self.store = store
        self.ledger = Ledger()
        self._executor = Executor(store, Clock())

    async def do(self, decide: Callable[[Ledger, Work], T]) -> T:
        """Carry out commands in one commit."""

        def decided(work: Work) -> T:
            work.begin(Context("tests", "request"))
            result = decide(self.ledger, work)
            work.collect()
            return result

        result, _ = await self._executor.execute(decided)
        return result

    async def add_bill(self, folio: str = "FOLIO-1", total: int = 100) -> Bill:
        """Post a bill."""
        return await self.do(lambda ledger, work: ledger.add_bill(work, folio, new_bill(total)))

    async def have_a_day(self, folio: str) -> None:
        """One of everything that can happen on a folio, so that every handler of every read model is used."""
        paying, owing, wrong, leaving, split = [await self.add_bill(folio, 1_000) for _ in range(5)]
        _, payment = await self.pay(paying, 3_000)
        _, mistake = await self.pay(owing, 5)
        await self.do(lambda ledger, work: ledger.update_payment(work, mistake.id, PaymentChanges(amount=7)))
        await self.do(lambda ledger, work: ledger.cancel_payment(work, mistake.id))
        await self.do(lambda ledger, work: ledger.settle_bills(work, paying.id, [SettlementWanted(owing.id, 400)]))
        await self.do(lambda ledger, work: ledger.update_bill(work, owing.id, BillChanges("Minibar", 1_200)))
        await self.do(lambda ledger, work: ledger.cancel_bill(work, wrong.id, BillChanges()))
        await self.do(lambda ledger, work: ledger.delete_bill(work, wrong.id))
        moves = [TransferWanted(leaving.id), TransferWanted(split.id, 300)]
        elsewhere = Destination(f"{folio}-next", None)
        await self.do(lambda ledger, work: ledger.transfer_bills(work, moves, elsewhere))
        stay = Destination(folio, "RES-2")
        await self.do(lambda ledger, work: ledger.transfer_bills(work, [TransferWanted(owing.id)], stay))
        await self.do(lambda ledger, work: ledger.delete_payment(work, payment.id))

    async def pay(self, bill: Bill, amount: int) -> Any:
        """Record a payment that is applied."""
        given = PaymentGiven(NewPayment("CARD", amount, PAID_AT))
        return await self.do(lambda ledger, work: ledger.add_payment(work, bill.id, given, apply_to_balance=True))


def new_bill(total: int = 100) -> NewBill:
    return NewBill("Room", total, "HOTEL-1")


@asynccontextmanager
async def open_books(conninfo: str) -> AsyncIterator[Books]:
    """The ledger, and nothing that follows it."""
    committer = Committer(conninfo)
    async with make_pool(conninfo, "tests") as pool:
        await committer.start()
        yield Books(LogStore(pool, committer, DataKeys(pool), CODEC, Clearing(conninfo)))
        await committer.close()


@asynccontextmanager
async def following(conninfo: str, *models: ReadModel) -> AsyncIterator[Runner]:
    """A runner that keeps the read models up, those that no other one does."""
    listener = Listener(conninfo, CHANNELS)
    runner = Runner(conninfo, models or READ_MODELS, CODEC, listener)
    await listener.start()
    await runner.start()
    try:
        yield runner
    finally:
        await runner.close()
        await listener.close()


async def caught_up(conninfo: str, position: int) -> None:
    """Wait until every read model stands at a position, whoever has moved it there."""
    async with asyncio.timeout(SECONDS_MAX), await psycopg.AsyncConnection.connect(conninfo) as connection:
        while True:
            cursor = await connection.execute("SELECT min(notification_id) FROM read_model.positions")
            await connection.commit()
            if await cursor.fetchone() == (position,):
                return
            await asyncio.sleep(0.01)


def read_models(conninfo: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every read model, and their positions."""
    with psycopg.connect(conninfo) as connection:
        rows = {
            model.name: connection.execute(f"TABLE read_model.{model.name} ORDER BY 1".encode()).fetchall()
            for model in READ_MODELS
        }
        positions = "SELECT application_name, notification_id FROM read_model.positions ORDER BY 1"
        return rows | {"positions": connection.execute(positions.encode()).fetchall()}


async def rebuilt(conninfo: str, position: int) -> dict[str, list[tuple[Any, ...]]]:
    """The read models as they come out of the log from event 0, up to a position."""
    newer = [replace(model, version=model.version + 1) for model in READ_MODELS]
    assert await asyncio.to_thread(prepare, conninfo, newer, CODEC) == [model.name for model in READ_MODELS]
    rows = read_models(conninfo)
    assert {stands_at for _, stands_at in rows["positions"]} == {position}
    return rows
