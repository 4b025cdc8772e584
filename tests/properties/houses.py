"""Houses with a history: the domain carries out what happens there, and the log of a running service takes it over.

Commands are decided in memory, where days can pass, by the same code that the service decides with; what they recorded
is then appended to the service's log, in its order, and its read models follow it as they follow anything.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from services.billing.accommodation import Accommodation, DayClosed
from services.billing.bill import Bill
from services.billing.business_day import calendar_day
from services.billing.errors import Refusal
from services.billing.ids import accommodation_stream
from services.billing.work import Work
from services.bootstrap import CODEC, Service
from services.collection import commands as collection
from services.collection.guest import Guest
from services.collection.payment_request import Evidence, PaymentRequest, Receipt
from services.collection.provider import Refused
from services.store.commit import Commit
from tests.properties.acts import Act, Ask, CloseDays, CorrectTime, PayAndState, RequestTurns, SetClock, Turn, Wait
from tests.properties.aiming import aimed
from tests.properties.commands import AddBill, ChangeBill, Command, Configure, DeleteBill, EndPayment, Pay, Transfer
from tests.properties.memory_driver import MemoryDriver
from tests.properties.model import Bill as ModelBill
from tests.properties.model import Model
from tests.properties.model import Payment as ModelPayment
from tests.unit.given import Hotel, replayed

T = TypeVar("T")

BEGINNING = datetime(2020, 2, 27, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GUEST = Guest("홍길동", "01012345678", None)


class BusyHotel(Hotel):
    """A hotel where somebody is on duty, who does what is done and says why."""

    user = "lee"

    def when(self, decide: Callable[[Work], T], **conditions: Any) -> T:
        """Carry out a command as whoever is on duty."""
        return super().when(decide, **{"user": self.user, "reason": f"said {self.user}", **conditions})


class House:
    """A house with up to two accommodations, whose ids begin with its name."""

    def __init__(self, name: str, now: datetime) -> None:
        self.name = name
        self.opened = now.date()
        self.hotel = BusyHotel()
        self.hotel.now = now
        self.requests: list[str] = []
        self._driver = MemoryDriver()
        self._driver.hotel = self.hotel
        self._model = Model()
        self._seen = 0
        self._appended = 0
        self._position = 0
        self._named: set[str] = set()

    @property
    def accommodations(self) -> Sequence[str]:
        """The accommodations that have bills."""
        return list(dict.fromkeys(bill.accommodation for bill in self._model.bills.values()))

    def closed_through(self, accommodation_id: str) -> date:
        """The newest closed day of an accommodation, of which one must be closed."""
        stream = accommodation_stream(accommodation_id)
        closed = self.hotel.when(lambda work: work.find(Accommodation, stream))
        assert closed is not None
        assert closed.closed_through is not None
        return closed.closed_through

    def play(self, acts: Sequence[Act]) -> None:
        """Let all of it happen that the rules allow."""
        for act in acts:
            with suppress(Refusal):
                self._do(act)
            self._look()

    async def append_to(self, service: Service) -> int:
        """Append what has happened since the last time to a service's log; returns the position reached."""
        fresh = self.hotel.store.log[self._appended :]
        aliases = {alias: at for alias, at in self.hotel.store.aliases.items() if alias not in self._named}
        moments = [CODEC.to_domain_event(stored).timestamp for stored in fresh]
        self._position = await service.committer.commit(Commit(fresh, moments, aliases)) or self._position
        self._appended += len(fresh)
        self._named |= aliases.keys()
        return self._position

    def _do(self, act: Act) -> None:
        match act:
            case Wait(hours, user):
                self.hotel.now += hours * HOUR
                self.hotel.user = user
            case CloseDays(accommodation):
                self.hotel.when(lambda work: _close_days(work, self.name + accommodation))
            case SetClock(accommodation, zone, cut_off):
                self.hotel.configure(self.name + accommodation, time_zone=zone, business_day_starts_at=cut_off)
            case CorrectTime(payment, hours):
                corrected = aimed(EndPayment(payment, delete=False), self._model)
                assert isinstance(corrected, EndPayment)
                self.hotel.update_payment(str(corrected.payment), paid_at=self.hotel.now - hours * HOUR)
            case PayAndState(bill, money, off):
                bill_id = self._bill(bill)
                self._run(Pay(bill_id, money, None))
                if bill_id in self._model.bills:
                    stated = self._model.bills[bill_id].balance - money.amount + off
                    self._run(ChangeBill(bill_id, None, None, stated, cancel=False))
            case Ask(bill, amount, turns):
                self.requests.append(self._ask(bill, amount))
                for turn in turns:
                    self._turn(self.requests[-1], turn)
            case RequestTurns(request, turn):
                if self.requests:
                    self._turn(self.requests[request % len(self.requests)], turn)
            case _:
                self._run(aimed(self._housed(act), self._model))

    def _ask(self, target: int, amount: int | None) -> str:
        owing = [bill_id for bill_id, bill in self._model.bills.items() if bill.end == "" and bill.balance > 0]
        bill_id = owing[target % len(owing)] if owing else self._bill(target)
        new = collection.NewRequest(GUEST, amount=amount)
        return self.hotel.when(lambda work: collection.request_payment(work, bill_id, new)).id

    def _turn(self, request_id: str, turn: Turn) -> None:
        self.hotel.when(lambda work: TURNS[turn](work, request_id))

    def _run(self, command: Command) -> None:
        self._driver.run(command)

    def _bill(self, target: int) -> str:
        aim = aimed(DeleteBill(target), self._model)
        assert isinstance(aim, DeleteBill)
        return str(aim.bill)

    def _housed(self, command: Command) -> Command:
        match command:
            case AddBill(folio, accommodation):
                named = accommodation and self.name + accommodation
                return replace(command, folio=self.name + folio, accommodation=named)
            case Transfer(_, folio):
                return replace(command, folio=self.name + folio)
            case Configure(accommodation):
                return replace(command, accommodation=self.name + accommodation)
            case _:
                return command

    def _look(self) -> None:
        """See how the bills stand that something has happened to, so that what comes next can be aimed."""
        fresh = self.hotel.store.log[self._seen :]
        self._seen += len(fresh)
        for stream in dict.fromkeys(str(stored.originator_id) for stored in fresh):
            bill = replayed(self.hotel.store.stream(stream))
            if isinstance(bill, Bill):
                self._model.bills[bill.id] = _model_of(bill)
                self._model.payments |= dict.fromkeys(bill.payments, bill.id)


class Street:
    """Houses, each of which opens an hour after what happened last in the one before it."""

    def __init__(self) -> None:
        self._last: House | None = None

    def open(self, number: int) -> House:
        """A house more."""
        now = BEGINNING if self._last is None else self._last.hotel.now + HOUR
        self._last = House(f"R{number}:", now)
        return self._last


def _model_of(bill: Bill) -> ModelBill:
    end = "DELETED" if bill.deleted else "" if bill.live else bill.status
    payments = {
        each.id: ModelPayment(each.payment_method, each.amount, each.applied, None, not each.live)
        for each in bill.payments.values()
    }
    return ModelBill(
        bill.accommodation_id,
        bill.folio_id,
        bill.name,
        bill.total_amount,
        bill.balance_amount,
        None,
        None,
        end,
        payments,
    )


def _close_days(work: Work, accommodation_id: str) -> None:
    """Close every day up to today, one after the other, if the accommodation is known."""
    accommodation = work.find(Accommodation, accommodation_stream(accommodation_id))
    if accommodation is None:
        return
    today = calendar_day(work.now, accommodation.settings)
    day = today if accommodation.closed_through is None else accommodation.closed_through + DAY
    while day <= today:
        accommodation.trigger_event(DayClosed, accommodation_id=accommodation_id, business_date=day, **work.stamp)
        day += DAY


def _paid(work: Work, request_id: str, more: int = 0) -> PaymentRequest:
    request = collection.note_sent(work, request_id, None, 55)
    receipt = Receipt(request.asked.amount + more, work.now - 3 * HOUR, "CARD")
    return collection.note_paid(work, request_id, receipt, Evidence())


def _resent(work: Work, request_id: str) -> PaymentRequest:
    request = collection.find_request(work, request_id)
    return collection.note_resent(work, request_id, 55, "no answer") if request.status == "SENT" else request


TURNS: dict[Turn, Callable[[Work, str], PaymentRequest]] = {
    "sent": lambda work, id_: collection.note_sent(work, id_, None, 55),
    "unknown": lambda work, id_: collection.note_unknown(work, id_, "no answer"),
    "refused": lambda work, id_: collection.note_refused(work, id_, Refused("BILL_001", "no such phone")),
    "resent": _resent,
    "paid": _paid,
    "paid otherwise": lambda work, id_: _paid(work, id_, more=2),
    "refunded": lambda work, id_: collection.note_refunded(work, id_, Evidence()),
    "destroyed": lambda work, id_: collection.note_destroyed(work, id_, Evidence()),
    "expired": lambda work, id_: collection.note_expired(work, id_, Evidence()),
}
