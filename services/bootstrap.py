"""The one place that wires it all: from a database's address to a service that can be served."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import psycopg
from fastapi import FastAPI

from projections.accommodations import ACCOMMODATIONS
from projections.bill_entries import BILL_ENTRIES
from projections.bills import BILLS
from projections.building import LogLacksEvents, Progress
from projections.folios import FOLIOS
from projections.house_entries import HOUSE_ENTRIES
from projections.lag import Lag, measure
from projections.payment_entries import PAYMENT_ENTRIES
from projections.payment_requests import PAYMENT_REQUESTS
from projections.payments import PAYMENTS
from projections.preparing import prepare
from projections.reading import Reader
from projections.report_reading import Reports
from projections.reports import READ_MODELS_OF_REPORTS
from projections.request_agenda import RequestAgenda
from projections.request_entries import REQUEST_ENTRIES
from projections.runner import CHANNELS, Runner
from services.billing.execution import Executor
from services.billing.ledger import Ledger
from services.billing.ports import StoreUnavailable
from services.billing.stamp import Clock
from services.collection.attendant import Attendant
from services.collection.collector import Collector
from services.collection.office import Office
from services.desk.desk import Desk
from services.desk.dry_run import DryRuns
from services.desk.evidence import Evidence
from services.desk.front_desk import FrontDesk
from services.desk.guest_export import GuestExport
from services.desk.history import History
from services.desk.lookups import Lookups
from services.desk.past import Past
from services.desk.payment_request_desk import PaymentRequestDesk
from services.desk.report_desk import ReportDesk
from services.graphql.errors import refuse
from services.graphql.routes import PATH as GRAPHQL_PATH
from services.graphql.routes import graphql_routes
from services.payssam.callback import callback_router
from services.payssam.wire import without_key
from services.provision import Collecting, Seal
from services.rest.app import make_app
from services.store.api_keys import KeyRing
from services.store.clearing import Clearing
from services.store.codec import EventCodec
from services.store.committer import Committer
from services.store.connection import Pool, make_pool
from services.store.data_keys import DataKeys
from services.store.dry_run import DryRunStore
from services.store.evidence import StoredEvidence
from services.store.feed import StoredFeed
from services.store.inbox import StoredInbox
from services.store.leading import lead
from services.store.listening import Listener
from services.store.locks import AdvisoryLocks
from services.store.log_store import LogStore
from services.store.migrate import MigrationError, migrate
from services.store.past_log import PastLog
from services.store.recorder import CHANNEL
from services.store.sealing import Sealing
from services.store.supervision import again_and_again
from services.store.tasks import end
from services.telemetry import (
    LOG_POSITION,
    READ_MODEL_LAG_EVENTS,
    READ_MODEL_LAG_SECONDS,
    READ_MODEL_PARKED_EVENTS,
)

READ_MODELS = (
    ACCOMMODATIONS,
    FOLIOS,
    BILLS,
    PAYMENTS,
    PAYMENT_REQUESTS,
    BILL_ENTRIES,
    PAYMENT_ENTRIES,
    REQUEST_ENTRIES,
    HOUSE_ENTRIES,
    *READ_MODELS_OF_REPORTS,
)
CODEC = EventCodec(transcoder=None)  # type: ignore[arg-type]
RETRY_SECONDS = 1.0
DEALINGS_MAX = 20
"""Payment requests dealt with at once, each with a connection for its lock: 12 by the attendant, 8 by callers."""
LAG_EVENTS_MAX = 10_000
ATTENDANT = "attendant"
SEALER = "sealer"
OUTCOMES_KEPT_DAYS = 45
HOUSEKEEPING_SECONDS = 6 * 3600

log = logging.getLogger(__name__)


def prepare_database(conninfo: str, progress: Progress | None = None) -> None:
    """Migrate, and fill the read models' tables that are new. Raises psycopg.Error, MigrationError,
    LogLacksEvents.
    """
    migrate(conninfo)
    for name in prepare(conninfo, READ_MODELS, CODEC, progress):
        log.info("the read model %s is new and was filled from the start of the log", name)


@dataclass
class Service:
    """Everything of one process. Used as an async context; it starts even while the database is away."""

    conninfo: str
    pool: Pool
    committer: Committer
    store: LogStore
    desk: Desk
    reader: Reader
    listener: Listener
    runner: Runner
    events: StoredFeed
    guest_export: GuestExport
    clearing: Clearing
    office: Office | None = None
    office_pool: Pool | None = None
    attended: bool = False
    sealing: Sealing | None = None
    app: FastAPI = field(init=False)
    lookups: Lookups = field(init=False)
    reports: ReportDesk = field(init=False)
    trouble: str | None = "starting"
    ending: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it serves, or can tell what keeps it from serving that no other process could tell."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> "Service":
        await self.committer.start()
        self._tasks = [
            asyncio.create_task(self._prepare(), name="prepare"),
            asyncio.create_task(self._keep_house(), name="housekeeping"),
            asyncio.create_task(again_and_again("clearing", self.clearing.work), name="clearing"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.ending = True
        await end(self._tasks)
        await self.events.close()
        await self.committer.close()
        await self.runner.close()
        await self.listener.close()
        if self.sealing is not None:
            await self.sealing.end(last=self.trouble is None)
        if self.office_pool is not None:
            await self.office_pool.close()
        if self.office is not None:
            await self.office.provider.aclose()
        await self.pool.close()

    def obstacle(self, lags: Mapping[str, Lag]) -> str | None:
        """What keeps the service from serving while the read models lag so, None when it can."""
        behind = max(lag.events for lag in lags.values())
        return f"the read models are {behind} events behind the log" if behind > LAG_EVENTS_MAX else None

    async def measure(self) -> dict[str, Lag]:
        """How far each read model is behind the log, for the metrics too. Raises StoreUnavailable."""
        lags = await measure(self.pool, self.runner.names)
        for name, lag in lags.items():
            READ_MODEL_LAG_EVENTS.labels(name).set(lag.events)
            READ_MODEL_LAG_SECONDS.labels(name).set(lag.seconds)
            READ_MODEL_PARKED_EVENTS.labels(name).set(lag.parked_events)
            LOG_POSITION.set(lag.position + lag.events)
        return lags

    async def _prepare(self) -> None:
        """Bring the database up to date as soon as it answers, then start the projections and the office."""
        while True:
            try:
                await asyncio.to_thread(prepare_database, self.conninfo, Filling(self))
                break
            except psycopg.Error as error:
                self.trouble = "the database does not answer"
                log.error("the database does not answer, trying again every second: %s", str(error).strip())
            except (MigrationError, LogLacksEvents) as error:
                self.trouble = str(error)
                self.begun.set()
                log.error("the database cannot be used, nothing is served: %s", error)
                return
            self.begun.set()
            await asyncio.sleep(RETRY_SECONDS)
        await self._open_pools()
        await self.listener.start()
        await self.runner.start()
        await self.events.start()
        self.trouble = None
        self.begun.set()
        if self.office is not None and self.attended:
            self._lead(ATTENDANT, self.office.attendant.work)
        if self.sealing is not None:
            self._lead(SEALER, self.sealing.follow)

    def _lead(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(lead(self.conninfo, name, work), name=name))

    async def _open_pools(self) -> None:
        """Not before the database is up to date: until then the role may be missing that they work as."""
        await self.pool.open(wait=False)
        if self.office_pool is not None:
            await self.office_pool.open(wait=False)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            with contextlib.suppress(StoreUnavailable):
                await self.store.delete_outcomes_older_than(OUTCOMES_KEPT_DAYS)


class Stopping(Exception):
    """The service ends while new read models are being filled; the next start continues."""


class Filling(Progress):
    """Says what a service waits for that fills new read models before it serves; raises Stopping once it ends."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()

    def reached(self, events: int, until: int) -> None:
        """Tell how far they are."""
        self.says(f"new read models are being filled, {events} of {until} events are applied")
        self._loop.call_soon_threadsafe(self._service.begun.set)

    def says(self, message: str) -> None:
        """Tell what takes its time."""
        if self._service.ending:
            raise Stopping
        self._service.trouble = message


def make_service(
    conninfo: str,
    admin_key: str | None = None,
    collecting: Collecting | None = None,
    *,
    attended: bool = True,
    introspection: bool = False,
    seal: Seal | None = None,
) -> Service:
    """A service on a database; nothing is connected yet. Without `collecting` no guest can be asked for money.

    `attended`: it sends what was asked for and looks after it; else that is left to another process.
    `seal`: it links events and signs checkpoints, and can prove folios; else that is left to another process.
    `introspection`: GraphQL clients may ask for the schema, and there is a page to try it.
    """
    pool = make_pool(conninfo, "folio")
    data_keys = DataKeys(pool)
    committer = Committer(conninfo)
    clearing = Clearing(conninfo)
    store = LogStore(pool, committer, data_keys, CODEC, clearing)
    listener = Listener(conninfo, CHANNELS)
    runner = Runner(conninfo, READ_MODELS, CODEC, listener)
    reader = Reader(pool, runner)
    executor, ledger = Executor(store, Clock()), Ledger()
    desk = Desk(ledger, executor, store)
    events = StoredFeed(pool, CODEC, listener.signals[CHANNEL])
    inbox = StoredInbox(pool)
    export = GuestExport(reader, store, data_keys, inbox, without_key)
    service = Service(conninfo, pool, committer, store, desk, reader, listener, runner, events, export, clearing)
    if collecting is not None:
        service.office_pool = make_pool(conninfo, "folio collection", DEALINGS_MAX)
        collector = Collector(collecting.provider, executor, data_keys, AdvisoryLocks(service.office_pool))
        agenda = RequestAgenda(pool, reader)
        attendant = Attendant(collector, agenda, inbox)
        service.office = Office(collecting.provider, collector, attendant, agenda, collecting.automatic_card_payment)
        service.attended = attended
    if seal is not None:
        service.sealing = Sealing(seal.sealer(conninfo))
    past = Past(PastLog(pool, CODEC))
    service.reports = ReportDesk(Reports(conninfo, reader), past)
    requests, lookups = PaymentRequestDesk(desk, service.office), Lookups(reader, past)
    service.lookups = lookups
    front = FrontDesk(
        authenticator=KeyRing(pool, admin_key),
        desk=desk,
        dry_runs=DryRuns(ledger, lookups, events, partial(DryRunStore, store, data_keys)),
        payment_requests=requests,
        lookups=lookups,
        history=History(reader, past, inbox),
        opener=data_keys,
        events=events,
        evidence=Evidence(StoredEvidence(pool, service.sealing)),
        guest_export=export,
        reports=service.reports,
    )
    service.app = make_app(front, service, {GRAPHQL_PATH: refuse})
    service.app.router.routes.extend(graphql_routes(front, introspection=introspection))
    if collecting is not None:
        service.app.include_router(
            callback_router(inbox, collecting.api_key, collecting.callback_sources, attendant.ring)
        )
    return service
