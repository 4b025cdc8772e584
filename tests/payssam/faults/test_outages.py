"""The provider away, the points gone, our database away: a clear word meanwhile, and nothing lost after."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.store.embedded import EmbeddedPostgres, discard
from tests.payssam.faults.books import check_books
from tests.payssam.faults.town import POINTS, Provider, Town, open_town, until

MESSAGE_POINTS = 55


@pytest.fixture
async def town(tmp_path: Path, database: str) -> AsyncIterator[Town]:
    """A town whose provider keeps its books in a file, and is not there yet."""
    async with Town(database, tmp_path, Provider(tmp_path / "sandbox.db")) as opened:
        await opened.serve()
        yield opened


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A database that the test stops and starts."""
    owned = EmbeddedPostgres(tmp_path / "database")
    yield owned
    owned.stop()
    discard(tmp_path / "database")


async def test_a_request_made_while_the_provider_is_away_is_sent_once_when_it_is_back(town: Town) -> None:
    bill = await town.hotel.add_bill()
    waiting, given_up = await town.hotel.ask(bill), await town.hotel.ask(bill)

    async def both_tried() -> bool:
        requests = [await town.hotel.request(each) for each in (waiting, given_up)]
        assert {request["status"] for request in requests} == {"REQUESTED"}
        return all("connection" in (request["lastError"] or "") for request in requests)

    await until(both_tried, "both were tried")
    answer = await town.hotel.operate(given_up, "destroy")
    assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")
    assert (await town.hotel.client.get("/v1/payssam/points")).json()["code"] == "PROVIDER_UNAVAILABLE"

    await town.provider.open()
    await town.hotel.become(waiting, "SENT")
    assert (await town.hotel.operate(given_up, "destroy")).status_code == 200
    assert await town.provider.pay(waiting) == 200
    await town.hotel.become(waiting, "PAID")
    await town.reconcile()
    await check_books(town, "the provider was away")


async def test_without_points_a_request_is_refused_at_once_with_the_way_to_more_and_holds_no_money(town: Town) -> None:
    await town.provider.open(points=MESSAGE_POINTS)
    bill = await town.hotel.add_bill(total=2_000)
    sent = await town.hotel.ask(bill)
    await town.hotel.become(sent, "SENT")
    refused = await town.hotel.ask(bill)
    await town.hotel.become(refused, "REFUSED")
    assert "points" in (await town.hotel.request(refused))["lastError"]
    points = await town.hotel.get("/payssam/points")
    assert points["balance"] == 0
    assert points["chargeUrl"].startswith("http")

    await town.provider.order("/points", balance=POINTS)
    again = await town.hotel.ask(bill)
    await town.hotel.become(again, "SENT")
    assert await town.hotel.status(refused) == "REFUSED"
    await town.reconcile()
    await check_books(town, "the points ran out")


async def test_a_provider_that_restarts_with_its_books_has_lost_nothing(town: Town) -> None:
    await town.provider.open()
    bill = await town.hotel.add_bill()
    unpaid, paid, untold = [await town.hotel.ask(bill) for _ in range(3)]
    for each in (unpaid, paid, untold):
        await town.hotel.become(each, "SENT")
    await town.provider.order("/callbacks", mode="reorder", times=1)
    assert await town.provider.pay(paid) == 200
    await town.provider.order("/callbacks", mode="missing")
    assert await town.provider.pay(untold) == 200
    await town.provider.close()
    assert (await town.hotel.operate(paid, "refund")).status_code in {409, 503}
    assert (await town.hotel.operate(untold, "sync")).status_code == 503

    await town.provider.open()
    await town.hotel.become(paid, "PAID")  # the callback that was held comes after the restart
    assert (await town.hotel.operate(untold, "sync")).json()["status"] == "PAID"
    assert (await town.hotel.operate(paid, "refund")).json()["status"] == "REFUNDED"
    assert (await town.hotel.operate(unpaid, "destroy")).json()["status"] == "DESTROYED"
    await town.reconcile()
    await check_books(town, "the provider restarted")


async def test_callbacks_while_the_database_is_away_are_not_taken_and_come_again(
    tmp_path: Path, own_database: EmbeddedPostgres
) -> None:
    async with open_town(tmp_path, await asyncio.to_thread(own_database.start)) as town:
        bill = await town.hotel.add_bill()
        asked = [await town.hotel.ask(bill, 100) for _ in range(5)]
        for each in asked:
            await town.hotel.become(each, "SENT")
        await asyncio.to_thread(own_database.stop)
        for each in asked:
            assert await town.provider.pay(each) == 200

        async def answers() -> list[list[dict[str, object]]]:
            bills = [await town.provider.look(f"/bills/{each}") for each in asked]
            return [bill["callbacks"][0]["answers"] for bill in bills]

        async def each_was_tried() -> bool:
            return [] not in await answers()

        await until(each_was_tried, "each callback was tried")
        assert {given["status"] for tried in await answers() for given in tried} == {503}
        assert not [given for tried in await answers() for given in tried if '"0000"' in str(given["body"])]
        await asyncio.to_thread(own_database.start)
        for each in asked:
            await town.hotel.become(each, "PAID")

        async def each_was_taken() -> bool:
            return {tried[-1]["exact"] for tried in await answers()} == {True}

        await until(each_was_taken, "each callback was taken")
        await town.reconcile()
        await check_books(town, "the database was away")
