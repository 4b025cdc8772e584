"""Given, when, then for payment requests without a database: the hotel in memory and a provider beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from services.billing.bill import Bill
from services.billing.event import Context, LedgerEvent
from services.billing.payment import Payment
from services.billing.ports import DataKey, TooBusy
from services.billing.work import Work
from services.collection import commands
from services.collection.collector import Attended, Collector
from services.collection.guest import Guest
from services.collection.payment_request import PaymentRequest
from services.collection.word import Decide
from tests.collection.fake_provider import FakeProvider
from tests.unit.given import Hotel, finished, replayed
from tests.unit.memory import MemoryStore

GUEST = Guest("홍길동", "01012345678", "감사합니다")
TODAY = date(2026, 11, 22)
"""The day in Seoul when a hotel of the tests opens."""


class MemoryLocks:
    """Locks of this process; `taken` are those that another process holds for too long."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self._locks: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Hold it, one at a time."""
        if name in self.taken:
            raise TooBusy
        async with self._locks.setdefault(name, asyncio.Lock()):
            yield


class MemoryOpener:
    """Finds the data keys of the store in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def for_opening(self, folio_ids: Iterable[str]) -> Mapping[str, DataKey]:
        """The keys that exist."""
        found = {folio_id: self._store.data_keys.get(folio_id) for folio_id in folio_ids}
        return {folio_id: key for folio_id, key in found.items() if key is not None}


class Reception:
    """Where guests are asked for money: commands and dealings with the provider, each as one call."""

    def __init__(self, hotel: Hotel, provider: FakeProvider) -> None:
        self.hotel = hotel
        self.provider = provider
        self.locks = MemoryLocks()
        self.collector = Collector(provider, hotel.executor, MemoryOpener(hotel.store), self.locks)

    def ask(self, bill: Bill | None = None, amount: int | None = 30_000, **more: Any) -> PaymentRequest:
        """Store a request, for a new bill of 100,000 unless one is given."""
        bill = bill or self.hotel.add_bill()
        new = commands.NewRequest(**{"guest": GUEST, "amount": amount, **more})
        return self.hotel.when(lambda work: commands.request_payment(work, bill.id, new))

    def sent(self, bill: Bill | None = None, amount: int | None = 30_000, **more: Any) -> PaymentRequest:
        """A request that is with the guest."""
        request = self.ask(bill, amount, **more)
        self.attend(request)
        return self.request(request)

    def paid(self, bill: Bill | None = None, amount: int | None = 30_000, **more: Any) -> PaymentRequest:
        """A request that the guest has paid, and that is known to be paid."""
        request = self.sent(bill, amount, **more)
        self.provider.pay(request.id)
        self.attend(request)
        return self.request(request)

    def destroyed(self, bill: Bill | None = None) -> PaymentRequest:
        """A request that was with the guest and was destroyed here."""
        request = self.sent(bill)
        self.operate("destroy", request)
        return self.request(request)

    def attend(self, request: PaymentRequest, *, ask_first: bool = False, callback: str | None = None) -> Attended:
        """Let the collector do what is next."""
        return finished(self.collector.attend(request.id, ask_first=ask_first, callback=callback))

    def look(self, request: PaymentRequest) -> PaymentRequest:
        """Ask the provider how it stands; returns the request after it."""
        return self.attend(request, ask_first=True).after

    def operate(self, operation: str, request: PaymentRequest) -> PaymentRequest:
        """Resend, destroy or refund as the front desk, and write the decision down."""

        async def dealt_with() -> PaymentRequest:
            async with self.collector.holding(request.id) as held:
                decide: Decide = await getattr(self.collector, operation)(held)

                def decided(work: Work) -> PaymentRequest:
                    work.begin(Context(key="front-desk", request_id="request-1"))
                    result = decide(work)
                    work.collect()
                    return result

                return (await self.hotel.executor.execute(decided))[0]

        return finished(dealt_with())

    def forget_guest(self, folio_id: str = "FOLIO-1") -> None:
        """Destroy the folio's data key."""
        self.hotel.store.data_keys[folio_id] = None

    def request(self, request: PaymentRequest) -> PaymentRequest:
        """The request as the log has it now."""
        found = replayed(self.hotel.store.stream(request.id))
        assert isinstance(found, PaymentRequest)
        return found

    def bill_of(self, request: PaymentRequest) -> Bill:
        """The bill that it is for, as the log has it now."""
        return self.hotel.bill(request.asked.bill_id)

    def payment_of(self, request: PaymentRequest) -> Payment:
        """The only payment on its bill."""
        [payment] = self.bill_of(request).payments.values()
        return payment

    def topics(self, request: PaymentRequest) -> list[str]:
        """What has become of it, an event a word."""
        return [event.TOPIC.removeprefix("payment_request.") for event in self.hotel.store.stream(request.id)]

    def recorded(self, act: Callable[[], object]) -> list[LedgerEvent]:
        """The events that something records."""
        return self.hotel.events_of(act)
