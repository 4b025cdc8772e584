"""Random histories of bills that cover others, and end: a credit is money that was paid there, and covers nothing."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import httpx
from hypothesis import strategies as st

from projections.reading import Freshness
from projections.report_reading import Reports, Snapshot
from projections.reports import REPORTS
from services.bootstrap import Service
from tests.properties import strategies
from tests.properties.acts import Act, PayAndState
from tests.properties.commands import AddBill, ChangeBill, Money, Transfer
from tests.properties.explained import check_explained
from tests.properties.feed_books import FeedBooks, grouped
from tests.properties.feed_facts import facts_of
from tests.properties.houses import House, Street
from tests.properties.playing import play_many
from tests.properties.report_answers import rows_of
from tests.properties.test_reports_against_the_feed import read_feed

HISTORIES = 40
DAY = timedelta(days=1)
REPORT = REPORTS["unallocated"]
money = st.builds(Money, st.just("CARD"), st.integers(1, 6))
bills = st.builds(
    AddBill, st.sampled_from(["FOLIO-1", "FOLIO-1", "FOLIO-2"]), st.just("HOTEL-1"), strategies.names,
    st.integers(0, 9), st.none() | st.none() | st.none() | st.integers(-3, 12), st.none(),
    st.lists(money, max_size=2).map(tuple), strategies.settlements,
)  # fmt: skip
moves = st.builds(Transfer, strategies.transferred_bills, st.sampled_from(strategies.FOLIOS[:3]), st.just("RES-1"))
cancellations = st.builds(ChangeBill, strategies.targets, st.none(), st.none(), st.none(), st.just(True))
lowerings = st.builds(ChangeBill, strategies.targets, st.none(), st.integers(0, 5), st.none(), st.just(False))
stated = st.builds(PayAndState, strategies.targets, money, st.sampled_from([0, 0, 4]))
acts: st.SearchStrategy[Act] = st.one_of(
    bills, bills, moves, moves, moves, strategies.settled, strategies.settled, strategies.paid, cancellations,
    cancellations, lowerings, strategies.changed_bills, strategies.deleted_bills, strategies.deleted_bills,
    strategies.ended_payments, stated,
)  # fmt: skip


async def check(snapshot: Snapshot, books: FeedBooks, seen: Counter[str]) -> None:
    """Every grouping is what the model says and its events add up to, and no credit is more than the money there."""
    entries, paid, came_back = books.entries("unallocated"), books.money(), books.came_back()
    for grouping, columns in REPORT.groupings.items():
        rows, keys = await rows_of(snapshot, REPORT, grouping), [column.name for column in columns]
        said = {tuple(row[key] for key in keys): (row["bills"], row["credit"]) for row in rows}
        sums = grouped(entries, keys, ["bills", "credit"])
        nothing = {} if keys else {(): (0, 0)}
        assert said == nothing | {key: tuple(each.values()) for key, each in sums.items()}
        await check_explained(snapshot, REPORT, grouping, rows)
    for row in await rows_of(snapshot, REPORT, "bill"):
        assert 0 < row["credit"] <= paid[row["bill_id"]]
        seen.update([row["why"], "came back"] if came_back[row["bill_id"]] else [row["why"]])


async def test_credits_of_any_history_are_money_that_was_paid_there_and_covers_nothing(
    service: Service, client: httpx.AsyncClient
) -> None:
    street, reports, seen, after = Street(), Reports(service.conninfo, service.reader), Counter[str](), 0

    async def play(number: int, sequence: Sequence[Act]) -> None:
        nonlocal after
        house: House = street.open(number)
        house.play(sequence)
        await house.append_to(service)
        feed, after = await read_feed(client, after)
        last = house.hotel.now.date() + DAY
        for accommodation_id, facts in facts_of(feed).items():
            async with reports.snapshot(accommodation_id, last, last, Freshness()) as snapshot:
                await check(snapshot, FeedBooks(facts, last, last), seen)

    await play_many(HISTORIES, play, acts)
    assert min(seen[word] for word in ("OVERPAID", "CANCELLED", "TRANSFERRED", "came back")) > HISTORIES // 5, seen
