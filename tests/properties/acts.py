"""What happens in a house over many business days: commands, days that pass and are closed, corrections, requests."""

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from tests.properties.commands import Command, Money
from tests.properties.strategies import changed_payments, commands, ended_payments, moneys, paid, targets, transferred

ZONES = ("Asia/Seoul", "America/Los_Angeles", "Europe/Berlin", "Pacific/Apia", "Asia/Kathmandu")
CUT_OFFS = ("00:00", "04:00", "12:30", "23:59")
USERS = ("kim", "박 매니저", "night; audit | 100%", "date:2020-01-01")
Turn = Literal["sent", "unknown", "refused", "resent", "paid", "paid otherwise", "refunded", "destroyed", "expired"]


@dataclass(frozen=True)
class Wait:
    """Time passes, and somebody else takes over."""

    hours: int
    user: str


@dataclass(frozen=True)
class CloseDays:
    """Every day up to today is closed."""

    accommodation: str


@dataclass(frozen=True)
class SetClock:
    """The accommodation's zone and the start of its day are set."""

    accommodation: str
    zone: str
    cut_off: str


@dataclass(frozen=True)
class CorrectTime:
    """A payment was made so many hours before now."""

    payment: int
    hours: int


@dataclass(frozen=True)
class PayAndState:
    """A payment that does not change the balance, followed by a balance that the PMS states; `off` by so much."""

    bill: int
    money: Money
    off: int


@dataclass(frozen=True)
class Ask:
    """The guest is asked for money of a bill that is owed, if there is one; what becomes of it soon."""

    bill: int
    amount: int | None
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class RequestTurns:
    """What the provider says of a request."""

    request: int
    turn: Turn


Act = Command | Wait | CloseDays | SetClock | CorrectTime | PayAndState | Ask | RequestTurns

accommodations = st.sampled_from(["HOTEL-1"] * 4 + ["HOTEL-2"])
waits = st.builds(Wait, st.sampled_from([1, 1, 2, 5, 9, 15, 26, 50]), st.sampled_from(USERS))
turns: st.SearchStrategy[Turn] = st.sampled_from(
    ["sent", "sent", "sent", "unknown", "refused", "resent", "paid", "paid", "paid", "paid otherwise", "refunded",
     "destroyed", "expired"],
)  # fmt: skip
requests = st.one_of(
    st.builds(
        Ask, targets, st.sampled_from([1, 1, 1, 2, None]), st.lists(turns, max_size=2).map(lambda soon: ("sent", *soon))
    ),
    st.builds(Ask, targets, st.just(1), st.lists(turns, max_size=1).map(tuple)),
    st.builds(RequestTurns, targets, turns),
    st.builds(RequestTurns, targets, turns),
)
own = st.one_of(
    st.builds(CloseDays, accommodations),
    st.builds(SetClock, accommodations, st.sampled_from(ZONES), st.sampled_from(CUT_OFFS)),
    st.builds(CorrectTime, targets, st.integers(0, 90)),
    st.builds(PayAndState, targets, moneys(), st.sampled_from([0, 0, 0, 1, -2])),
    st.builds(PayAndState, targets, moneys(), st.just(0)),
)
acts: st.SearchStrategy[Act] = st.one_of(commands, commands, commands, waits, own, requests)
"""Any of them."""
acts_with_guests: st.SearchStrategy[Act] = st.one_of(commands, commands, waits, own, requests, requests)
"""The same where guests are asked for money again and again."""
corrections: st.SearchStrategy[Act] = st.one_of(paid, changed_payments, ended_payments, transferred)
acts_with_corrections: st.SearchStrategy[Act] = st.sampled_from(
    (commands, commands, waits, own, requests, requests, corrections, corrections)
).flatmap(lambda kind: kind)
"""The same where what was paid and asked for changes later, again and again. (`one_of` would take each kind once.)"""
