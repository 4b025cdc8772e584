"""Given, when, then without a database: a hotel whose ledger is in memory, and every command as one call.

Given is what was called before, when the call under test, then what it returns and what the log holds.
"""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import pytest
from eventsourcing.application import project_aggregate

from services.billing.accommodation import Accommodation
from services.billing.bill import Bill, BillChanges
from services.billing.effective import InEffect
from services.billing.errors import Refusal
from services.billing.event import Context, LedgerEvent
from services.billing.execution import Executor
from services.billing.ledger import Ledger, NewBill, PaymentGiven
from services.billing.payment import NewPayment, Payment, PaymentChanges
from services.billing.personal_data import VirtualAccountDetails
from services.billing.settlement import SettlementWanted
from services.billing.stamp import Clock
from services.billing.transfer import Destination, TransferWanted
from services.billing.work import Work
from tests.unit.memory import MemoryStore

T = TypeVar("T")

NOON_IN_SEOUL = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PAID_AT = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
ACCOUNT = VirtualAccountDetails("088", "110-123-456789", "홍길동")
UNKNOWN = "01JD9T7Q2M4Z8K6W3X5V1B0C9E"
"""A ULID that no bill and no payment has."""


def paid(amount: int, method: str = "CARD", *, accounts: Sequence[VirtualAccountDetails] = ()) -> PaymentGiven:
    """A payment as a caller gives it together with a bill."""
    return PaymentGiven(NewPayment(method, amount, PAID_AT), tuple(accounts))


def id_of(thing: Bill | Payment | str) -> str:
    """The id of a bill or payment, or the id itself."""
    return thing if isinstance(thing, str) else thing.id


def finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never has to wait: nothing in memory does."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("a command waited, though nothing else runs")


def effective_bill(events: Sequence[LedgerEvent], at: datetime) -> Bill:
    """The bill that these events of its stream make at a time, by when things took effect."""
    in_effect = InEffect(at)
    for event in events:
        in_effect.learn(event)
    for event in events:
        in_effect.take(event)
    [bill] = in_effect.things.values()
    assert isinstance(bill, Bill)
    return bill


def replayed(events: Sequence[LedgerEvent]) -> Any:
    """The aggregate that these events of its stream make, None without any."""
    aggregate: Any = project_aggregate(None, events)
    return aggregate


class Hotel:
    """Executes commands for real, on a store in memory. `now` is what the system's clock shows.

    The named commands take a request's conditions as well: `user`, `reason`, `request_id`, `key`,
    `accommodations` (those that the key may see), `expected_version`.
    """

    def __init__(self) -> None:
        self.now = NOON_IN_SEOUL
        self.ledger = Ledger(env={"MAPPER_TOPIC": "services.store.codec:EventCodec"})
        self.store = MemoryStore(self.ledger)
        self.executor = Executor(self.store, Clock(lambda: self.now))

    def when(self, decide: Callable[[Work], T], **conditions: Any) -> T:
        """Carry out one command; returns what it returns."""
        context = Context(**{"key": "front-desk", "request_id": "request-1", **conditions})

        def decided(work: Work) -> T:
            work.begin(context)
            result = decide(work)
            work.collect()
            return result

        return finished(self.executor.execute(decided))[0]

    @contextmanager
    def refuses(self, kind: type[Refusal], pointer: str | None = None, saying: str = "") -> Iterator[None]:
        """What is called inside is refused in this way, at this pointer if given, and changes nothing."""
        before = (self.store.log, dict(self.store.aliases), dict(self.store.outcomes))
        with pytest.raises(kind) as caught:
            yield
        assert type(caught.value) is kind
        assert pointer is None or caught.value.pointer == pointer
        assert saying in caught.value.detail
        assert (self.store.log, self.store.aliases, self.store.outcomes) == before

    def bill(self, bill: Bill | str) -> Bill:
        """The bill as the log has it now."""
        found = replayed(self.store.stream(id_of(bill)))
        assert isinstance(found, Bill)
        return found

    def payment(self, payment: Payment | str) -> Payment:
        """The payment as the log has it now."""
        return self.bill(self.store.aliases[id_of(payment)]).payments[id_of(payment)]

    def events_of(self, command: Callable[[], object]) -> list[LedgerEvent]:
        """The events that a command records."""
        before = len(self.store.log)
        command()
        return self.store.events[before:]

    def configure(self, accommodation_id: str = "HOTEL-1", **changes: Any) -> Accommodation:
        """Set up an accommodation; the settings by their names, conditions of the request among them."""
        conditions = {name: changes.pop(name) for name in CONDITIONS & changes.keys()}
        return self.when(
            lambda work: self.ledger.configure_accommodation(work, accommodation_id, changes), **conditions
        )

    def close_day(self, day: str, accommodation_id: str = "HOTEL-1", **conditions: Any) -> Accommodation:
        """Close a business day YYYY-MM-DD."""
        closing = date.fromisoformat(day)
        return self.when(lambda work: self.ledger.close_day(work, accommodation_id, closing), **conditions)

    def add_bill(self, folio: str = "FOLIO-1", total: int = 100_000, **more: Any) -> Bill:
        """Post a bill; `more` are fields of NewBill and conditions."""
        conditions = {name: more.pop(name) for name in CONDITIONS & more.keys()}
        new = NewBill(**{"name": "Room charge", "total_amount": total, "accommodation_id": "HOTEL-1", **more})
        return self.when(lambda work: self.ledger.add_bill(work, folio, new), **conditions)

    def update_bill(
        self,
        bill: Bill | str,
        *,
        name: str | None = None,
        total: int | None = None,
        balance: int | None = None,
        **conditions: Any,
    ) -> Bill:
        """Change a bill."""
        changes = BillChanges(name, total, balance)
        return self.when(lambda work: self.ledger.update_bill(work, id_of(bill), changes), **conditions)

    def cancel_bill(
        self,
        bill: Bill | str,
        *,
        name: str | None = None,
        total: int | None = None,
        balance: int | None = None,
        **conditions: Any,
    ) -> Bill:
        """Cancel a bill, after changes."""
        changes = BillChanges(name, total, balance)
        return self.when(lambda work: self.ledger.cancel_bill(work, id_of(bill), changes), **conditions)

    def delete_bill(self, bill: Bill | str, **conditions: Any) -> Bill:
        """Delete a bill."""
        return self.when(lambda work: self.ledger.delete_bill(work, id_of(bill)), **conditions)

    def settle(self, payer: Bill | str, *targets: tuple[Bill | str, int], **conditions: Any) -> Bill:
        """Pay targets, each with its amount, from the payer."""
        wanted = [SettlementWanted(id_of(target), amount) for target, amount in targets]
        return self.when(lambda work: self.ledger.settle_bills(work, id_of(payer), wanted), **conditions)

    def transfer(
        self,
        *bills: Bill | str | tuple[Bill | str, int],
        to: str = "FOLIO-2",
        reservation: str | None = None,
        **conditions: Any,
    ) -> list[Bill]:
        """Move bills, each whole or, as a pair, with its split amount."""
        pairs = [bill if isinstance(bill, tuple) else (bill, None) for bill in bills]
        wanted = [TransferWanted(id_of(bill), split) for bill, split in pairs]
        destination = Destination(to, reservation)
        return self.when(lambda work: self.ledger.transfer_bills(work, wanted, destination), **conditions)

    def pay(
        self,
        bill: Bill | str,
        amount: int = 30_000,
        method: str = "CARD",
        *,
        applied: bool | None = None,
        accounts: Sequence[VirtualAccountDetails] = (),
        paid_at: datetime = PAID_AT,
        **conditions: Any,
    ) -> Payment:
        """Record a payment on an existing bill; `applied` is the request's applyToBalance, None for not given."""
        given = PaymentGiven(NewPayment(method, amount, paid_at), tuple(accounts))
        asked: Mapping[str, bool] = {} if applied is None else {"apply_to_balance": applied}
        return self.when(lambda work: self.ledger.add_payment(work, id_of(bill), given, **asked), **conditions)[1]

    def update_payment(
        self,
        payment: Payment | str,
        *,
        method: str | None = None,
        amount: int | None = None,
        paid_at: datetime | None = None,
        accounts: tuple[VirtualAccountDetails, ...] | None = None,
        **conditions: Any,
    ) -> Payment:
        """Correct a payment."""
        changes = PaymentChanges(method, amount, paid_at)
        return self.when(
            lambda work: self.ledger.update_payment(work, id_of(payment), changes, accounts), **conditions
        )[1]

    def cancel_payment(self, payment: Payment | str, **conditions: Any) -> Payment:
        """Give money back."""
        return self.when(lambda work: self.ledger.cancel_payment(work, id_of(payment)), **conditions)[1]

    def delete_payment(self, payment: Payment | str, **conditions: Any) -> Bill:
        """Remove a payment; returns its bill."""
        return self.when(lambda work: self.ledger.delete_payment(work, id_of(payment)), **conditions)


CONDITIONS = {"key", "user", "reason", "request_id", "accommodations", "expected_version"}
"""What a request brings along besides the command itself."""
