"""Queries: fresh unless asked otherwise, never later than two seconds, and always saying which position."""

import asyncio

import httpx
import psycopg
import pytest

from projections import reading
from projections.reading import FRESH_SECONDS_MAX, Freshness, NotCaughtUp, Reader
from projections.runner import Runner
from services.bootstrap import CODEC, READ_MODELS, Service
from tests.conftest import Desk

FAR = "1000000"


@pytest.fixture
async def still(service: Service) -> Service:
    """A service whose read models stand still."""
    await service.runner.close()
    return service


async def start(runner: Runner, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await runner.start()


async def queries(desk: Desk) -> list[str]:
    """A path for every query there is."""
    bill = await desk.add_bill()
    payment = await desk.pay(bill, 1)
    return [
        "/v1/accommodations/HOTEL-1",
        "/v1/accommodations/HOTEL-1/bills",
        "/v1/folios/FOLIO-1",
        "/v1/folios/FOLIO-1?position=3",
        f"/v1/bills/{bill['id']}",
        f"/v1/bills/{bill['id']}/payments",
        f"/v1/payments/{payment['id']}",
    ]


async def test_every_query_says_which_position_it_answers_from(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    for path in await queries(desk):
        head = await service.store.position()
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Folio-Position"] == ("3" if "position=" in path else str(head))
        await desk.add_bill("FOLIO-2", 1)


async def test_a_query_waits_for_what_was_committed_before_it(
    desk: Desk, client: httpx.AsyncClient, still: Service
) -> None:
    paths = await queries(desk)
    head = await still.store.position()
    starting = asyncio.create_task(start(still.runner, 0.2))
    for answer in await asyncio.gather(*(client.get(path) for path in paths)):
        assert answer.status_code == 200
        assert answer.headers["Folio-Position"] == ("3" if "position=3" in str(answer.url) else str(head))
    await starting


async def test_a_query_that_waited_two_seconds_in_vain_says_so(
    desk: Desk, client: httpx.AsyncClient, still: Service
) -> None:
    loop = asyncio.get_running_loop()
    paths = await queries(desk)
    began = loop.time()
    answers = await asyncio.gather(*(client.get(path) for path in paths))
    waited = loop.time() - began
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "NOT_CAUGHT_UP"), str(answer.url)
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert FRESH_SECONDS_MAX * 0.9 < waited < FRESH_SECONDS_MAX * 4


async def test_a_query_that_asks_for_no_freshness_waits_for_nothing(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    paths = await queries(desk)
    head = (await client.get(paths[0])).headers["Folio-Position"]
    await service.runner.close()
    await desk.add_bill("FOLIO-1", 1)
    async with asyncio.timeout(FRESH_SECONDS_MAX):  # any of them that waited would alone take as long
        for path in paths:
            answer = await client.get(path + ("&" if "?" in path else "?") + "consistency=eventual")
            assert answer.status_code == 200
            assert answer.headers["Folio-Position"] == ("3" if "position=" in path else head)
    folio = await client.get("/v1/folios/FOLIO-1?consistency=eventual")
    assert len(folio.json()["bills"]) == 1


@pytest.mark.parametrize("query", ["", "?consistency=eventual"])
async def test_a_position_beyond_the_log_is_waited_for_and_then_refused(
    desk: Desk, client: httpx.AsyncClient, service: Service, query: str
) -> None:
    loop = asyncio.get_running_loop()
    await desk.add_bill()
    began = loop.time()
    answer = await client.get(f"/v1/folios/FOLIO-1{query}", headers={"Folio-Min-Position": FAR})
    waited = loop.time() - began
    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_CAUGHT_UP")
    assert answer.headers["Retry-After"] == "1"
    assert FRESH_SECONDS_MAX * 0.9 < waited < FRESH_SECONDS_MAX * 4


async def test_a_position_that_comes_while_the_query_waits_is_answered(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    await desk.add_bill()
    wanted = await service.store.position() + 1
    waiting = asyncio.create_task(client.get("/v1/folios/FOLIO-1", headers={"Folio-Min-Position": str(wanted)}))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await desk.add_bill()
    answer = await waiting
    assert (answer.status_code, len(answer.json()["bills"])) == (200, 2)
    assert answer.headers["Folio-Position"] == str(wanted)


async def test_the_position_of_a_command_is_enough_to_see_it(desk: Desk, client: httpx.AsyncClient) -> None:
    for number in range(1, 6):
        body = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": number}
        done = await client.post("/v1/folios/FOLIO-1/bills", json=body)
        headers = {"Folio-Min-Position": done.headers["Folio-Position"]}
        answer = await client.get("/v1/folios/FOLIO-1?consistency=eventual", headers=headers)
        assert len(answer.json()["bills"]) == number


async def test_an_instance_that_does_not_follow_itself_answers_from_what_another_one_wrote(
    desk: Desk, service: Service
) -> None:
    await desk.bill((await desk.add_bill())["id"])
    idle = Reader(service.pool, Runner(service.conninfo, READ_MODELS, CODEC, service.listener))
    answer = await idle.query("SELECT count(*) AS bills FROM read_model.bills", {}, Freshness())
    assert (answer.rows, answer.position) == ([{"bills": 1}], await service.store.position())


async def test_rows_and_position_are_of_one_snapshot(desk: Desk, service: Service) -> None:
    statement = "SELECT coalesce(max(added_position), 0) AS newest FROM read_model.bills"

    async def post() -> None:
        for _ in range(60):
            await desk.add_bill(total=1)

    posting = asyncio.gather(post(), post())
    while not posting.done():
        answer = await service.reader.query(statement, {}, Freshness(eventual=True))
        assert answer.rows[0]["newest"] <= answer.position
        await asyncio.sleep(0)
    await posting


async def test_standing_still_is_told_by_the_one_that_waits(still: Service, desk: Desk) -> None:
    await desk.add_bill()
    with pytest.raises(NotCaughtUp, match=r"at position 0 of the log, \d+ is wanted"):
        await still.reader.query("SELECT 1", {}, Freshness())


async def test_a_service_whose_read_models_stand_far_behind_is_not_ready(
    client: httpx.AsyncClient, still: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/health/ready")).status_code == 200
    with psycopg.connect(still.conninfo, autocommit=True) as connection:
        connection.execute("UPDATE ledger.log_head SET position = position + 20000")
    behind = await client.get("/health/ready")
    assert (behind.status_code, behind.headers["Retry-After"]) == (503, "1")
    assert "20000 events behind" in behind.json()["detail"]


async def test_a_bill_that_nothing_newer_is_about_is_current_though_others_are_not(
    desk: Desk, client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FRESH_SECONDS_MAX", 0.2)
    untouched, changed = await desk.add_bill(), await desk.add_bill()
    assert await desk.bill(changed["id"])
    await service.runner.close()
    await desk.pay(changed, 1)
    head = await service.store.position()
    shown = await client.get(f"/v1/bills/{untouched['id']}", headers={"Folio-Min-Position": str(head)})
    assert desk.expect(200, shown) == untouched
    assert shown.headers["Folio-Position"] == str(head)
    for path in (f"/v1/bills/{changed['id']}", "/v1/folios/FOLIO-1"):
        assert desk.expect(503, await client.get(path))["code"] == "NOT_CAUGHT_UP"
    later = await client.get(f"/v1/bills/{untouched['id']}", headers={"Folio-Min-Position": str(head + 1)})
    assert desk.expect(503, later)["code"] == "NOT_CAUGHT_UP"
