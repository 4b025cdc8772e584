"""What one command stores, and how several go to the database in one call and come back with a verdict each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from eventsourcing.persistence import StoredEvent

from services.billing.ports import Conflict, KeptOutcome, KeyTaken

APPEND_TOGETHER = """
    SELECT first_position, newest, late, conflicting, taken FROM ledger.append_together(
        %(members)s::int[], %(stream_ids)s::text[], %(versions)s::bigint[], %(topics)s::text[], %(states)s::bytea[],
        %(recorded_ats)s::timestamptz[], %(alias_members)s::int[], %(aliases)s::text[], %(alias_streams)s::text[],
        %(key_members)s::int[], %(holders)s::text[], %(keys)s::text[], %(fingerprints)s::bytea[],
        %(outcomes)s::bytea[], %(read_members)s::int[], %(read_streams)s::text[], %(read_versions)s::bigint[],
        interval '1 second')
"""

Verdict = int | Exception | None
"""The position of a commit's last event, None without events; Conflict or KeyTaken when nothing of it is stored."""


@dataclass
class Commit:
    """Everything that one command stores; `reads` are streams that it rests on besides, with their versions."""

    events: Sequence[StoredEvent]
    recorded_ats: Sequence[datetime]
    aliases: Mapping[str, str] = field(default_factory=dict)
    outcomes: Sequence[KeptOutcome] = ()
    reads: Mapping[str, int] = field(default_factory=dict)


def parameters_of(commits: Sequence[Commit]) -> dict[str, list[Any]]:
    """The parameters of APPEND_TOGETHER, the commits numbered from 0."""
    events = [(number, event) for number, commit in enumerate(commits) for event in commit.events]
    aliases = [(number, *item) for number, commit in enumerate(commits) for item in commit.aliases.items()]
    outcomes = [(number, outcome) for number, commit in enumerate(commits) for outcome in commit.outcomes]
    reads = [(number, *item) for number, commit in enumerate(commits) for item in commit.reads.items()]
    return {
        "members": [number for number, _ in events],
        "stream_ids": [event.originator_id for _, event in events],
        "versions": [event.originator_version for _, event in events],
        "topics": [event.topic for _, event in events],
        "states": [event.state for _, event in events],
        "recorded_ats": [moment for commit in commits for moment in commit.recorded_ats],
        "alias_members": [number for number, _, _ in aliases],
        "aliases": [alias for _, alias, _ in aliases],
        "alias_streams": [stream for _, _, stream in aliases],
        "key_members": [number for number, _ in outcomes],
        "holders": [outcome.holder for _, outcome in outcomes],
        "keys": [outcome.key for _, outcome in outcomes],
        "fingerprints": [outcome.fingerprint for _, outcome in outcomes],
        "outcomes": [outcome.outcome for _, outcome in outcomes],
        "read_members": [number for number, _, _ in reads],
        "read_streams": [stream for _, stream, _ in reads],
        "read_versions": [version for _, _, version in reads],
    }


def verdicts_of(commits: Sequence[Commit], row: tuple[Any, ...] | None) -> list[Verdict]:
    """What APPEND_TOGETHER says of each commit."""
    assert row is not None
    position, newest, late, conflicting, taken = row
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
            verdicts.append(position)
        else:
            verdicts.append(None)
    return verdicts
