"""Proofs, checkpoints and keys over REST."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from services.bootstrap import Service, make_service
from services.evidence.verification import verify
from services.provision import Seal
from services.store.locks import CLASS
from services.store.sealer import LOCK
from tests.conftest import ADMIN_KEY, Desk, ready_client
from tests.evidence import reader
from tests.evidence.packages import KEY
from tests.rest.support import expect_problem
from tests.serving import MakeClient


@pytest.fixture
async def service(database: str) -> AsyncIterator[Service]:
    """The service with a key to sign with."""
    async with make_service(database, ADMIN_KEY, seal=Seal(KEY)) as running:
        async with ready_client(running):
            pass
        yield running


async def proof_of(client: httpx.AsyncClient, folio: str) -> bytes:
    """The proof of a folio, which holds."""
    answer = await client.get(f"/v1/folios/{folio}/proof")
    assert answer.status_code == 200, answer.text
    verdict = verify(answer.content, [KEY.public_key()])
    assert (verdict.faults, verdict.unchecked) == ([], [])
    return answer.content


async def test_a_proof_covers_what_was_answered_before_it_was_asked_for(client: httpx.AsyncClient, desk: Desk) -> None:
    bill = await desk.add_bill(name="객실 1204")
    await desk.add_bill("FOLIO-2")
    first = json.loads(await proof_of(client, "FOLIO-1"))
    assert [event["topic"] for event in first["events"]] == ["folio.opened", "bill.added"]
    payment = await desk.pay(bill, 30_000)
    cancelled = await client.post(f"/v1/payments/{payment['id']}/cancel", json={"reason": "환불"})
    assert cancelled.status_code == 200
    second = json.loads(await proof_of(client, "FOLIO-1"))
    assert second["events"][:2] == first["events"]
    assert [event["topic"] for event in second["events"][2:]] == ["payment.recorded", "payment.cancelled"]
    assert json.loads(second["events"][3]["payload"])["reason"] == "환불"
    assert second["checkpoint"]["number"] > first["checkpoint"]["number"]


async def test_a_proof_is_read_by_others_with_the_published_key(client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.add_bill()
    proof = await proof_of(client, "FOLIO-1")
    [key] = (await client.get("/v1/audit/keys")).json()["items"]
    read = reader.read(proof, key["publicKey"].encode())
    assert read["keyId"] == key["keyId"]
    assert load_pem_public_key(key["publicKey"].encode()).public_bytes_raw() == KEY.public_key().public_bytes_raw()  # type: ignore[union-attr]


async def test_a_proof_reaches_the_position_that_its_caller_has_seen(client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.add_bill()
    await proof_of(client, "FOLIO-1")
    await desk.add_bill("FOLIO-2")
    position = (await client.get("/v1/folios/FOLIO-2")).headers["Folio-Position"]
    headers = {"Folio-Min-Position": position}
    answer = await client.get("/v1/folios/FOLIO-1/proof", headers=headers)
    assert answer.headers["Folio-Position"] == position
    headers = {"Folio-Min-Position": str(int(position) + 1)}
    expect_problem(await client.get("/v1/folios/FOLIO-1/proof", headers=headers), 503, "NOT_CAUGHT_UP")


async def test_proofs_that_are_asked_for_together_need_one_checkpoint(client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.add_bill()
    await proof_of(client, "FOLIO-1")
    await desk.add_bill("FOLIO-2")
    before = (await client.get("/v1/audit/checkpoints")).json()["items"][0]["number"]
    together = await asyncio.gather(*(proof_of(client, "FOLIO-2") for _ in range(5)))
    assert len(set(together)) == 1
    assert json.loads(together[0])["checkpoint"]["number"] <= before + 1


async def test_checkpoints_come_in_pages_newest_first_and_name_each_other(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    for number in range(5):
        await desk.add_bill(f"FOLIO-{number}")
        await proof_of(client, f"FOLIO-{number}")
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await client.get(f"/v1/audit/checkpoints?limit=2{cursor}")).json()
        found += page["items"]
        if page["nextCursor"] is None:
            break
        assert len(page["items"]) == 2
        cursor = f"&cursor={page['nextCursor']}"
    numbers = [checkpoint["number"] for checkpoint in found]
    assert numbers == list(range(len(found), 0, -1))
    assert len(found) >= 5
    positions = [checkpoint["position"] for checkpoint in found]
    assert positions == sorted(positions, reverse=True)
    assert found[-1]["previous"] == "00" * 32


async def test_proofs_are_for_auditors_who_see_the_folio(
    client: httpx.AsyncClient, desk: Desk, client_of: MakeClient
) -> None:
    await desk.add_bill()
    expect_problem(await client.get("/v1/folios/NONE/proof"), 404, "DATA_NOT_FOUND_ON_ID", "/folioId")
    auditor = await client_of("auditor", "auditor", ["HOTEL-1"])
    await proof_of(auditor, "FOLIO-1")
    elsewhere = await client_of("elsewhere", "auditor", ["HOTEL-2"])
    expect_problem(await elsewhere.get("/v1/folios/FOLIO-1/proof"), 404, "DATA_NOT_FOUND_ON_ID", "/folioId")
    pms = await client_of("pms", "pms", None)
    for path in ("/v1/folios/FOLIO-1/proof", "/v1/audit/checkpoints", "/v1/audit/keys"):
        expect_problem(await pms.get(path), 403, "FORBIDDEN")
        expect_problem(await client.get(path, headers={"Authorization": "Bearer none"}), 401, "UNAUTHENTICATED")
        expect_problem(await client.get(f"{path}?what=1"), 400, "INVALID_PARAMETER", "/what")
    for query, pointer in (("limit=0", "/limit"), ("limit=501", "/limit"), ("cursor=x", "/cursor")):
        expect_problem(await client.get(f"/v1/audit/checkpoints?{query}"), 400, "INVALID_PARAMETER", pointer)


async def test_a_folio_on_which_two_services_work_is_proven_by_either(database: str, client: httpx.AsyncClient) -> None:
    async with make_service(database, ADMIN_KEY, seal=Seal(KEY)) as other, ready_client(other) as theirs:
        for number in range(6):
            asked, proven = (client, theirs) if number % 2 else (theirs, client)
            await Desk(asked).add_bill(total=1_000 + number)
            proof = json.loads(await proof_of(proven, "FOLIO-1"))
            assert len(proof["events"]) == 2 + number


async def test_a_service_without_a_key_to_sign_with_says_so(database: str) -> None:
    async with make_service(database, ADMIN_KEY) as unsigned, ready_client(unsigned) as client:
        await Desk(client).add_bill()
        expect_problem(await client.get("/v1/folios/FOLIO-1/proof"), 503, "SERVICE_UNAVAILABLE")


async def test_a_folio_with_more_events_than_a_proof_holds_is_told(
    client: httpx.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.store.evidence.EVENTS_MAX", 3)
    bill = await desk.add_bill()
    await desk.pay(bill, 1)
    await proof_of(client, "FOLIO-1")
    await desk.pay(bill, 2)
    problem = expect_problem(await client.get("/v1/folios/FOLIO-1/proof"), 400, "INVALID_PARAMETER")
    assert "more than 3 events" in problem["detail"]


async def test_a_proof_does_not_wait_for_ever_for_its_turn_and_nobody_waits_behind_it(
    client: httpx.AsyncClient, desk: Desk, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.store.sealing.PATIENCE_SECONDS", 0.2)
    await desk.add_bill()
    async with await psycopg.AsyncConnection.connect(service.conninfo) as connection:
        await connection.execute(LOCK, {"class": CLASS})
        answers = await asyncio.gather(*(client.get("/v1/folios/FOLIO-1/proof") for _ in range(40)))
        for answer in answers:
            expect_problem(answer, 503, "SERVICE_UNAVAILABLE")
        assert await asyncio.to_thread(lambda: "done") == "done", "the threads of everybody else are free"
    monkeypatch.undo()
    await proof_of(client, "FOLIO-1")


async def test_a_log_that_is_not_what_was_signed_is_not_proven(
    client: httpx.AsyncClient, desk: Desk, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.add_bill()
    await proof_of(client, "FOLIO-1")
    async with await psycopg.AsyncConnection.connect(service.conninfo) as connection:
        await connection.execute("DELETE FROM ledger.tree")
    await desk.add_bill()
    problem = expect_problem(await client.get("/v1/folios/FOLIO-1/proof"), 409, "INVALID_STATE")
    assert "folio audit verify" in problem["detail"]
    assert "tree" not in problem["detail"]
    assert "does not lead to the root that was signed last" in caplog.text
