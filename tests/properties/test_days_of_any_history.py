"""Random histories: every event has the same business day in the history, in explanations and in reports."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import httpx

from projections.reading import Freshness
from projections.report_reading import Reports
from projections.reports import REPORTS
from services.billing.accommodation import Settings
from services.billing.business_day import FIRST_DAY, LAST_DAY, calendar_day
from services.bootstrap import Service
from tests.properties.acts import Act, acts_with_guests
from tests.properties.feed_facts import UNSEEN
from tests.properties.houses import Street
from tests.properties.playing import play_many
from tests.properties.report_answers import Rows, rows_of
from tests.rest.past import history

HISTORIES = 50
PAGE = 7
"""So short that pages begin and end between any events."""


async def reported(service: Service, accommodation_id: str) -> Rows:
    """Every event of an accommodation as the report on what was done lists it."""
    reports = Reports(service.conninfo, service.reader)
    async with reports.snapshot(accommodation_id, FIRST_DAY, LAST_DAY, Freshness()) as snapshot:
        return await rows_of(snapshot, REPORTS["activity"], "each")


def days_of(told: Sequence[dict[str, Any]]) -> dict[int, date]:
    """The business days of entries or items, by position."""
    return {each["position"]: date.fromisoformat(each["businessDate"]) for each in told}


async def test_every_event_is_told_of_the_day_that_reports_count_it_to(
    service: Service, client: httpx.AsyncClient
) -> None:
    street, seen = Street(), Counter[str]()

    async def play(number: int, sequence: Sequence[Act]) -> None:
        house = street.open(number)
        house.play(sequence)
        await house.append_to(service)
        for accommodation_id in house.accommodations:
            rows = await reported(service, accommodation_id)
            for folio in {row["folio_id"] for row in rows} - {None}:
                expected = {row["act"]: row["business_date"] for row in rows if row["folio_id"] == folio}
                path = f"/v1/folios/{folio}"
                entries = await history(client, path, limit=PAGE)
                days = days_of(entries)
                assert days_of([each for each in entries if each["event"] not in UNSEEN]) == expected
                assert all(earlier <= later for earlier, later in pairwise(days.values()))
                explained = days_of((await client.get(f"{path}/explain")).json()["items"])
                assert explained.items() <= days.items()
                seen.update(_against_default(entry) for entry in entries)

    await play_many(HISTORIES, play, acts_with_guests)
    assert min(seen[each] for each in ("later", "same", "earlier")) > HISTORIES // 2, seen


def _against_default(entry: dict[str, Any]) -> str:
    """Closings make a day later than it were by the default settings; only other zones and cut-off hours, earlier."""
    usual = str(calendar_day(datetime.fromisoformat(entry["recordedAt"]), Settings()))
    told = entry["businessDate"]
    return "later" if told > usual else "earlier" if told < usual else "same"
