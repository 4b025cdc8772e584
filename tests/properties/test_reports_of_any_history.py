"""Random histories: every report at every position is what it was, what it is rebuilt to, and what its events add up to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from projections.reading import Freshness
from projections.report import Report
from projections.report_reading import Reports, Snapshot
from projections.reports import REPORTS
from services.bootstrap import Service
from tests.properties.acts import Act, acts
from tests.properties.houses import BEGINNING, HOUR, House
from tests.properties.playing import play_many
from tests.properties.rebuilding import rebuild
from tests.properties.report_answers import Rows, events_of, rows_of

HISTORIES = 24
PARTS = 3

Answers = Mapping[tuple[str, str], Rows]
"""What every report answers, by its name and grouping."""


@dataclass(frozen=True)
class Recorded:
    """What was answered for an accommodation and period when the log had reached a position."""

    accommodation_id: str
    first: date
    last: date
    position: int
    answers: Answers


class Record:
    """Asks every report in every grouping, and keeps what it answers."""

    def __init__(self, service: Service) -> None:
        self.kept: list[Recorded] = []
        self.seen: Counter[str] = Counter()
        self._reports = Reports(service.conninfo, service.reader)

    async def take(self, accommodation_id: str, first: date, last: date, position: int) -> None:
        """Keep what is answered now, when the log has reached this position; all of it must add up."""
        async with self._reports.snapshot(accommodation_id, first, last, Freshness()) as snapshot:
            assert snapshot.position == position
            answers = await all_rows(snapshot)
            for report in REPORTS.values():
                for grouping in report.groupings:
                    await check_explained(snapshot, report, grouping, answers[report.name, grouping])
        for (name, _), rows in answers.items():
            self.seen[name] += bool(rows)
            assert not any(row["difference"] for row in rows if "difference" in row and name == "ledger-balance")
        self.kept.append(Recorded(accommodation_id, first, last, position, answers))

    async def check(self) -> None:
        """Every position must answer as it did then."""
        for then in self.kept:
            asked = (then.accommodation_id, then.first, then.last, Freshness(), then.position)
            async with self._reports.snapshot(*asked) as snapshot:
                now = await all_rows(snapshot)
            for key, rows in then.answers.items():
                assert now[key] == rows, (key, then)


async def all_rows(snapshot: Snapshot) -> Answers:
    """What every report answers in every grouping."""
    return {
        (report.name, grouping): await rows_of(snapshot, report, grouping)
        for report in REPORTS.values()
        for grouping in report.groupings
    }


async def check_explained(snapshot: Snapshot, report: Report, grouping: str, rows: Rows) -> None:
    """The events of each row add up to it, and there are none of a row that is not there."""
    keys = [column.name for column in report.groupings[grouping]]
    adding = [column.name for column in report.columns if column.adds]
    events = await events_of(snapshot, report, grouping)
    said = {tuple(row[name] for name in keys): {name: row[name] for name in adding} for row in rows}
    assert len(said) == len(rows), (report.name, grouping)
    found = sums(events, keys, adding)
    for key in said.keys() | found.keys():
        assert found.get(key, dict.fromkeys(adding, 0)) == said.get(key, dict.fromkeys(adding, 0)), (
            report.name, grouping, key, rows, events,
        )  # fmt: skip
    assert [[each[name] for name in keys] for each in events if tuple(each[name] for name in keys) in said] == [
        list(key) for key in said for each in events if tuple(each[name] for name in keys) == key
    ], (report.name, grouping)
    if report.name == "ledger-balance":
        check_balances(rows, events, keys)


def sums(events: Rows, keys: Sequence[str], adding: Iterable[str]) -> dict[tuple[Any, ...], dict[str, int]]:
    """The amounts of events by their keys."""
    found: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(adding, 0))
    for event in events:
        of_key = found[tuple(event[name] for name in keys)]
        for name in adding:
            of_key[name] += event[name]
    return dict(found)


def check_balances(rows: Rows, events: Rows, keys: Sequence[str]) -> None:
    """An opening is the effects of all events of earlier days, a closing those of its own day as well."""
    for row in rows:
        of_row = [event for event in events if "folio_id" not in keys or event["folio_id"] == row["folio_id"]]
        opening = closing = 0
        for event in of_row:
            before = event["business_date"] < row["business_date"] if "business_date" in keys else event["before"]
            closing += event["balance_effect"] if before or _within(event, row) else 0
            opening += event["balance_effect"] if before else 0
        assert (opening, closing) == (row["opening"], row["closing"]), (keys, row)


def _within(event: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return "business_date" not in row or bool(event["business_date"] == row["business_date"])
