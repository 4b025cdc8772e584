"""An independent oracle: random histories, exported, balance in `hledger` to the won as the reports say."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from projections.reading import Freshness
from projections.report_reading import Reports, Snapshot
from projections.reports import REPORTS
from services.bootstrap import Service
from services.desk.hledger import folio_account, journal
from tests.properties.acts import Act, acts
from tests.properties.hledger_balances import Book, books_of
from tests.properties.houses import Street
from tests.properties.playing import play_many
from tests.properties.report_answers import Rows, rows_of

HISTORIES = 105
TOGETHER = 10
"""Histories in one journal."""
DAY = timedelta(days=1)
BALANCE, OUTSTANDING = REPORTS["ledger-balance"], REPORTS["outstanding"]
DIGITS = {"KRW": 0, "USD": 2}

needs_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None, reason="the Debian package hledger is not installed"
)


@dataclass(frozen=True)
class Exported:
    """The journal of an accommodation and period, and what the reports say of it.

    `whole` is the journal from the house's opening on.
    """

    journal: str
    whole: str
    unit: Decimal
    first: date
    last: date
    by_day: Rows
    by_folio: Rows
    by_both: Rows
    outstanding: Rows


async def exported(snapshot: Snapshot, whole: str, accommodation_id: str, first: date, last: date) -> Exported:
    """All of it from one snapshot."""
    text = await written(snapshot, accommodation_id, first, last)
    by_day, by_folio, by_both = [await rows_of(snapshot, BALANCE, each) for each in ("day", "folio", "folio,day")]
    outstanding = await rows_of(snapshot, OUTSTANDING, "folio")
    unit = Decimal(1).scaleb(-DIGITS[snapshot.currency])
    return Exported(text, whole, unit, first, last, by_day, by_folio, by_both, outstanding)


async def written(snapshot: Snapshot, accommodation_id: str, first: date, last: date) -> str:
    """The journal."""
    return "".join([each async for each in journal(snapshot, accommodation_id, first, last)])


class Oracle:
    """Compares what is exported with what hledger makes of it, many at once."""

    def __init__(self, folder: Path) -> None:
        self.seen: Counter[str] = Counter()
        self._waiting: list[Exported] = []
        self._file = folder / "together.journal"

    def take(self, export: Exported) -> None:
        """Compare it, with the next ones."""
        self._waiting.append(export)
        self.seen.update(word for word in KINDS if word in export.journal)

    def compare(self) -> None:
        """Compare what waits."""
        exports, self._waiting = self._waiting, []
        journals = {f"H{number}": each.journal for number, each in enumerate(exports)}
        journals |= {f"W{number}": each.whole for number, each in enumerate(exports)}
        begins, ends = min(each.first for each in exports) - DAY, max(each.last for each in exports)
        books = books_of(journals, begins, ends, self._file)
        for number, export in enumerate(exports):
            self._check(books[f"H{number}"], export)
            self._check_openings(books[f"H{number}"], books[f"W{number}"], export.first - DAY)

    def _check(self, book: Book, export: Exported) -> None:
        unit, eve = export.unit, export.first - DAY
        for row in export.by_day:
            day = row["business_date"]
            assert sum(book.holdings("assets:folio", day - DAY).values()) == row["opening"] * unit, (
                day,
                export.journal,
            )
            assert sum(book.holdings("assets:folio", day).values()) == row["closing"] * unit, (day, export.journal)
            took = book.change("assets:takings", day) + book.change("liabilities:unapplied", day)
            assert took == row["payments"] * unit, (day, export.journal)
            for column, account in FLOWS.items():
                assert -book.change(account, day) == row[column] * unit, (day, column, export.journal)
        for row in export.by_both:
            account, day = folio_account(row["folio_id"]), row["business_date"]
            assert book.held[day].get(account, 0) == row["closing"] * unit, (day, export.journal)
            assert book.held[day - DAY].get(account, 0) == row["opening"] * unit, (day, export.journal)
        self._check_folios(book.holdings("assets:folio", eve), export.by_folio, "opening", unit)
        self._check_folios(book.holdings("assets:folio", export.last), export.by_folio, "closing", unit)
        self._check_folios(book.holdings("assets:folio", export.last), export.outstanding, "balance", unit)

    def _check_openings(self, book: Book, whole: Book, eve: date) -> None:
        """A period opens with what the days before it have left."""
        for account in ("assets:folio", "liabilities:unapplied"):
            assert book.holdings(account, eve) == whole.holdings(account, eve)
            self.seen[f"opening {account}"] += len(book.holdings(account, eve))

    def _check_folios(self, held: dict[str, Decimal], rows: Rows, column: str, unit: Decimal) -> None:
        said = {folio_account(row["folio_id"]): row[column] * unit for row in rows if row[column]}
        assert held == said
        self.seen[column] += len(said)


FLOWS = {
    "charges": "revenue:charges",
    "transfers": "equity:transfers",
    "settlements": "equity:settlements",
    "adjustments": "equity:adjustments",
}
KINDS = (
    *FLOWS.values(), "liabilities:unapplied", "bill.updated", "bill.cancelled", "bill.deleted", "bill.transferred",
    "bill.settled", "payment.updated", "payment.cancelled", "payment.deleted",
)  # fmt: skip
SEEN = (*KINDS, "opening", "closing", "balance", "opening assets:folio", "opening liabilities:unapplied")
"""What must have been among what was compared."""


@needs_hledger
async def test_hledger_balances_any_history_by_folio_and_day_as_the_reports_do(
    service: Service, tmp_path: Path
) -> None:
    reports, oracle, street = Reports(service.conninfo, service.reader), Oracle(tmp_path), Street()

    async def play(number: int, sequence: Sequence[Act]) -> None:
        house = street.open(number)
        house.play(sequence)
        await house.append_to(service)
        first = house.opened + number % 4 * DAY
        last = max(house.hotel.now.date(), house.opened + 4 * DAY) - number % 3 * DAY
        for accommodation_id in house.accommodations:
            asked = (accommodation_id, house.opened - 2 * DAY, last, Freshness())
            async with reports.snapshot(*asked) as snapshot:
                whole = await written(snapshot, *asked[:3])
            async with reports.snapshot(accommodation_id, first, last, Freshness()) as snapshot:
                oracle.take(await exported(snapshot, whole, accommodation_id, first, last))
        if number % TOGETHER == 0:
            oracle.compare()

    await play_many(HISTORIES, play, acts)
    oracle.compare()
    assert min(oracle.seen[word] for word in SEEN) > HISTORIES // 10, oracle.seen
