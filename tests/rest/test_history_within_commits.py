"""Looking back while the read models stand inside a commit, and while a commit is on its way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg
import pytest

from services.bootstrap import Service
from tests.collection.front import Front, open_front
from tests.conftest import Desk
from tests.rest.past import history, lively_folio
from tests.rest.support import line
from tests.rest.test_history_of_requests import paid_by_callback

FOLIO = "/v1/folios/FOLIO-1"
LATER = "2999-01-01T00:00:00Z"
STAND_AT = "UPDATE read_model.positions SET notification_id = %s"


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves reading the inbox to the test."""
    async with open_front(database) as opened:
        yield opened


async def check_every_cut(service: Service, desk: Desk, *folios: str) -> None:
    """With the read models at any position, a history is the same one up to there."""
    whole = {path: await history(desk.client, path) for path in folios}
    head = await service.store.position()
    await service.runner.close()
    with psycopg.connect(service.conninfo, autocommit=True) as connection:
        for position in range(head + 1):
            connection.execute(STAND_AT, (position,))
            for path, entries in whole.items():
                shown = await history(desk.client, path, consistency="eventual")
                assert shown == [entry for entry in entries if entry["position"] <= position], (path, position)
                for query in ("/explain", f"/explain?position={position}", f"?position={position}&effectiveAt={LATER}"):
                    eventual = "&consistency=eventual" if "?" in query else "?consistency=eventual"
                    answer = await desk.client.get(path + query + eventual)
                    expected = 200 if any(entry["position"] <= position for entry in entries) else 404
                    assert answer.status_code == expected, line(answer)


async def test_entries_keep_their_links_though_the_read_models_stand_inside_a_commit(
    service: Service, desk: Desk
) -> None:
    await lively_folio(desk)
    await check_every_cut(service, desk, FOLIO, "/v1/folios/FOLIO-2")


async def test_entries_keep_their_callbacks_though_the_read_models_stand_inside_a_commit(front: Front) -> None:
    await paid_by_callback(front)
    await check_every_cut(front.service, front.desk, FOLIO)


async def test_up_to_a_position_nothing_comes_later_though_a_commit_is_on_its_way(service: Service, desk: Desk) -> None:
    bill = await desk.add_bill(total=100)
    newest = (await history(desk.client, FOLIO))[-1]["recordedAt"]
    with psycopg.connect(service.conninfo) as connection:
        connection.execute("SELECT FROM ledger.log_head FOR UPDATE")
        paying = asyncio.create_task(desk.pay(bill, 30, applyToBalance=True))
        await asyncio.sleep(0.2)  # it is decided now, and waits for the end of the log
        asked_at = datetime.now(UTC).isoformat()
        early = await desk.client.get(FOLIO, params={"at": asked_at})
        connection.rollback()
    await paying
    assert (await history(desk.client, FOLIO))[-1]["recordedAt"] < asked_at
    late = desk.expect(200, await desk.client.get(FOLIO, params={"at": asked_at}))
    assert (desk.expect(200, early)["balanceAmount"], late["balanceAmount"]) == (100, 70), "as the description says"
    for stable in ({"position": early.headers["Folio-Position"]}, {"at": newest}):
        assert desk.expect(200, await desk.client.get(FOLIO, params=stable)) == early.json()
