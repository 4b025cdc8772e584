"""What the stand-in for the provider can be told."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SandboxSettings:
    """How a sandbox runs.

    `data` is its SQLite file (None: a private temporary database that ends with the process), `hour_seconds`
    how long the hour between two callbacks lasts, `points` the balance of a new database, `public_url` the
    start of short URLs without a slash at the end (None: the address that the request came to), `members` the
    known (member, merchant) pairs (None: any, and none given too), `clock` gives seconds since 1970.
    """

    api_key: str = "sandbox-key"
    data: Path | None = None
    hour_seconds: float = 60.0
    points: int = 100_000
    public_url: str | None = None
    members: frozenset[tuple[str, str]] | None = None
    clock: Callable[[], float] = time.time
