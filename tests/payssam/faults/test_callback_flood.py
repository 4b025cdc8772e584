"""Callbacks that come a thousand times, in any order and writing: each answered as documented, each paid once."""

import asyncio
import json
import random
import time
from pathlib import Path

import httpx

from services.payssam.callback import PATH
from tests.faults.server import SECONDS_MAX
from tests.payssam.faults.books import check_books
from tests.payssam.faults.town import Town, open_town, until

PAID = 20
CALLBACKS = 1_000
CONNECTIONS = 50
TAKEN = '{"code":"0000","msg":"성공하였습니다."}'.encode()


async def held_callbacks(town: Town) -> list[dict[str, str]]:
    """The callbacks of requests that are paid, which the provider still holds."""
    bill = await town.hotel.add_bill()
    asked = [await town.hotel.ask(bill, 100 + number) for number in range(PAID)]

    async def all_sent() -> bool:
        return len(await town.provider.bills()) == PAID

    await until(all_sent, "every request is sent")
    await town.provider.order("/callbacks", mode="reorder", times=PAID + 1)
    for each in asked:
        assert await town.provider.pay(each) == 200
    bills = [await town.provider.look(f"/bills/{each}") for each in asked]
    return [json.loads(bill["callbacks"][0]["body"]) for bill in bills]


def written(callback: dict[str, str], chance: random.Random) -> bytes:
    """The callback in the provider's bytes or in others: its members in another order, other spaces."""
    if chance.random() < 0.5:
        return json.dumps(callback, ensure_ascii=False, separators=(",", ":")).encode()
    names = list(callback)
    chance.shuffle(names)
    return json.dumps({name: callback[name] for name in names}, indent=chance.choice([None, 0, 1, 4])).encode()


async def test_a_flood_of_callbacks_is_answered_as_documented_and_pays_each_request_once(
    tmp_path: Path, database: str
) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    said = f"seed {seed}"
    async with open_town(tmp_path, database) as town:
        callbacks = await held_callbacks(town)
        bodies = [written(callbacks[number % PAID], chance) for number in range(CALLBACKS)]
        chance.shuffle(bodies)
        seconds: list[float] = []
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        async with httpx.AsyncClient(base_url=town.server.address, limits=limits, timeout=SECONDS_MAX) as provider:

            async def call() -> None:
                while bodies:
                    body = bodies.pop()
                    started = time.perf_counter()
                    answer = await provider.post(PATH, content=body)
                    seconds.append(time.perf_counter() - started)
                    assert (answer.status_code, answer.content) == (200, TAKEN), said

            await asyncio.gather(*(call() for _ in range(CONNECTIONS)))
        await town.provider.spare()

        async def all_paid() -> bool:
            return all(request["status"] == "PAID" for request in (await town.hotel.requests()).values())

        await until(all_paid, f"every request is paid; {said}")

        async def all_delivered() -> bool:
            totals = await town.provider.look("/totals")
            return (totals["callbacksDelivered"], totals["callbacksWaiting"]) == (PAID, 0)

        await until(all_delivered, f"the provider's own callbacks are taken; {said}")
        await town.reconcile()
        await check_books(town, said)
    seconds.sort()
    print(f"{CALLBACKS} callbacks at {CONNECTIONS} connections: p99 {seconds[int(len(seconds) * 0.99)] * 1000:.0f} ms")
