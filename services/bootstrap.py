"""The one place that wires it all: from a database's address to a service that can be served."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field

import psycopg
from fastapi import FastAPI

from projections.accommodations import ACCOMMODATIONS
from projections.bills import BILLS
from projections.folios import FOLIOS
from projections.payments import PAYMENTS
from projections.reading import Reader
from projections.runner import Runner, prepare
from services.billing.execution import Executor
from services.billing.ledger import Ledger
from services.billing.ports import StoreUnavailable
from services.billing.stamp import Clock
from services.rest.app import make_app
from services.rest.desk import Desk
from services.store.api_keys import KeyRing
from services.store.codec import EventCodec
from services.store.committer import Committer
from services.store.connection import Pool, make_pool
from services.store.data_keys import DataKeys
from services.store.log_store import LogStore
from services.store.migrate import MigrationError, migrate
from services.store.tasks import end
from services.telemetry import LOG_POSITION, READ_MODEL_LAG

READ_MODELS = (ACCOMMODATIONS, FOLIOS, BILLS, PAYMENTS)
RETRY_SECONDS = 1.0
LAG_EVENTS_MAX = 10_000
OUTCOMES_KEPT_DAYS = 45
HOUSEKEEPING_SECONDS = 6 * 3600

log = logging.getLogger(__name__)


def prepare_database(conninfo: str) -> None:
    """Migrate, and make the read models' tables. Raises psycopg.Error, MigrationError."""
    migrate(conninfo)
    for name in prepare(conninfo, READ_MODELS):
        log.info("the read model %s is new and is filled from the start of the log", name)


@dataclass
class Service:
    """Everything of one process. Used as an async context; it starts even while the database is away."""

    conninfo: str
    pool: Pool
    committer: Committer
    store: LogStore
    desk: Desk
    reader: Reader
    runner: Runner
    app: FastAPI = field(init=False)
    trouble: str | None = "starting"
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> "Service":
        await self.pool.open(wait=False)
        await self.committer.start()
        self._tasks = [
            asyncio.create_task(self._prepare(), name="prepare"),
            asyncio.create_task(self._keep_house(), name="housekeeping"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        await end(self._tasks)
        await self.committer.close()
        await self.runner.close()
        await self.pool.close()

    async def obstacle(self) -> str | None:
        """What keeps the service from serving, None when it can. Raises StoreUnavailable."""
        if self.trouble is not None:
            return self.trouble
        lag = await self.reader.lag_events()
        READ_MODEL_LAG.set(lag)
        LOG_POSITION.set(await self.store.position())
        return f"the read models are {lag} events behind the log" if lag > LAG_EVENTS_MAX else None

    async def _prepare(self) -> None:
        """Bring the database up to date as soon as it answers, then start the projections."""
        while True:
            try:
                await asyncio.to_thread(prepare_database, self.conninfo)
                break
            except psycopg.Error as error:
                self.trouble = "the database does not answer"
                log.error("the database does not answer, trying again every second: %s", str(error).strip())
            except MigrationError as error:
                self.trouble = str(error)
                log.error("the database cannot be used, nothing is served: %s", error)
                return
            await asyncio.sleep(RETRY_SECONDS)
        await self.runner.start()
        self.trouble = None

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            with contextlib.suppress(StoreUnavailable):
                await self.store.delete_outcomes_older_than(OUTCOMES_KEPT_DAYS)


def make_service(conninfo: str, admin_key: str | None = None) -> Service:
    """A service on a database; nothing is connected yet."""
    codec = EventCodec(transcoder=None)  # type: ignore[arg-type]
    pool = make_pool(conninfo, "folio")
    data_keys = DataKeys(pool)
    committer = Committer(conninfo)
    store = LogStore(pool, committer, data_keys, codec)
    runner = Runner(conninfo, READ_MODELS, codec)
    reader = Reader(pool, runner)
    desk = Desk(Ledger(), Executor(store, Clock()), store)
    service = Service(conninfo, pool, committer, store, desk, reader, runner)
    service.app = make_app(desk, reader, store, KeyRing(pool, admin_key), data_keys, service)
    return service
