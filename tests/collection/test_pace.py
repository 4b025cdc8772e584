"""The pace of looking: never faster than its first interval, never slower than its last, ever slower with time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection import pace
from services.collection.pace import (
    JITTER,
    LETTER_MAX,
    LOOK_FIRST,
    LOOK_MAX,
    RETRY_FIRST,
    RETRY_MAX,
    WATCHED_FOR,
    letter_at,
    look_at,
    retry_at,
)
from services.collection.payment_request import Status

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ATTEMPTS = st.integers(0, 10_000)
AGES = st.timedeltas(timedelta(days=-1), timedelta(days=400))
STATUSES: st.SearchStrategy[Status] = st.sampled_from(get_args(Status))


@contextmanager
def exactly() -> Iterator[None]:
    """Intervals that are what they are spread around."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "JITTER", 0.0)
        yield


@given(ATTEMPTS)
def test_a_retry_comes_within_the_bounds(attempts: int) -> None:
    waited = retry_at(NOW, attempts) - NOW
    assert RETRY_FIRST * (1 - JITTER) <= waited <= RETRY_MAX * (1 + JITTER)
    waited = letter_at(NOW, attempts) - NOW
    assert RETRY_FIRST * (1 - JITTER) <= waited <= LETTER_MAX * (1 + JITTER)


@given(AGES, STATUSES)
def test_a_look_comes_within_the_bounds_or_nothing_more_is_expected(age: timedelta, status: Status) -> None:
    looked_at = look_at(NOW, status, NOW - age)
    assert (looked_at is None) == (status in WATCHED_FOR and age > WATCHED_FOR[status])
    if looked_at is not None:
        assert LOOK_FIRST * (1 - JITTER) <= looked_at - NOW <= LOOK_MAX * (1 + JITTER)


@given(ATTEMPTS)
def test_a_retry_comes_never_earlier_after_more_attempts(attempts: int) -> None:
    with exactly():
        assert retry_at(NOW, attempts) <= retry_at(NOW, attempts + 1)
        assert retry_at(NOW, attempts) <= letter_at(NOW, attempts) <= letter_at(NOW, attempts + 1)


@given(AGES, AGES, STATUSES)
def test_a_look_comes_never_earlier_at_a_greater_age(first: timedelta, second: timedelta, status: Status) -> None:
    with exactly():
        younger, older = sorted((first, second))
        soon, late = (look_at(NOW, status, NOW - age) for age in (younger, older))
        assert late is None or (soon is not None and soon <= late)


@given(AGES, STATUSES)
def test_what_is_with_the_guest_is_looked_at_no_later_than_anything_else(age: timedelta, status: Status) -> None:
    with exactly():
        sent, other = look_at(NOW, "SENT", NOW - age), look_at(NOW, status, NOW - age)
        assert sent is not None
        assert other is None or sent <= other


def test_what_may_still_change_at_the_provider_is_looked_at_and_what_cannot_is_not() -> None:
    status: Status
    for status in ("REQUESTED", "SENT", "UNKNOWN"):
        assert look_at(NOW, status, NOW - timedelta(days=400)) is not None
    for status, days in (("PAID", 30), ("DESTROYED", 2), ("EXPIRED", 2)):
        assert look_at(NOW, status, NOW - timedelta(days=days)) is not None
        assert look_at(NOW, status, NOW - timedelta(days=days, microseconds=1)) is None
    for status in ("REFUSED", "REFUNDED"):
        assert look_at(NOW, status, NOW - timedelta(microseconds=1)) is None


def test_retries_wait_twice_as_long_each_time_up_to_five_minutes() -> None:
    with exactly():
        waited = [(retry_at(NOW, attempts) - NOW).total_seconds() for attempts in range(12)]
        assert waited == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


@pytest.mark.parametrize(
    ("status", "age", "expected"),
    [
        ("SENT", timedelta(0), timedelta(seconds=15)),
        ("SENT", timedelta(seconds=75), timedelta(seconds=15)),
        ("SENT", timedelta(minutes=10), timedelta(minutes=2)),
        ("SENT", timedelta(hours=30), timedelta(hours=6)),
        ("SENT", timedelta(days=300), timedelta(hours=6)),
        ("PAID", timedelta(0), timedelta(minutes=15)),
        ("DESTROYED", timedelta(hours=5), timedelta(hours=1)),
    ],
)
def test_a_look_comes_after_a_fifth_of_the_age(status: Status, age: timedelta, expected: timedelta) -> None:
    with exactly():
        assert look_at(NOW, status, NOW - age) == NOW + expected


def test_many_looks_at_the_same_age_do_not_come_at_the_same_moment() -> None:
    assert len({look_at(NOW, "SENT", NOW - timedelta(hours=1)) for _ in range(100)}) > 90
    assert len({retry_at(NOW, 5) for _ in range(100)}) > 90
