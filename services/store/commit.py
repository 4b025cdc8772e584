"""What one command stores, and how several go to the database in one call and come back with a verdict each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent

from services.billing.ports import Conflict, KeptOutcome, KeyTaken

APPEND_TOGETHER = """
    SELECT first_position, newest, moved_to, overtaken, late, conflicting, taken
      FROM ledger.append_together(%(commits)s::jsonb, interval '1 second')
"""

Verdict = int | Exception | None
"""The position of a commit's last event, None without events; Conflict or KeyTaken when nothing of it is stored."""


@dataclass
class Commit:
    """Everything that one command stores; `reads` are the streams that it was decided on, with their versions.

    `moved_to` is set when it was overtaken on its way: it is recorded at this moment, right after what overtook it.
    """

    events: Sequence[StoredEvent]
    recorded_ats: Sequence[datetime]
    aliases: Mapping[str, str] = field(default_factory=dict)
    outcomes: Sequence[KeptOutcome] = ()
    reads: Mapping[str, int] = field(default_factory=dict)
    moved_to: datetime | None = None


def parameters_of(commits: Sequence[Commit]) -> dict[str, str]:
    """The parameters of APPEND_TOGETHER."""
    return {"commits": msgspec.json.encode([_sent(commit) for commit in commits]).decode()}


def _sent(commit: Commit) -> dict[str, Any]:
    return {
        "events": [
            (event.originator_id, event.originator_version, event.topic, event.state.decode(), moment)
            for event, moment in zip(commit.events, commit.recorded_ats, strict=True)
        ],
        "aliases": commit.aliases,
        "outcomes": [
            (kept.holder, kept.key, kept.fingerprint.hex(), kept.outcome.decode()) for kept in commit.outcomes
        ],
        "reads": commit.reads,
    }


def verdicts_of(commits: Sequence[Commit], row: tuple[Any, ...] | None) -> list[Verdict]:
    """What APPEND_TOGETHER says of each commit."""
    assert row is not None
    position, newest, moved_to, overtaken, late, conflicting, taken = row
    verdicts: list[Verdict] = []
    for number, commit in enumerate(commits):
        if number in taken:
            verdicts.append(KeyTaken())
        elif number in late:
            verdicts.append(Conflict(newest=newest))
        elif number in conflicting:
            verdicts.append(Conflict())
        elif commit.events:
            position += len(commit.events)
            commit.moved_to = moved_to if number in overtaken else None
            verdicts.append(position)
        else:
            verdicts.append(None)
    return verdicts
