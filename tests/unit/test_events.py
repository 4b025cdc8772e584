"""Section 2: every event has a fixed short topic, and says who, on which request, and why."""

import pytest

from services.billing.event import LedgerEvent
from tests.unit.given import Hotel
from tests.unit.stay import stay

TOPICS = {
    "accommodation.configured",
    "accommodation.day_closed",
    "folio.opened",
    "bill.added",
    "bill.updated",
    "bill.cancelled",
    "bill.deleted",
    "bill.transferred",
    "bill.settled",
    "payment.recorded",
    "payment.updated",
    "payment.cancelled",
    "payment.deleted",
}


def test_the_log_knows_these_topics_and_no_path_of_a_class(hotel: Hotel) -> None:
    stay(hotel)
    assert {stored.topic for stored in hotel.store.log} == TOPICS


def test_created_events_name_their_aggregate_by_a_fixed_short_topic(hotel: Hotel) -> None:
    stay(hotel)
    named = {getattr(event, "originator_topic", None) for event in hotel.store.events}
    assert named == {None, "accommodation", "folio", "bill"}


def test_streams_are_named_after_what_they_hold(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1", accommodation_id="HOTEL-1")
    streams = {stored.originator_id for stored in hotel.store.log}
    assert streams == {"accommodation/HOTEL-1", "folio/FOLIO-1", bill.id}


def test_every_event_of_a_command_says_who_which_request_and_why(hotel: Hotel) -> None:
    hotel.add_bill(key="pms-1", user="jiwoo", request_id="req-7", reason="Guest asked")
    stamps = {(event.key, event.user, event.request_id, event.reason) for event in hotel.store.events}
    assert stamps == {("pms-1", "jiwoo", "req-7", "Guest asked")}


def test_user_and_reason_may_be_absent(hotel: Hotel) -> None:
    hotel.add_bill()
    assert {(event.user, event.reason) for event in hotel.store.events} == {(None, None)}


@pytest.mark.parametrize(("user", "shown"), [("jiwoo", "jiwoo"), (None, "pms-1")])
def test_who_is_shown_is_the_user_or_else_the_key(hotel: Hotel, user: str | None, shown: str) -> None:
    bill = hotel.add_bill(key="pms-1", user=user)
    payment = hotel.pay(bill, key="pms-1", user=user)
    cancelled = hotel.cancel_payment(payment, key="pms-1", user=user)
    assert (bill.created_by, payment.paid_by, cancelled.cancelled_by) == (shown, shown, shown)
    assert hotel.cancel_bill(bill, key="pms-1", user=user).cancelled_by == shown


def test_two_commands_keep_their_own_requests(hotel: Hotel) -> None:
    bill = hotel.add_bill(request_id="req-1")
    [event] = hotel.events_of(lambda: hotel.update_bill(bill, name="Minibar", request_id="req-2"))
    assert (event.request_id, hotel.store.events[0].request_id) == ("req-2", "req-1")


def test_events_of_one_command_share_one_moment(hotel: Hotel) -> None:
    events = hotel.events_of(hotel.add_bill)
    assert len(events) > 1
    assert len({event.timestamp for event in events}) == 1


def test_versions_of_a_stream_count_up_from_1(hotel: Hotel) -> None:
    stay(hotel)
    streams: dict[str, list[int]] = {}
    for stored in hotel.store.log:
        streams.setdefault(str(stored.originator_id), []).append(stored.originator_version)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in streams.values())
    assert len(streams) > 5


def test_events_read_back_are_equal_to_those_recorded(hotel: Hotel) -> None:
    stay(hotel)
    for stored, event in zip(hotel.store.log, hotel.store.events, strict=True):
        assert isinstance(event, LedgerEvent)
        again = hotel.ledger.mapper.to_stored_event(event)
        assert (again.topic, again.state) == (stored.topic, stored.state)
