"""When to ask the provider again: soon after something happened, ever more seldom after."""

import random
from datetime import datetime, timedelta

from services.collection.payment_request import Status

RETRY_FIRST = timedelta(seconds=1)
RETRY_MAX = timedelta(minutes=5)
LETTER_MAX = timedelta(hours=1)
LOOK_FIRST = timedelta(seconds=15)
LOOK_MAX = timedelta(hours=6)
"""A callback that never comes, or a bill destroyed in the provider's own app, is found after this at the latest."""
WATCHED_FOR: dict[Status, timedelta] = {
    "PAID": timedelta(days=30),
    "DESTROYED": timedelta(days=2),
    "EXPIRED": timedelta(days=2),
    "REFUSED": timedelta(0),
    "REFUNDED": timedelta(0),
}
"""How long a refund in the provider's own app is looked for, and money that came in spite of an end."""
JITTER = 0.2


def retry_at(now: datetime, attempts: int) -> datetime:
    """When to try again after this many attempts that failed in a row: twice as long each time, with jitter."""
    return now + _spread(min(RETRY_FIRST * 2 ** min(attempts, 20), RETRY_MAX))


def letter_at(now: datetime, attempts: int) -> datetime:
    """When to try a callback again: as a request, but ever more seldom; what it says may never come true."""
    return now + _spread(min(RETRY_FIRST * 2 ** min(attempts, 20), LETTER_MAX))


def look_at(now: datetime, status: Status, since: datetime) -> datetime | None:
    """When to look again at a request that is in this status since then: after a fifth of its age, with jitter.

    None when nothing more is to be expected of it.
    """
    if now - since > WATCHED_FOR.get(status, timedelta.max):
        return None
    first = LOOK_FIRST if status == "SENT" else LOOK_FIRST * 60
    return now + _spread(min(max((now - since) / 5, first), LOOK_MAX))


def _spread(interval: timedelta) -> timedelta:
    return interval * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- no secret, only apart from others
