"""Forgetting a guest: who may, what is recorded of it, what the folio takes afterwards, and what races it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from services.billing.ports import Decided
from services.bootstrap import make_service
from services.rest.privacy_schemas import ForgottenGuest
from services.store.log_store import SELECT_STREAMS
from services.store.protections import shipped_functions
from tests.collection.front import Front, client_for, open_front
from tests.conftest import ADMIN_KEY, PAID_AT, Desk
from tests.rest.support import PAYMENT, expect_problem, nothing_written

FORGET = "/v1/folios/FOLIO-1/privacy/forget"
REASON = {"reason": "case 2026-117"}
ACCOUNT = {"bankCode": "088", "accountNumber": "110-237-480915", "accountHolder": "황보혜린"}
BY_ACCOUNT = {"paymentMethod": "VIRTUAL_ACCOUNT", "amount": 1_000, "paidAt": PAID_AT, "virtualAccounts": [ACCOUNT]}
KEYS = "SELECT folio_id, data_key IS NULL FROM ledger.personal_data_keys ORDER BY folio_id"
RESTORE_KEY = "UPDATE ledger.personal_data_keys SET data_key = %s WHERE folio_id = 'FOLIO-1'"
DELETE_KEY = "DELETE FROM ledger.personal_data_keys WHERE folio_id = 'FOLIO-1'"
DESTROYING = """
    CREATE OR REPLACE FUNCTION ledger.destroy_personal_data(folio text) RETURNS void LANGUAGE plpgsql AS $${}$$
"""
VACUUMED = """
    SELECT relname, vacuum_count > 0 FROM pg_stat_user_tables
     WHERE relname IN ('callbacks', 'personal_data_keys') ORDER BY relname
"""
WITH_ACCOUNTS = """
    SELECT max(notification_id) FILTER (WHERE strpos(convert_from(state, 'UTF8'), '"sealed"') > 0),
           max(notification_id) FILTER (WHERE topic = 'folio.guest_forgotten')
      FROM ledger.events
"""


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves sending and reading to the test."""
    async with open_front(database) as opened:
        yield opened


async def forget(front: Front, folio: str = "FOLIO-1", **more: Any) -> httpx.Response:
    """Forget a guest."""
    return await front.client.post(f"/v1/folios/{folio}/privacy/forget", json=REASON, **more)


async def test_it_is_answered_recorded_and_shown_with_who_did_it_and_why(front: Front) -> None:
    await front.desk.add_bill(payments=[BY_ACCOUNT])
    answer = await forget(front, headers={"X-Folio-Actor": "jiwoo"})
    said = front.desk.expect(200, answer)
    ForgottenGuest.model_validate(said)
    assert (said["folioId"], said["forgottenBy"], said["reason"]) == ("FOLIO-1", "jiwoo", "case 2026-117")
    position = int(answer.headers["Folio-Position"])
    [event] = front.desk.expect(200, await front.client.get(f"/v1/events?after={position - 1}"))["items"]
    assert (event["type"], event["subject"], event["time"]) == (
        "folio.guest_forgotten", "folio/FOLIO-1", said["forgottenAt"],
    )  # fmt: skip
    assert (event["accommodationid"], event["folioid"]) == ("HOTEL-1", "FOLIO-1")
    assert {"folioId": "FOLIO-1", "key": "admin", "user": "jiwoo", "reason": "case 2026-117"}.items() <= event[
        "data"
    ].items()
    assert await front.rows(KEYS) == [("FOLIO-1", True)]


async def test_what_the_key_leaves_in_its_table_is_cleared_away(front: Front) -> None:
    await front.desk.add_bill(payments=[BY_ACCOUNT])
    async with await psycopg.AsyncConnection.connect(front.service.conninfo) as slow:
        await slow.execute("LOCK TABLE collection.callbacks IN SHARE UPDATE EXCLUSIVE MODE")
        front.desk.expect(200, await forget(front))
    await front.service.clearing.finished()
    assert await front.rows(VACUUMED) == [("callbacks", True), ("personal_data_keys", True)]


@pytest.mark.parametrize("idempotency", [{}, {"Idempotency-Key": "forget"}])
async def test_to_forget_again_destroys_a_key_that_came_back(front: Front, idempotency: dict[str, str]) -> None:
    await front.desk.add_bill(payments=[BY_ACCOUNT])
    await front.desk.add_bill("FOLIO-2", payments=[BY_ACCOUNT])
    backup = await front.rows("SELECT data_key FROM ledger.personal_data_keys WHERE folio_id = 'FOLIO-1'")
    first = await forget(front, headers=idempotency)
    for restoring in (RESTORE_KEY, DELETE_KEY):
        async with await psycopg.AsyncConnection.connect(front.service.conninfo) as connection:
            await connection.execute(restoring, backup[0] if restoring is RESTORE_KEY else None)
        async with nothing_written(front.service):
            again = await forget(front, headers=idempotency)
        assert again.json() == front.desk.expect(200, first)
        assert await front.rows(KEYS) == [("FOLIO-1", True), ("FOLIO-2", False)]


async def test_a_forgetting_whose_trigger_was_switched_off_destroys_the_key_all_the_same(front: Front) -> None:
    await front.desk.add_bill(payments=[BY_ACCOUNT])
    await _as_administrator(front, "ALTER TABLE ledger.events DISABLE TRIGGER forget_guest")
    front.desk.expect(200, await forget(front))
    assert await front.rows(KEYS) == [("FOLIO-1", True)]


async def test_a_forgetting_that_cannot_destroy_the_key_is_no_success_until_it_can(front: Front) -> None:
    await front.desk.add_bill(payments=[BY_ACCOUNT])
    shipped = shipped_functions()["destroy_personal_data"]
    await _as_administrator(front, DESTROYING.format("BEGIN END"))
    for _ in range(2):
        expect_problem(await forget(front, headers={"Idempotency-Key": "forget"}), 500, "INTERNAL_ERROR")
    assert await front.rows(KEYS) == [("FOLIO-1", False)]
    await _as_administrator(front, DESTROYING.format(shipped))
    front.desk.expect(200, await forget(front, headers={"Idempotency-Key": "forget"}))
    assert await front.rows(KEYS) == [("FOLIO-1", True)]


async def _as_administrator(front: Front, statement: str) -> None:
    conninfo = make_conninfo(front.service.conninfo, user="postgres")
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await connection.execute(statement.encode())


async def test_to_forget_again_answers_the_same_and_records_nothing(front: Front) -> None:
    await front.desk.add_bill()
    first = await forget(front, headers={"Idempotency-Key": "forget"})
    async with nothing_written(front.service):
        replayed = await forget(front, headers={"Idempotency-Key": "forget"})
        again = await front.client.post(FORGET, json={"reason": "another"}, headers={"X-Folio-Actor": "minsu"})
    assert first.json() == replayed.json() == again.json()
    assert replayed.headers["Idempotency-Replayed"] == "true"


async def test_what_may_not_be_forgotten_changes_nothing(front: Front) -> None:
    await front.desk.add_bill()
    await front.desk.add_bill("FOLIO-2", accommodationId="HOTEL-2")
    unknown = "/v1/folios/FOLIO-404/privacy/forget"
    async with nothing_written(front.service), AsyncExitStack() as stack:
        expect_problem(await front.client.post(unknown, json=REASON), 404, "DATA_NOT_FOUND_ON_ID", "/folioId")
        expect_problem(await front.client.post(FORGET, json={}), 400, "REQUIRED_PARAMETER", "/reason")
        for role in ("pms", "auditor"):
            client = await stack.enter_async_context(front.client_of(role, role))
            expect_problem(await client.post(FORGET, json=REASON), 403, "FORBIDDEN")
        limited = await stack.enter_async_context(front.client_of("limited", "admin", ["HOTEL-2"]))
        expect_problem(await limited.post(FORGET, json=REASON), 404, "DATA_NOT_FOUND_ON_ID", "/folioId")
    assert await front.rows(KEYS) == []
    async with front.client_of("limited too", "admin", ["HOTEL-1"]) as client:
        front.desk.expect(200, await client.post(FORGET, json=REASON))


async def test_a_folio_that_never_had_a_key_gets_none_afterwards(front: Front) -> None:
    bill = await front.desk.add_bill()
    front.desk.expect(200, await forget(front))
    assert await front.rows(KEYS) == [("FOLIO-1", True)]
    async with nothing_written(front.service):
        refused = await front.client.post(f"/v1/bills/{bill['id']}/payments", json=BY_ACCOUNT)
        expect_problem(refused, 409, "INVALID_STATE")
        expect_problem(await front.try_ask(bill), 409, "INVALID_STATE")
    assert await front.rows(KEYS) == [("FOLIO-1", True)]


async def test_a_forgotten_folio_takes_bills_and_money_without_accounts(front: Front) -> None:
    bill = await front.desk.add_bill(payments=[BY_ACCOUNT])
    asked = await front.sent(bill)
    front.desk.expect(200, await forget(front))
    await front.desk.pay(bill, 1_000, applyToBalance=True)
    front.desk.expect(200, await front.client.patch(f"/v1/payments/{bill['payments'][0]['id']}", json={"amount": 999}))
    await front.desk.add_bill(payments=[PAYMENT])
    front.provider.pay(asked["id"])
    await front.office.collector.attend(asked["id"], ask_first=True)
    folio = await front.desk.folio("FOLIO-1")
    assert (folio["totalAmount"], folio["paidAmount"]) == (200_000, 999 + 1_000 + 30_000 + 30_000)
    assert (await front.get(asked))["status"] == "PAID"


@pytest.mark.parametrize("atomic", [True, False])
async def test_in_a_batch_it_is_for_administrators_too_and_holds_for_what_comes_after(
    front: Front, atomic: bool
) -> None:
    bill = await front.desk.add_bill()
    payment = {"method": "POST", "path": f"/v1/bills/{bill['id']}/payments", "body": PAYMENT}
    forgetting = {"method": "POST", "path": FORGET, "body": REASON}
    async with front.client_of("desk", "pms") as client:
        refused = await client.post("/v1/commands", json={"atomic": atomic, "commands": [payment, forgetting]})
    if atomic:
        expect_problem(refused, 403, "FORBIDDEN", index=1)
    else:
        assert [each["status"] for each in front.desk.expect(200, refused)["results"]] == [201, 403]
    assert await front.rows(KEYS) == []
    sealing = {**payment, "body": BY_ACCOUNT}
    commands = [sealing, forgetting, sealing] if not atomic else [sealing, forgetting, payment]
    done = await front.client.post("/v1/commands", json={"atomic": atomic, "commands": commands})
    statuses = [each["status"] for each in front.desk.expect(200, done)["results"]]
    assert statuses == ([201, 200, 409] if not atomic else [201, 200, 201])


async def test_after_a_forgetting_in_the_same_commit_nothing_is_sealed_either(front: Front) -> None:
    bill = await front.desk.add_bill()
    forgetting = {"method": "POST", "path": FORGET, "body": REASON}
    sealing = {"method": "POST", "path": f"/v1/bills/{bill['id']}/payments", "body": BY_ACCOUNT}
    together = {"atomic": True, "commands": [forgetting, sealing]}
    assert front.desk.expect(409, await front.client.post("/v1/commands", json=together))["index"] == 1
    assert await front.rows(KEYS) == [("FOLIO-1", False)], "nothing of it has happened"


async def test_a_payment_with_accounts_that_a_forgetting_overtakes_is_decided_anew_and_refused(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = await front.desk.add_bill()
    store, forgotten = front.service.store, asyncio.Event()
    commit = store.commit

    async def overtaken(decided: Decided) -> int | None:
        if not forgotten.is_set():
            forgotten.set()
            front.desk.expect(200, await forget(front))
        return await commit(decided)

    monkeypatch.setattr(store, "commit", overtaken)
    expect_problem(await front.client.post(f"/v1/bills/{bill['id']}/payments", json=BY_ACCOUNT), 409, "INVALID_STATE")
    assert (await front.desk.bill(bill["id"]))["payments"] == []


async def test_no_payment_with_accounts_is_recorded_after_a_forgetting_that_races_it(database: str) -> None:
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(2):
            service = await stack.enter_async_context(make_service(database, ADMIN_KEY))
            clients.append(await stack.enter_async_context(client_for(service)))
            while (await clients[-1].get("/health/ready")).status_code != 200:
                await asyncio.sleep(0.01)
        for turn in range(6):
            folio = f"FOLIO-{turn}"
            bills = [await Desk(clients[number % 2]).add_bill(folio) for number in range(8)]
            paying = [
                clients[number % 2].post(f"/v1/bills/{bill['id']}/payments", json=BY_ACCOUNT)
                for number, bill in enumerate(bills)
            ]
            forgetting = clients[turn % 2].post(f"/v1/folios/{folio}/privacy/forget", json=REASON)
            *paid, forgotten = await asyncio.gather(*paying[:4], *paying[4:], forgetting)
            assert forgotten.status_code == 200
            assert {answer.status_code for answer in paid} <= {201, 409}
            [(sealed, at)] = await service.store.read(WITH_ACCOUNTS, {})
            assert sealed is None or sealed < at
        assert await service.store.read(KEYS, {}) == [(f"FOLIO-{turn}", True) for turn in range(6)]


async def test_the_event_takes_the_key_along_however_it_is_appended_and_the_event_stays_away_with_it(
    front: Front,
) -> None:
    await front.desk.add_bill(payments=[BY_ACCOUNT])
    with psycopg.connect(front.service.conninfo) as connection:
        connection.execute(
            "INSERT INTO ledger.events SELECT 1000, 'folio/FOLIO-1', 2, 'folio.guest_forgotten',"
            """ convert_to('{"folio_id":"FOLIO-1"}', 'UTF8'), now()"""
        )
        assert connection.execute(KEYS).fetchall() == [("FOLIO-1", True)]
        connection.rollback()
        assert connection.execute(KEYS).fetchall() == [("FOLIO-1", False)]
    [*_, last] = await front.service.store.read(SELECT_STREAMS, {"streams": ["folio/FOLIO-1"]})
    assert last[2] == "folio.opened"
