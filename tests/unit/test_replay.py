"""Section 2 and 5: replay only applies events; it gives what the command answered, and checks no rule."""

import pytest

from services.billing import money, payment
from services.billing.bill import Bill
from services.billing.views import bill_view
from tests.unit.given import Hotel, paid, replayed
from tests.unit.stay import stay


def test_a_replayed_bill_equals_the_one_that_was_answered(hotel: Hotel) -> None:
    target = hotel.add_bill(total=80)
    bill = hotel.add_bill(total=100, payments=(paid(30), paid(20, "CASH")))
    answered = hotel.settle(bill, (target, 50))
    assert hotel.bill(bill) == answered
    assert bill_view(hotel.bill(bill)) == bill_view(answered)
    answered = hotel.update_bill(bill, total=110)
    assert hotel.bill(bill) == answered
    answered = hotel.cancel_bill(bill, name="Posted twice")
    assert hotel.bill(bill) == answered
    [moved] = hotel.transfer(target)
    assert hotel.bill(moved) == moved


def test_the_library_replays_every_stream_to_the_same_aggregate_as_this_projection(hotel: Hotel) -> None:
    stay(hotel)
    streams = {str(stored.originator_id) for stored in hotel.store.log}
    for stream in streams:
        assert hotel.ledger.repository.get(stream) == replayed(hotel.store.stream(stream))
    assert len(streams) > 5


def test_replaying_twice_gives_the_same_and_leaves_the_events_alone(hotel: Hotel) -> None:
    stay(hotel)
    events = hotel.store.stream(next(str(s.originator_id) for s in hotel.store.log if s.topic == "bill.added"))
    states = [hotel.ledger.mapper.to_stored_event(event).state for event in events]
    first, second = replayed(events), replayed(events)
    assert first == second
    assert [hotel.ledger.mapper.to_stored_event(event).state for event in events] == states


def test_a_rule_tightened_later_leaves_earlier_events_readable(hotel: Hotel, monkeypatch: pytest.MonkeyPatch) -> None:
    bill = hotel.add_bill(total=500_000, payments=(paid(1_000, "MILEAGE"),))
    hotel.cancel_bill(bill)
    before = hotel.bill(bill)
    monkeypatch.setattr(money, "AMOUNT_MAX", 10)
    monkeypatch.setattr(payment, "PAYMENT_METHOD_PATTERN", "^CARD$")
    assert hotel.bill(bill) == before


def test_replay_of_part_of_a_stream_shows_the_bill_as_it_was(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    hotel.pay(bill, 30, applied=True)
    hotel.cancel_bill(bill)
    shown = []
    for count in (1, 2, 3):
        then = replayed(hotel.store.stream(bill.id)[:count])
        assert isinstance(then, Bill)
        shown.append((then.status, then.balance_amount))
    assert shown == [("OPEN", 100), ("OPEN", 70), ("CANCELLED", -30)]
