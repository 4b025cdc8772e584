"""A report is not answered while an event of its house could not be taken; those of other houses are."""

import httpx
import psycopg
import pytest

from projections import following
from services.bootstrap import Service
from tests.conftest import Desk
from tests.rest.report_house import REPORTS, WEEK, busy_house
from tests.rest.support import expect_problem

OTHER = "/v1/accommodations/HOTEL-2/reports"
UNREADABLE = """
    UPDATE ledger.log_head SET position = position + 1;
    INSERT INTO ledger.events (notification_id, originator_id, originator_version, topic, state, recorded_at)
    SELECT position, '{stream}', 99, 'bill.of_tomorrow', '{state}', recorded_at FROM ledger.log_head
"""
PARKED = """
    INSERT INTO read_model.parked (read_model, position, folio, reason) VALUES ('{read_model}', 1, '{what}', 'poison')
"""


def change(service: Service, statements: str) -> None:
    """Change the database as the service never would."""
    with psycopg.connect(service.conninfo, autocommit=True) as connection:
        connection.execute(statements.encode())


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAUSE_SECONDS", 0.001)


async def asked(client: httpx.AsyncClient, reports: str, **given: str) -> httpx.Response:
    return await client.get(f"{reports}/revenue", params={**WEEK, **given})


async def test_an_event_that_cannot_be_read_holds_the_reports_of_its_house(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    room = await busy_house(desk)
    before = (await asked(client, REPORTS)).headers["Folio-Position"]
    change(service, UNREADABLE.format(stream=room["id"], state='{"folio_id":"F-1"}'))
    held = str(int(before) + 1)
    problem = expect_problem(await asked(client, REPORTS), 503, "NOT_CAUGHT_UP")
    assert f"What happened on F-1 from position {held} of the log on" in problem["detail"]
    for name in ("outstanding", "daily-takings", "payments"):
        expect_problem(await client.get(f"{REPORTS}/{name}", params=WEEK), 503, "NOT_CAUGHT_UP")
    expect_problem(await asked(client, REPORTS, position=held), 503, "NOT_CAUGHT_UP")
    for answer in (
        await asked(client, OTHER),
        await asked(client, REPORTS, consistency="eventual"),
        await asked(client, REPORTS, position=before),
    ):
        assert answer.status_code == 200, answer.text


async def test_what_waits_is_of_the_house_of_its_folio_its_request_or_its_own(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    await busy_house(desk)
    cases = {"G-1": 503, "accommodation/HOTEL-2": 503, "F-1": 200, "accommodation/HOTEL-1": 200, "unknown": 503}
    for what, status in cases.items():
        change(service, PARKED.format(read_model="house_entries", what=what))
        assert (await asked(client, OTHER)).status_code == status, what
        assert (await asked(client, REPORTS)).status_code == (503 if what == "unknown" else 703 - status), what
        change(service, "DELETE FROM read_model.parked")
    change(service, PARKED.format(read_model="bills", what="F-1"))
    assert (await asked(client, REPORTS)).status_code == 200, "no report is made of that read model"
