"""Dry runs: they foretell what a batch would do, and leave nothing behind."""

import asyncio
from typing import Any

import httpx
import pytest

from services.bootstrap import Service
from tests.collection.front import ASK, OPERATIONS, open_front
from tests.conftest import Desk
from tests.properties.commands import Command
from tests.properties.playing import play_many
from tests.properties.rest_driver import RestDriver
from tests.properties.run import Run
from tests.properties.strategies import FOLIOS
from tests.rest.foretelling import DRY, foretold, happened, item_of, named
from tests.rest.support import NEW_BILL, PAYMENT, UNKNOWN_ULID, expect_problem
from tests.rest.test_batches import FAILING, WRONG, item
from tests.serving import MakeClient
from tests.store.contents import settled_digests

EXAMPLES = 12
PLAYED = 20
ACCOUNT = {"bankCode": "088", "accountNumber": "110-123-456789", "accountHolder": "홍길동"}
WITH_ACCOUNT = {**PAYMENT, "paymentMethod": "VIRTUAL_ACCOUNT", "virtualAccounts": [ACCOUNT]}


async def dry(client: httpx.AsyncClient, *items: Any, key: str | None = None, **more: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(DRY, json={"commands": items, **more}, headers=headers)


async def test_any_batch_does_what_its_dry_run_has_foretold_and_the_dry_run_changes_no_byte(
    service: Service, client: httpx.AsyncClient
) -> None:
    async def play(number: int, sequence: list[Command]) -> None:
        run = Run(RestDriver(client, f"D{number}."))
        await run.play(sequence[:PLAYED])
        items = [item_of(run.aimed(command)) for command in sequence[PLAYED:]]
        folio_ids = [f"D{number}.{folio}" for folio in FOLIOS]
        tried = zip(items, (await foretold(client, {"commands": items}))["answer"]["results"], strict=True)
        possible = [item for item, result in tried if result["status"] < 400]
        for body in (
            {"atomic": True, "commands": items},
            {"atomic": True, "commands": possible or items[:1]},
            {"commands": items},
        ):
            before = await settled_digests(service)
            said = await foretold(client, body)
            assert await settled_digests(service) == before
            assert named(f"D{number}.", said) == named(f"D{number}.", await happened(client, body, folio_ids))

    await play_many(EXAMPLES, play)


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_dry_run_tells_the_bills_and_folios_concerned_and_what_they_owe_before_and_after(
    desk: Desk, client: httpx.AsyncClient, atomic: bool
) -> None:
    kept, dropped, other = [await desk.add_bill(total=total) for total in (50_000, 7_000, 1_000)]
    answer = await dry(
        client,
        item("POST", f"/v1/bills/{kept['id']}/payments", {**PAYMENT, "amount": 20_000, "applyToBalance": True}),
        item("DELETE", f"/v1/bills/{dropped['id']}"),
        item("POST", "/v1/folios/NEW/bills", {**NEW_BILL, "totalAmount": 300}),
        item("PUT", "/v1/accommodations/HOTEL-1", {"name": "Inn"}),
        atomic=atomic,
    )
    said = desk.expect(200, answer)
    assert said["dryRun"] is True
    assert [event["type"] for event in said["events"]] == [
        "payment.recorded", "bill.deleted", "folio.opened", "bill.added", "accommodation.configured",
    ]  # fmt: skip
    assert [event["data"].get("balanceEffect") for event in said["events"]] == [-20_000, -7_000, None, 300, None]
    added = said["results"][2]["body"]["id"]
    assert said["balances"] == [
        {"billId": kept["id"], "folioId": "FOLIO-1", "before": 50_000, "after": 30_000},
        {"billId": dropped["id"], "folioId": "FOLIO-1", "before": 7_000, "after": None},
        {"billId": added, "folioId": "NEW", "before": None, "after": 300},
    ]
    assert said["folios"] == [
        {"folioId": "FOLIO-1", "before": 58_000, "after": 31_000},
        {"folioId": "NEW", "before": None, "after": 300},
    ]
    head = (await client.get(f"/v1/bills/{other['id']}")).headers["Folio-Position"]
    assert answer.headers["Folio-Position"] == head


async def test_each_command_of_a_dry_run_sees_what_those_before_it_would_have_done(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    bill = await desk.add_bill(total=100)
    pay = item("POST", f"/v1/bills/{bill['id']}/payments", {**PAYMENT, "amount": 60, "applyToBalance": True})
    cancel = item("POST", f"/v1/bills/{bill['id']}/cancel")
    before = await settled_digests(service)
    said = desk.expect(200, await dry(client, pay, cancel, pay, cancel))
    assert [result["status"] for result in said["results"]] == [201, 200, 409, 409]
    assert said["results"][1]["body"]["balanceAmount"] == -60
    assert said["balances"][0]["after"] == -60
    expect_problem(await dry(client, pay, cancel, pay, atomic=True), 409, "INVALID_STATE", index=2)
    assert await settled_digests(service) == before
    assert await desk.bill(bill["id"]) == bill
    paid = await desk.pay(bill, 60)
    assert (await desk.bill(bill["id"]))["payments"] == [paid]


async def test_refused_and_unreadable_commands_and_wrong_bodies_are_told_as_in_earnest_and_change_no_byte(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    bill = await desk.add_bill()
    good = item("PATCH", f"/v1/bills/{bill['id']}", {"name": "Suite"})
    before = await settled_digests(service)
    for failing, status, code in FAILING:
        if failing["method"] == "GET":
            expect_problem(await dry(client, good, failing), status, code)
            continue
        expect_problem(await dry(client, good, failing, atomic=True), status, code, index=1)
        said = desk.expect(200, await dry(client, failing, good))
        assert [result["status"] for result in said["results"]] == [status, 200]
        assert [event["type"] for event in said["events"]] == ["bill.updated"]
    for body, pointer in WRONG:
        answer = await client.post(DRY, json=body)
        expect_problem(answer, 400, answer.json()["code"], pointer)
    assert await settled_digests(service) == before


async def test_five_hundred_commands_on_one_bill_and_on_as_many_folios_change_no_byte(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    bill = await desk.add_bill(total=500_000)
    pay = item("POST", f"/v1/bills/{bill['id']}/payments", {**WITH_ACCOUNT, "amount": 999, "applyToBalance": True})
    before = await settled_digests(service)
    for atomic in (True, False):
        said = desk.expect(200, await dry(client, *[pay] * 500, atomic=atomic))
        assert {result["status"] for result in said["results"]} == {201}
        assert said["balances"] == [{"billId": bill["id"], "folioId": "FOLIO-1", "before": 500_000, "after": 500}]
        added = [item("POST", f"/v1/folios/FOLIO-N{number}/bills", NEW_BILL) for number in range(500)]
        said = desk.expect(200, await dry(client, *added, atomic=atomic, key="night audit"))
        assert len(said["folios"]) == len({bill["billId"] for bill in said["balances"]}) == 500
    assert await settled_digests(service) == before


async def test_personal_data_of_a_dry_run_are_answered_as_in_earnest_and_sealed_under_a_key_that_is_not_kept(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    sealed = await desk.add_bill("SEALED", payments=[WITH_ACCOUNT])
    forgotten = await desk.add_bill("FORGOTTEN", payments=[WITH_ACCOUNT])
    async with service.pool.connection() as connection:
        await connection.execute("UPDATE ledger.personal_data_keys SET data_key = NULL WHERE folio_id = 'FORGOTTEN'")
    before = await settled_digests(service)
    items = [
        item("POST", f"/v1/bills/{sealed['id']}/payments", WITH_ACCOUNT),
        item("POST", "/v1/folios/NEW/bills", {**NEW_BILL, "payments": [WITH_ACCOUNT]}),
        item("POST", f"/v1/bills/{forgotten['id']}/payments", WITH_ACCOUNT),
    ]
    for batch in (items, items[:2]):
        answer = await dry(client, *batch, atomic=len(batch) < len(items))
        results = desk.expect(200, answer)["results"]
        assert results[0]["body"]["virtualAccounts"] == [ACCOUNT]
        assert results[1]["body"]["payments"][0]["virtualAccounts"] == [ACCOUNT]
        assert [result["status"] for result in results[2:]] == [409][: len(results) - 2]
        assert answer.text.count(ACCOUNT["accountNumber"]) == 2, "the events show none"
    assert await settled_digests(service) == before


@pytest.mark.parametrize("atomic", [True, False])
async def test_what_would_be_of_a_guest_who_is_forgotten_in_the_batch_is_told_and_the_guest_is_still_known(
    desk: Desk, client: httpx.AsyncClient, service: Service, atomic: bool
) -> None:
    bill = await desk.add_bill("F-1", payments=[WITH_ACCOUNT])
    pay = item("POST", f"/v1/bills/{bill['id']}/payments", WITH_ACCOUNT)
    forget = item("POST", "/v1/folios/F-1/privacy/forget", {"reason": "asked for it"})
    added = item("POST", "/v1/folios/F-2/bills", {**NEW_BILL, "payments": [WITH_ACCOUNT]})
    forget_new = item("POST", "/v1/folios/F-2/privacy/forget", {"reason": "asked for it"})
    wanted = [pay, forget, added, forget_new, *([] if atomic else [pay])]
    body = {"atomic": atomic, "commands": wanted}
    before = await settled_digests(service)
    said = await foretold(client, body)
    assert await settled_digests(service) == before
    assert await desk.bill(bill["id"]) == bill
    assert ACCOUNT["accountNumber"] not in str(said)
    assert [result["status"] for result in said["answer"]["results"]] == [201, 200, 201, 200, 409][: len(wanted)]
    assert named("", said) == named("", await happened(client, body, ["F-1", "F-2"]))


@pytest.mark.parametrize("atomic", [True, False])
async def test_idempotency_keys_show_what_they_were_answered_and_a_dry_run_uses_none_up(
    desk: Desk, client: httpx.AsyncClient, service: Service, atomic: bool
) -> None:
    done = item(idempotencyKey="done")
    real = await client.post("/v1/commands", json={"commands": [done], "atomic": atomic})
    earlier = desk.expect(200, real)["results"][0]
    before = await settled_digests(service)
    said = desk.expect(200, await dry(client, done, item(idempotencyKey="new"), key="batch", atomic=atomic))
    assert said["results"][0] == earlier
    assert [event["type"] for event in said["events"]] == ["bill.added"]
    other = item("DELETE", f"/v1/bills/{UNKNOWN_ULID}", idempotencyKey="done")
    reused = await dry(client, other, item(), atomic=atomic)
    if atomic:
        expect_problem(reused, 422, "IDEMPOTENCY_KEY_REUSED", index=0)
    else:
        assert [result["status"] for result in reused.json()["results"]] == [422, 201]
    assert await settled_digests(service) == before

    body = {"commands": [done, item(idempotencyKey="new")], "atomic": atomic}
    real = await client.post("/v1/commands", json=body, headers={"Idempotency-Key": "batch"})
    assert "Idempotency-Replayed" not in real.headers, "the dry run has left the keys for the real one"
    before = await settled_digests(service)
    again = await client.post(DRY, json=body, headers={"Idempotency-Key": "batch"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert desk.expect(200, again) == {"dryRun": True, **real.json(), "events": [], "balances": [], "folios": []}
    expect_problem(await dry(client, item(), key="batch", atomic=atomic), 422, "IDEMPOTENCY_KEY_REUSED")
    assert await settled_digests(service) == before


async def test_a_dry_run_reaches_no_provider_and_touches_no_payment_request(database: str) -> None:
    async with open_front(database, attended=True) as front:
        bill = await front.desk.add_bill(total=100_000)
        request = await front.ask(bill)
        async with asyncio.timeout(30):
            while (await front.get(request))["status"] != "SENT":
                await asyncio.sleep(0.01)
        before, calls = await settled_digests(front.service), list(front.provider.calls)
        path = f"/v1/bills/{bill['id']}"
        wanted = [
            item("DELETE", path),
            item("POST", f"{path}/payment-requests", ASK),
            *[item("POST", f"/v1/payment-requests/{request['id']}/{operation}", {}) for operation in OPERATIONS],
            item("POST", f"{path}/cancel"),
        ]
        said = front.desk.expect(200, await dry(front.client, *wanted))
        assert [result["status"] for result in said["results"]] == [409, 400, 400, 400, 400, 400, 200]
        expect_problem(await dry(front.client, wanted[1], atomic=True), 400, "INVALID_PARAMETER", "/path", index=0)
        assert await settled_digests(front.service) == before
        assert front.provider.calls == calls


async def test_what_others_commit_meanwhile_is_not_mixed_into_a_dry_run(
    desk: Desk, client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = await desk.add_bill(total=100)
    late = await desk.add_bill(total=10)
    find_outcome = service.store.find_outcome
    written: list[Any] = []

    async def find_after_another_commit(holder: str, key: str) -> Any:
        if not written:  # after the dry run has begun and before it loads anything
            written.append(await desk.pay(late, 4, applyToBalance=True))
        return await find_outcome(holder, key)

    monkeypatch.setattr(service.store, "find_outcome", find_after_another_commit)
    answer = await dry(
        client,
        item("PATCH", f"/v1/bills/{bill['id']}", {"totalAmount": 90}),
        item("PATCH", f"/v1/bills/{late['id']}", {"totalAmount": 20}),
        key="dry",
        atomic=True,
    )
    said = desk.expect(200, answer)
    assert [balance["before"] for balance in said["balances"]] == [100, 10]
    assert said["folios"] == [{"folioId": "FOLIO-1", "before": 110, "after": 110}]
    head = (await client.get(f"/v1/bills/{bill['id']}")).headers["Folio-Position"]
    assert int(answer.headers["Folio-Position"]) == int(head) - 1


@pytest.mark.parametrize("value", ["", "True", "1", "yes", "false,true", "true&dryRun=true"])
async def test_dry_run_is_true_or_false_and_nothing_else(
    client: httpx.AsyncClient, service: Service, value: str
) -> None:
    before = await settled_digests(service)
    answer = await client.post(f"/v1/commands?dryRun={value}", json={"commands": [item()]})
    expect_problem(answer, 400, "INVALID_PARAMETER", "/dryRun")
    assert await settled_digests(service) == before


async def test_a_batch_with_dry_run_false_is_carried_out(desk: Desk, client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/commands?dryRun=false", json={"commands": [item()]})
    added = desk.expect(200, answer)["results"][0]["body"]
    assert answer.json().keys() == {"results"}
    assert await desk.bill(added["id"]) == added


async def test_who_may_not_command_may_not_try_either_and_a_limited_key_foretells_nothing_of_others(
    desk: Desk, client: httpx.AsyncClient, client_of: MakeClient
) -> None:
    bill = await desk.add_bill()
    change = item("PATCH", f"/v1/bills/{bill['id']}", {"name": "Suite"})
    expect_problem(await dry(await client_of("auditor", "auditor", None), change), 403, "FORBIDDEN")
    limited = await client_of("inn", "pms", ["HOTEL-2"])
    said = desk.expect(
        200, await dry(limited, change, item("POST", "/v1/folios/F-2/bills", {"name": "A", "totalAmount": 1}))
    )
    assert [result["status"] for result in said["results"]] == [404, 201]
    assert {event["accommodationid"] for event in said["events"]} == {"HOTEL-2"}
    assert [folio["folioId"] for folio in said["folios"]] == ["F-2"]
