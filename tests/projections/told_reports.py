"""Reports of a house whose history is made in memory, where days pass, and appended to the log of a service."""

from collections.abc import Mapping
from datetime import date

from projections.reading import Freshness
from projections.report_reading import Reports
from projections.reports import REPORTS
from services.bootstrap import Service
from tests.properties.explained import check_explained
from tests.properties.houses import BEGINNING, House
from tests.properties.report_answers import Rows, rows_of

FIRST = BEGINNING.date()


async def told(service: Service, house: House, name: str, last: date) -> Mapping[str, Rows]:
    """The rows of a report of HOTEL-1 until a day, by grouping; each of them must be what its events add up to."""
    await house.append_to(service)
    report = REPORTS[name]
    async with Reports(service.conninfo, service.reader).snapshot("HOTEL-1", FIRST, last, Freshness()) as snapshot:
        answers = {grouping: await rows_of(snapshot, report, grouping) for grouping in report.groupings}
        for grouping, rows in answers.items():
            await check_explained(snapshot, report, grouping, rows)
    return answers
