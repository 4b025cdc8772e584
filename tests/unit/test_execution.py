"""Section 5: a command happens once and whole, or not at all, however many others are at work."""

from datetime import timedelta

import pytest

from services.billing.bill import Bill, BillChanges
from services.billing.errors import InvalidParameter, InvalidState, NotFound
from services.billing.event import Context
from services.billing.execution import Executor
from services.billing.ports import KeptOutcome, KeyTaken, TooBusy
from services.billing.stamp import Clock
from services.billing.work import Work
from tests.unit.given import UNKNOWN, Hotel, finished

OUTCOME = KeptOutcome("holder", "key-1", b"fingerprint", b"outcome")
CONTEXT = Context(key="front-desk", request_id="request-1")


def test_a_command_that_lost_its_race_is_decided_anew_on_what_is_there_now(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    hotel.store.before_commit = [lambda: hotel.pay(bill, 30, applied=True)]
    assert hotel.update_bill(bill, total=150).balance_amount == 120
    assert hotel.bill(bill).version == 3


def test_a_command_that_the_winner_made_impossible_is_refused(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(total=0), hotel.add_bill(total=100)
    hotel.store.before_commit = [lambda: hotel.pay(target, 60, applied=True)]
    with pytest.raises(InvalidParameter):
        hotel.settle(payer, (target, 50))
    assert hotel.bill(payer) == payer
    assert hotel.bill(target).settlements_received == []


def test_of_two_transfers_of_one_bill_only_one_happens(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.store.before_commit = [lambda: hotel.transfer(bill, to="FOLIO-2")]
    with pytest.raises(InvalidState):
        hotel.transfer(bill, to="FOLIO-3")
    assert hotel.store.stream("folio/FOLIO-3") == []


def test_a_folio_opened_by_the_winner_belongs_to_the_winners_accommodation(hotel: Hotel) -> None:
    hotel.store.before_commit = [lambda: hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-2")]
    with pytest.raises(InvalidParameter):
        hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-1")
    assert len(hotel.store.stream("folio/FOLIO-1")) == 1


def test_the_currency_cannot_change_while_the_first_bill_is_on_its_way(hotel: Hotel) -> None:
    hotel.configure(currency="KRW")
    hotel.store.before_commit = [hotel.add_bill]
    with pytest.raises(InvalidState):
        hotel.configure(currency="USD")
    assert hotel.add_bill().currency == "KRW"


def test_the_first_bill_is_in_the_currency_that_was_set_just_before_it(hotel: Hotel) -> None:
    hotel.configure(currency="KRW")
    hotel.store.before_commit = [lambda: hotel.configure(currency="USD")]
    assert hotel.add_bill().currency == "USD"


def test_a_command_that_loses_again_and_again_gives_up_and_changes_nothing(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    numbers = iter(range(1_000_000))

    def others() -> None:
        hotel.store.before_commit, rest = [], hotel.store.before_commit
        hotel.update_bill(bill, name=f"Changed {next(numbers)}")
        hotel.store.before_commit = rest

    hotel.store.before_commit = [others] * 1_000
    with pytest.raises(TooBusy):
        hotel.cancel_bill(bill)
    assert hotel.bill(bill).status == "OPEN"


def test_another_process_whose_clock_is_ahead_does_not_stop_this_one(hotel: Hotel) -> None:
    ahead = Executor(hotel.store, Clock(lambda: hotel.now + timedelta(hours=1)))
    bill = hotel.add_bill()

    def rename(work: Work) -> Bill:
        work.begin(CONTEXT)
        renamed = hotel.ledger.update_bill(work, bill.id, BillChanges(name="From the other process"))
        work.collect()
        return renamed

    finished(ahead.execute(rename))
    hotel.add_bill()
    moments = [event.timestamp for event in hotel.store.events]
    assert moments == sorted(moments)
    assert moments[-1] > hotel.now + timedelta(hours=1)


def test_a_command_answers_the_position_of_its_last_event(hotel: Hotel) -> None:
    def add_nothing(work: Work) -> None:
        work.begin(CONTEXT)

    hotel.add_bill()
    bill = hotel.add_bill()
    assert finished(hotel.executor.execute(add_nothing)) == (None, None)
    assert [stored.id for stored in hotel.store.log] == [1, 2, 3, 4]
    assert hotel.store.log[-1].originator_id == bill.id


def test_an_outcome_is_kept_once_under_its_key(hotel: Hotel) -> None:
    finished(hotel.executor.execute(lambda work: work.keep(OUTCOME)))
    assert hotel.store.outcomes == {("holder", "key-1"): OUTCOME}
    bill = hotel.add_bill()

    def cancel_under_the_same_key(work: Work) -> None:
        work.begin(CONTEXT)
        hotel.ledger.cancel_bill(work, bill.id, BillChanges())
        work.collect()
        work.keep(OUTCOME)

    with pytest.raises(KeyTaken):
        finished(hotel.executor.execute(cancel_under_the_same_key))
    assert hotel.bill(bill) == bill


def test_several_commands_of_one_commit_see_each_other_and_share_a_moment(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)

    def decide(work: Work) -> None:
        for total in (90, 80):
            work.begin(CONTEXT)
            hotel.ledger.update_bill(work, bill.id, BillChanges(total_amount=total))
            work.collect()

    events = hotel.events_of(lambda: finished(hotel.executor.execute(decide)))
    assert [event.originator_version for event in events] == [2, 3]
    assert hotel.bill(bill).balance_amount == 80


def test_several_commands_of_one_commit_all_happen_or_none(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)

    def decide(work: Work) -> None:
        work.begin(CONTEXT)
        hotel.ledger.cancel_bill(work, bill.id, BillChanges())
        work.collect()
        hotel.ledger.delete_bill(work, UNKNOWN)

    with hotel.refuses(NotFound):
        finished(hotel.executor.execute(decide))
    assert hotel.bill(bill) == bill


def test_what_a_work_discards_does_not_happen(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)

    def decide(work: Work) -> None:
        work.begin(CONTEXT)
        hotel.ledger.update_bill(work, bill.id, BillChanges(total_amount=50))
        work.collect()
        work.discard()
        hotel.ledger.update_bill(work, bill.id, BillChanges(name="Only this"))
        work.collect()

    finished(hotel.executor.execute(decide))
    assert (hotel.bill(bill).name, hotel.bill(bill).total_amount) == ("Only this", 100)
