"""Section 1: the moment of recording never goes back, whatever the system's clock does."""

from datetime import UTC, datetime, timedelta

from services.billing.stamp import Clock
from tests.unit.given import NOON_IN_SEOUL, Hotel

HOUR = timedelta(hours=1)


def test_two_moments_of_a_clock_that_stands_still_differ() -> None:
    clock = Clock(lambda: NOON_IN_SEOUL)
    moments = [clock.next() for _ in range(100)]
    assert moments == sorted(set(moments))


def test_a_clock_that_is_set_back_gives_later_moments_all_the_same() -> None:
    shown = iter([NOON_IN_SEOUL, NOON_IN_SEOUL - HOUR, NOON_IN_SEOUL - 2 * HOUR])
    clock = Clock(lambda: next(shown))
    first, second, third = clock.next(), clock.next(), clock.next()
    assert first < second < third


def test_a_clock_gives_only_moments_after_one_that_it_was_told_of() -> None:
    clock = Clock(lambda: NOON_IN_SEOUL)
    clock.advance(NOON_IN_SEOUL + HOUR)
    assert clock.next() > NOON_IN_SEOUL + HOUR


def test_a_clock_that_was_told_of_an_earlier_moment_goes_on_as_before() -> None:
    clock = Clock(lambda: NOON_IN_SEOUL)
    before = clock.next()
    clock.advance(NOON_IN_SEOUL - HOUR)
    assert clock.next() > before


def test_the_clock_shows_utc() -> None:
    moment = Clock().next()
    assert moment.tzinfo is UTC
    assert abs(datetime.now(UTC) - moment) < HOUR


def test_events_are_recorded_in_order_of_time_though_the_system_clock_is_set_back(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.now -= HOUR
    hotel.pay(bill)
    hotel.now -= HOUR
    hotel.cancel_bill(bill)
    moments = [event.timestamp for event in hotel.store.events]
    assert moments == sorted(moments)
    assert moments[0] < moments[-2] < moments[-1]


def test_what_was_paid_before_or_after_keeps_its_own_time(hotel: Hotel) -> None:
    yesterday = NOON_IN_SEOUL - 24 * HOUR
    payment = hotel.pay(hotel.add_bill(), paid_at=yesterday)
    assert hotel.payment(payment).paid_at == yesterday
    assert hotel.store.events[-1].timestamp >= NOON_IN_SEOUL
