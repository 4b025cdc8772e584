"""Random histories: any report at any position is what it was then, what it is rebuilt to, and what its events say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from projections.reading import Freshness
from projections.report_reading import Reports
from projections.reports import REPORTS
from services.bootstrap import Service
from tests.properties.acts import Act, acts_with_guests
from tests.properties.explained import check_explained, check_payments
from tests.properties.houses import Street
from tests.properties.playing import play_many
from tests.properties.rebuilding import rebuild
from tests.properties.report_answers import Answers, all_rows

HISTORIES = 12
PARTS = 2
DAY = timedelta(days=1)


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
            check_payments(answers)
        self.seen.update(name for (name, grouping), rows in answers.items() if rows and "total" not in grouping)
        self.kept.append(Recorded(accommodation_id, first, last, position, answers))

    async def check(self) -> None:
        """Every position must answer as it did then."""
        for then in self.kept:
            asked = (then.accommodation_id, then.first, then.last, Freshness(), then.position)
            async with self._reports.snapshot(*asked) as snapshot:
                now = await all_rows(snapshot)
            for key, rows in then.answers.items():
                assert now[key] == rows, (key, then)


async def test_any_report_adds_up_and_answers_for_any_position_as_it_did_then_however_often_it_is_rebuilt(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, street = Record(service), Street()

    async def play(number: int, sequence: Sequence[Act]) -> None:
        house = street.open(number)
        for part in range(PARTS):
            house.play(sequence[part * len(sequence) // PARTS : (part + 1) * len(sequence) // PARTS])
            position = await house.append_to(service)
            for accommodation_id in house.accommodations:
                first = house.opened + (number + part) % 3 * DAY
                await record.take(accommodation_id, first, max(first, house.hotel.now.date()), position)

    await play_many(HISTORIES, play, acts_with_guests)
    assert min(record.seen[name] for name in REPORTS) > HISTORIES // 4, record.seen
    await record.check()
    await service.runner.close()
    for batch_events in (500, 23):
        await rebuild(service.conninfo, batch_events, monkeypatch)
        await record.check()
