"""Ids, bill codes and nonces out of a seed and a simulated clock, so that a log is the same each time it is made."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from random import Random
from types import SimpleNamespace
from unittest.mock import patch

from ulid import ULID

from services.billing import ids
from services.collection import payment_request
from services.store import data_keys

ULID_RANDOM_BYTES = 10
ULID_TIME_BYTES = 6


class Drawn:
    """Stands in for what the service takes ids from."""

    def __init__(self, random: Random, now: Callable[[], datetime]) -> None:
        self._random = random
        self._now = now

    def ulid(self) -> ULID:
        """An id of the simulated moment."""
        milliseconds = int(self._now().timestamp() * 1_000)
        return ULID.from_bytes(
            milliseconds.to_bytes(ULID_TIME_BYTES, "big") + self._random.randbytes(ULID_RANDOM_BYTES)
        )

    def randbits(self, bits: int) -> int:
        """As `secrets.randbits`."""
        return self._random.getrandbits(bits)

    def choice(self, characters: Sequence[str]) -> str:
        """As `secrets.choice`."""
        return self._random.choice(characters)


@contextmanager
def drawn_ids(random: Random, now: Callable[[], datetime]) -> Iterator[None]:
    """Let the domain draw its ids, and data keys their nonces, from `random`, at the moments that `now` gives."""
    drawn = Drawn(random, now)
    with ExitStack() as patched:
        patched.enter_context(patch.object(ids, "ULID", drawn.ulid))
        patched.enter_context(patch.object(ids, "secrets", drawn))
        patched.enter_context(patch.object(payment_request, "secrets", drawn))
        patched.enter_context(patch.object(data_keys, "os", SimpleNamespace(urandom=random.randbytes)))
        yield
