"""The front desk: the ledger's own commands on aggregates in memory, each at its moment of a simulated clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any, TypeVar

from eventsourcing.domain import BaseAggregate

from services.billing.accommodation import Accommodation, DayClosed
from services.billing.event import Context, LedgerEvent
from services.billing.folio import Folio
from services.billing.ids import accommodation_stream, folio_stream, new_ulid
from services.billing.ledger import Ledger
from services.billing.ports import Loaded
from services.billing.stamp import TICK
from services.billing.work import Work, assert_conserved
from services.store.data_keys import FolioDataKey

Result = TypeVar("Result")
Decision = Callable[[Work], Result]

HOTEL = "HOTEL-1"
SETTINGS = {"name": "서울 가든 호텔 Seoul Garden Hotel", "business_day_starts_at": "05:00"}
KEY = "pms"
CASHIERS = ("김서연", "박지훈", "이도윤", "최하은", "정미숙", "강민준", "윤지아", "Emily Carter")
DATA_KEY_BYTES = 32


@dataclass
class Account:
    """A folio, with what the desk remembers of it: its bills and payment requests, and the names of its payments."""

    folio_id: str
    remembered: dict[str, BaseAggregate[str]] = field(default_factory=dict)
    aliases: dict[str, str | None] = field(default_factory=dict)
    data_key: FolioDataKey | None = None

    @property
    def stream(self) -> str:
        """The name of the folio's stream."""
        return folio_stream(self.folio_id)


class Desk:
    """Carries out commands, one commit each; `events`, `aliases` and `data_keys` are kept until they are taken."""

    def __init__(self, random: Random, opening: datetime) -> None:
        """A desk that opens at this moment."""
        self.now = opening
        self.events: list[LedgerEvent] = []
        self.aliases: dict[str, str] = {}
        self.data_keys: list[tuple[str, bytes, datetime]] = []
        self.ledger = Ledger()
        self._random = random
        self._stream = accommodation_stream(HOTEL)
        self._accommodation: BaseAggregate[str] | None = None

    def set_up(self) -> None:
        """Configure the hotel."""
        self.do(lambda work: self.ledger.configure_accommodation(work, HOTEL, SETTINGS))

    def do(self, decide: Decision[Result], *accounts: Account, reason: str | None = None) -> Result:
        """Carry out a command on folios, the first one's mostly. Raises the ledger's refusals."""
        work = Work(self._loaded(accounts), self.now)
        work.begin(Context(KEY, new_ulid(), self._random.choice(CASHIERS), reason))
        result = decide(work)
        work.collect()
        assert_conserved(work.events)
        self._remember(work, accounts)
        self.now += TICK
        return result

    def close_day(self, day: date) -> None:
        """Close a business day and all before it."""

        def close(work: Work) -> None:
            accommodation = work.find(Accommodation, self._stream)
            assert accommodation is not None
            accommodation.trigger_event(DayClosed, accommodation_id=HOTEL, business_date=day, **work.stamp)

        self.do(close)

    def provide_key(self, account: Account) -> None:
        """See to it that the folio takes personal data."""
        if account.data_key is None:
            key = self._random.randbytes(DATA_KEY_BYTES)
            account.data_key = FolioDataKey(account.folio_id, key)
            self.data_keys.append((account.folio_id, key, self.now))

    def _loaded(self, accounts: tuple[Account, ...]) -> Loaded:
        loaded = Loaded(streams={self._stream: []})
        if self._accommodation is not None:
            loaded.remembered[self._stream] = self._accommodation
        for account in accounts:
            loaded.streams[account.stream] = []
            loaded.remembered.update(account.remembered)
            loaded.aliases.update(account.aliases)
            loaded.data_keys[account.folio_id] = account.data_key
        return loaded

    def _remember(self, work: Work, accounts: tuple[Account, ...]) -> None:
        self.events += work.events
        self.aliases.update(work.aliases)
        for stream, aggregate in work.streams.items():
            if stream == self._stream:
                self._accommodation = aggregate
            else:
                _holder(accounts, aggregate).remembered[stream] = aggregate
        if accounts:
            accounts[0].aliases.update(work.aliases)


def _holder(accounts: tuple[Account, ...], aggregate: Any) -> Account:
    """Whose it is: a folio remembers itself, and the first one everything that is in hand."""
    if isinstance(aggregate, Folio):
        return next(account for account in accounts if account.folio_id == aggregate.folio_id)
    return accounts[0]
