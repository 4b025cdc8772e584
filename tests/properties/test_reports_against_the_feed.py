"""Random histories: reports say what a small model makes of the feed's events in plain Python."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import httpx

from projections.reading import Freshness
from projections.report_reading import Reports, Snapshot
from projections.reports import REPORTS
from services.bootstrap import Service
from tests.properties.acts import Act, acts_with_corrections
from tests.properties.feed_books import FeedBooks, conversion, grouped, seconds_to_pay
from tests.properties.feed_facts import Event, facts_of
from tests.properties.houses import House, Street
from tests.properties.playing import play_many
from tests.properties.report_answers import rows_of

HISTORIES = 50
DAY = timedelta(days=1)
AHEAD = (-1, 0, 6, 29)
"""How many days after the newest event a period ends: what is owed is at the limits of its ages then."""
MODELLED = (
    "daily-takings", "revenue", "unallocated", "outstanding", "balance-drift", "activity", "payment-requests",
    "provider-reconciliation",
)  # fmt: skip
RARE = ("provider-reconciliation", "payments of earlier days", "payments by another method")
"""The provider and the books agree as a rule, and payments stay as they were."""


async def read_feed(client: httpx.AsyncClient, after: int) -> tuple[list[Event], int]:
    """Every event after a position, in order; and the position reached."""
    events: list[Event] = []
    while True:
        answer = await client.get("/v1/events", params={"after": after, "limit": 500})
        page = answer.json()
        events += page["items"]
        after = page["next"]
        if after >= page["head"]:
            return events, after


async def check(snapshot: Snapshot, books: FeedBooks, seen: Counter[str]) -> None:
    """Every grouping of every modelled report, and the lists of movements and payments."""
    for name in MODELLED:
        report, entries = REPORTS[name], books.entries(name)
        adding = [column.name for column in report.columns if column.adds or column.name == "bills"]
        seen[name] += len(entries)
        for grouping, columns in report.groupings.items():
            keys = [column.name for column in columns]
            rows = await rows_of(snapshot, report, grouping)
            said = {tuple(row[key] for key in keys): {column: row[column] for column in adding} for row in rows}
            nothing = {(): dict.fromkeys(adding, 0)} if said and not keys else {}
            made = grouped(entries, keys, adding)
            if name == "daily-takings":
                made = {key: figures for key, figures in made.items() if any(figures.values())}
            assert said == nothing | made, (name, grouping, snapshot.position)
            for row in rows if name == "payment-requests" else ():
                of_row = [entry for entry in entries if not keys or entry["business_date"] == row["business_date"]]
                assert row["conversion"] == conversion(row["sent"], row["paid_of_sent"])
                assert row["seconds_to_pay"] == seconds_to_pay(of_row)
    movements = await rows_of(snapshot, REPORTS["movements"], "movement")
    assert movements == books.movements()
    payments = await rows_of(snapshot, REPORTS["payments"], "payment")
    assert payments == books.payments()
    seen.update({"movements": len(movements), "payments": len(payments)})
    seen["payments of earlier days"] += sum(row["business_date"] < books.first for row in payments)
    seen["payments by another method"] += sum(row["status"] == "CORRECTED" for row in payments)


async def test_reports_of_any_history_are_what_the_events_of_the_feed_make(
    service: Service, client: httpx.AsyncClient
) -> None:
    street, reports, seen, after = Street(), Reports(service.conninfo, service.reader), Counter[str](), 0

    async def play(number: int, sequence: Sequence[Act]) -> None:
        nonlocal after
        house: House = street.open(number)
        house.play(sequence)
        await house.append_to(service)
        feed, after = await read_feed(client, after)
        first = house.opened + number % 3 * DAY
        last = max(first, house.hotel.now.date() + AHEAD[number % len(AHEAD)] * DAY)
        for accommodation_id, facts in facts_of(feed).items():
            async with reports.snapshot(accommodation_id, first, last, Freshness()) as snapshot:
                await check(snapshot, FeedBooks(facts, first, last), seen)

    await play_many(HISTORIES, play, acts_with_corrections)
    assert min(seen.pop(rare) for rare in RARE) > HISTORIES // 10, seen
    assert min(seen.values()) > HISTORIES // 2, seen
