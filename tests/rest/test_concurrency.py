"""Many callers at once: nothing is lost, nothing is counted twice, and nobody sees an error for it."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg

from services.bootstrap import make_service
from tests.conftest import ADMIN_KEY, Desk
from tests.rest.support import NEW_BILL, PAYMENT, line


async def test_two_hundred_payments_on_one_bill_at_once_are_all_kept(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill(total=1_000_000)
    path = f"/v1/bills/{bill['id']}/payments"

    async def pay(amount: int) -> httpx.Response:
        return await client.post(path, json={**PAYMENT, "amount": amount, "applyToBalance": True})

    answers = await asyncio.gather(*(pay(amount) for amount in range(1, 201)))
    assert [answer.status_code for answer in answers] == [201] * 200
    shown = await desk.bill(bill["id"])
    assert shown["balanceAmount"] == 1_000_000 - sum(range(1, 201))
    assert sorted(payment["amount"] for payment in shown["payments"]) == list(range(1, 201))
    assert shown["version"] == 201
    assert len({answer.headers["Folio-Position"] for answer in answers}) == 200


async def test_two_instances_on_one_bill_keep_every_payment(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    bill = await desk.add_bill(total=1_000_000)
    path = f"/v1/bills/{bill['id']}/payments"
    async with make_service(database, ADMIN_KEY) as second:
        transport, headers = httpx.ASGITransport(second.app), {"Authorization": f"Bearer {ADMIN_KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://folio", headers=headers) as other:
            while (await other.get("/health/ready")).status_code != 200:
                await asyncio.sleep(0.01)
            body = {**PAYMENT, "amount": 10, "applyToBalance": True}
            answers = await asyncio.gather(*(each.post(path, json=body) for _ in range(50) for each in (client, other)))
            assert [answer.status_code for answer in answers] == [201] * 100
            shown = (await other.get(f"/v1/bills/{bill['id']}")).json()
    assert shown["balanceAmount"] == 1_000_000 - 1_000
    assert await desk.bill(bill["id"]) == shown


async def test_a_new_folio_that_many_post_to_at_once_is_opened_once(desk: Desk, client: httpx.AsyncClient) -> None:
    hotels = ["HOTEL-1"] * 20 + ["HOTEL-2"] * 20
    random.Random(7).shuffle(hotels)
    answers = await asyncio.gather(
        *(client.post("/v1/folios/NEW/bills", json={**NEW_BILL, "accommodationId": hotel}) for hotel in hotels)
    )
    folio = await desk.folio("NEW")
    for hotel, answer in zip(hotels, answers, strict=True):
        assert answer.status_code == (201 if hotel == folio["accommodationId"] else 400), line(answer)
    assert len(folio["bills"]) == 20
    assert len({bill["billCode"] for bill in folio["bills"]}) == 20


async def test_commands_of_every_kind_at_once_keep_the_money_together(desk: Desk, client: httpx.AsyncClient) -> None:
    chance = random.Random(11)
    bills = [await desk.add_bill(f"FOLIO-{number % 2}", 10_000) for number in range(6)]
    ids = [bill["id"] for bill in bills]

    def command() -> tuple[str, Any]:
        bill, other = chance.sample(ids, 2)
        payment = {**PAYMENT, "amount": chance.randint(1, 99), "applyToBalance": True}
        part = {"bills": [{"id": bill, "splitAmount": 5}], "folioId": f"FOLIO-{chance.randint(0, 2)}"}
        return chance.choice(
            [
                (f"/v1/bills/{bill}/payments", payment),
                (f"/v1/bills/{bill}/settlements", {"settlements": [{"targetBillId": other, "settledAmount": 7}]}),
                ("/v1/bills/transfer", part),
                ("/v1/bills/transfer", {"bills": [{"id": bill}, {"id": other}], "folioId": "FOLIO-2"}),
            ]
        )

    calls = [command() for _ in range(150)]
    answers = await asyncio.gather(*(client.post(path, json=body) for path, body in calls))
    assert {answer.status_code for answer in answers} <= {200, 201, 400, 409}, [line(answer) for answer in answers]
    paid = sum(answer.json()["amount"] for answer in answers if answer.status_code == 201)
    folios = [(await client.get(f"/v1/folios/FOLIO-{number}")).json() for number in range(3)]
    assert sum(folio["totalAmount"] for folio in folios) == 60_000
    assert sum(folio["balanceAmount"] for folio in folios) == 60_000 - paid
    for folio in folios:
        assert folio["balanceAmount"] == sum(bill["balanceAmount"] for bill in folio["bills"])
        live = [bill["totalAmount"] for bill in folio["bills"] if bill["status"] in {"OPEN", "SETTLED"}]
        assert folio["totalAmount"] == sum(live)


async def test_of_two_settlements_of_the_same_debt_at_once_one_is_refused(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    payer, target = await desk.add_bill(total=0), await desk.add_bill(total=100)
    body = {"settlements": [{"targetBillId": target["id"], "settledAmount": 60}]}
    path = f"/v1/bills/{payer['id']}/settlements"
    answers = await asyncio.gather(*(client.post(path, json=body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert (await desk.bill(target["id"]))["balanceAmount"] == 40


async def test_a_clock_that_runs_behind_the_log_delays_nobody_and_time_never_goes_back(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    await desk.add_bill()
    with psycopg.connect(database, autocommit=True) as connection:  # as another instance's clock would have left it
        connection.execute("UPDATE ledger.log_head SET recorded_at = recorded_at + interval '1 day'")
    answers = await asyncio.gather(*(client.post("/v1/folios/F/bills", json=NEW_BILL) for _ in range(10)))
    assert [answer.status_code for answer in answers] == [201] * 10
    with psycopg.connect(database, autocommit=True) as connection:
        rows = connection.execute("SELECT recorded_at FROM ledger.events ORDER BY notification_id").fetchall()
    assert rows == sorted(rows)
    assert rows[-1][0] - rows[0][0] > timedelta(hours=23)
    written = {datetime.fromisoformat(answer.json()["createdAt"]) for answer in answers}
    assert written <= {recorded_at for (recorded_at,) in rows}
