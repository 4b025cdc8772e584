"""Random histories: whatever happens after a day was closed, no report of a closed period ever changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from projections.reading import Freshness
from projections.report_reading import Reports, Snapshot
from services.bootstrap import Service
from tests.properties.acts import Act, CloseDays, acts_with_corrections
from tests.properties.houses import Street
from tests.properties.playing import play_many
from tests.properties.report_answers import Answers, all_events, all_rows

HISTORIES = 16
PARTS = 3
"""Days are closed after each but the last."""
CLOSE = (CloseDays("HOTEL-1"), CloseDays("HOTEL-2"))


@dataclass(frozen=True)
class Said:
    """What reports of a period say, but for the position in their heads."""

    currency: str
    rows: Answers
    events: Answers


@dataclass(frozen=True)
class Closed:
    """A closed period of an accommodation, and what was said of it when it was closed."""

    accommodation_id: str
    first: date
    last: date
    position: int
    said: Said


async def said_in(snapshot: Snapshot) -> Said:
    """All that reports say."""
    return Said(snapshot.currency, await all_rows(snapshot), await all_events(snapshot))


async def test_no_report_of_a_closed_period_changes_whatever_happens_later(service: Service) -> None:
    reports, street = Reports(service.conninfo, service.reader), Street()
    seen, later = Counter[str](), 0

    async def ask(accommodation_id: str, first: date, last: date) -> Closed:
        async with reports.snapshot(accommodation_id, first, last, Freshness()) as snapshot:
            return Closed(accommodation_id, first, last, snapshot.position, await said_in(snapshot))

    async def play(number: int, sequence: Sequence[Act]) -> None:
        nonlocal later
        house, kept = street.open(number), list[Closed]()
        for part in range(PARTS):
            house.play(sequence[part * len(sequence) // PARTS : (part + 1) * len(sequence) // PARTS])
            house.play(CLOSE if part < PARTS - 1 else ())
            newest = await house.append_to(service)
            for accommodation_id in house.accommodations if part < PARTS - 1 else ():
                last = house.closed_through(accommodation_id)
                kept += [await ask(accommodation_id, first, last) for first in (house.opened, last)]
        for then in kept:
            now = await ask(then.accommodation_id, then.first, then.last)
            assert (now.position, now.said.currency) == (newest, then.said.currency)
            later += now.position - then.position
            for key, rows in then.said.rows.items():
                assert now.said.rows[key] == rows, (key, then, now.position)
                assert now.said.events[key] == then.said.events[key], (key, then, now.position)
                seen[key[0]] += bool(rows)

    await play_many(HISTORIES, play, acts_with_corrections)
    assert min(seen.values()) > HISTORIES // 4, seen
    assert later > 50 * HISTORIES
