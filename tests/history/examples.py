"""The stored examples, and the event classes that they must show."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.billing import ledger as _events_of_billing  # noqa: F401
from services.billing.event import LedgerEvent
from services.collection import payment_request as _events_of_collection  # noqa: F401

FOLDER = Path(__file__).parent / "events"
DOMAIN = ("services.billing.", "services.collection.")


@dataclass(frozen=True)
class Example:
    """An event as a released version stored it."""

    file: str
    stream: str
    version: int
    topic: str
    state: dict[str, Any]


def examples() -> list[Example]:
    """Every stored example, by the names of their files."""
    return [Example(path.name, **json.loads(path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.json"))]


def event_classes() -> set[type[LedgerEvent]]:
    """Every class of the domain that has a topic of its own."""
    return {each for each in _subclasses(LedgerEvent) if "TOPIC" in vars(each) and each.__module__.startswith(DOMAIN)}


def _subclasses(of: type[LedgerEvent]) -> Iterator[type[LedgerEvent]]:
    for each in of.__subclasses__():
        yield each
        yield from _subclasses(each)
