"""Two things at once on the same request: a defined end for both, and no money lost or counted twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from tests.payssam.faults.books import check_books
from tests.payssam.faults.town import Hotel, Town, open_town

TIMES = 24
AT_ONCE = 4
DEFINED = {200, 204, 409}
"""Nothing fails here, so that nobody needs to ask again."""


@pytest.fixture
async def town(tmp_path: Path, database: str) -> AsyncIterator[Town]:
    """A town where nothing fails."""
    async with open_town(tmp_path, database) as opened:
        yield opened


async def sent(hotel: Hotel, bill: str) -> str:
    """A request that is with the guest."""
    request_id = await hotel.ask(bill, 100)
    await hotel.become(request_id, "SENT")
    return request_id


async def paid(town: Town, bill: str) -> str:
    """A request that is paid."""
    request_id = await sent(town.hotel, bill)
    assert await town.provider.pay(request_id) == 200
    await town.hotel.become(request_id, "PAID")
    return request_id


async def statuses(*calls: Awaitable[httpx.Response]) -> Counter[int]:
    """The statuses of answers to calls made at once, each one that is defined."""
    answers = await asyncio.gather(*calls)
    for answer in answers:
        assert answer.status_code in DEFINED, answer.text
    return Counter(answer.status_code for answer in answers)


async def many(race: Callable[[int], Awaitable[None]]) -> None:
    """The same race many times, a few of them side by side."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def limited(number: int) -> None:
        async with limit:
            await race(number)

    await asyncio.gather(*map(limited, range(TIMES)))


async def settled(town: Town, said: str) -> None:
    """Both books agree."""
    await town.reconcile()
    await check_books(town, said)


async def test_a_payment_at_the_moment_of_a_destroy_is_either_taken_or_refused_and_both_books_know(town: Town) -> None:
    bill = await town.hotel.add_bill()

    async def race(number: int) -> None:
        request_id = await sent(town.hotel, bill)
        destroyed, payment = await asyncio.gather(
            statuses(town.hotel.operate(request_id, "destroy")), town.provider.pay(request_id)
        )
        await town.hotel.become(request_id, "PAID" if payment == 200 else "DESTROYED")
        assert destroyed[200] == (payment != 200)

    await many(race)
    await settled(town, "destroy and payment")


async def test_of_refunds_at_the_same_moment_one_gives_the_money_back_and_the_others_are_told(town: Town) -> None:
    bill = await town.hotel.add_bill()

    async def race(number: int) -> None:
        request_id = await paid(town, bill)
        answers = await statuses(*(town.hotel.operate(request_id, "refund") for _ in range(3)))
        assert answers == {200: 1, 409: 2}

    await many(race)
    await settled(town, "refunds")


async def test_a_refund_here_and_one_in_the_providers_own_app_give_the_money_back_once(town: Town) -> None:
    bill = await town.hotel.add_bill()

    async def race(number: int) -> None:
        request_id = await paid(town, bill)
        cancelling = town.provider.order(f"/bills/{request_id}/cancel")
        answers, _ = await asyncio.gather(statuses(town.hotel.operate(request_id, "refund")), cancelling)
        assert answers == {200: 1}
        assert await town.hotel.status(request_id) == "REFUNDED"

    await many(race)
    await settled(town, "refunds here and there")


async def test_a_bill_that_ends_at_the_moment_of_its_payment_keeps_the_money(town: Town) -> None:
    async def race(number: int) -> None:
        folio = f"FOLIO-{number % 5}"
        bill = await town.hotel.add_bill(folio, total=100)
        request_id = await sent(town.hotel, bill)
        ends: tuple[Callable[[], Awaitable[httpx.Response]], ...] = (
            lambda: town.hotel.post(f"/bills/{bill}/cancel"),
            lambda: town.hotel.client.delete(f"/v1/bills/{bill}"),
            lambda: town.hotel.post("/bills/transfer", bills=[{"id": bill}], folioId=f"FOLIO-{(number + 1) % 5}"),
            lambda: town.hotel.post("/bills/transfer", bills=[{"id": bill, "splitAmount": 60}], folioId="FOLIO-9"),
        )
        await asyncio.gather(statuses(ends[number % len(ends)]()), town.provider.pay(request_id))
        await town.hotel.become(request_id, "PAID")

    await many(race)
    await settled(town, "bills that end")


async def test_syncs_at_the_moment_of_the_callback_pay_the_request_once(town: Town) -> None:
    bill = await town.hotel.add_bill()
    await town.provider.order("/callbacks", mode="duplicate", copies=2, times=TIMES)

    async def race(number: int) -> None:
        request_id = await sent(town.hotel, bill)
        syncing = statuses(*(town.hotel.operate(request_id, "sync") for _ in range(3)))
        answers, _ = await asyncio.gather(syncing, town.provider.pay(request_id))
        assert answers == {200: 3}
        await town.hotel.become(request_id, "PAID")

    await many(race)
    await settled(town, "syncs and callbacks")


async def test_two_services_on_one_database_send_each_request_once_and_count_each_payment_once(town: Town) -> None:
    hotels = [town.hotel, await town.serve()]
    bill = await town.hotel.add_bill()

    async def race(number: int) -> None:
        request_id = await sent(hotels[number % 2], bill)
        history = (await town.provider.look(f"/bills/{request_id}"))["history"]
        assert [call["operation"] for call in history].count("send") == 1, history
        if number % 3:
            assert await town.provider.pay(request_id) == 200
            await asyncio.gather(*(hotel.become(request_id, "PAID") for hotel in hotels))
            operation = "refund"
        else:
            operation = "destroy"
        if number % 2:
            answers = await statuses(*(hotel.operate(request_id, operation) for hotel in hotels))
            assert answers == {200: 1, 409: 1}
        else:
            answers = await statuses(*(hotel.operate(request_id, operation, key=request_id) for hotel in hotels))
            assert answers == {200: 2}, "one key, one answer"

    await many(race)
    await settled(town, "two services")
