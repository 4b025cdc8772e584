"""Personal data: sealed wherever it is kept, opened for answers, gone with its folio's key."""

from typing import Any

import httpx
import psycopg
import pytest

from services.store.connection import make_pool
from services.store.data_keys import DataKeys, FolioDataKey
from tests.conftest import PAID_AT, Desk
from tests.traces import traces

NUMBER = "110-237-480915"
HOLDER = "홍길동 Hong"
ACCOUNT = {"bankCode": "088", "accountNumber": NUMBER, "accountHolder": HOLDER}
FORGOTTEN = {"bankCode": "088", "accountNumber": None, "accountHolder": None}
BY_ACCOUNT = {"paymentMethod": "VIRTUAL_ACCOUNT", "amount": 30_000, "paidAt": PAID_AT, "virtualAccounts": [ACCOUNT]}

COLUMNS = """
    SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
     WHERE table_schema IN ('ledger', 'read_model', 'public') ORDER BY 1, 2, 3
"""


def all_that_is_stored(conninfo: str) -> dict[str, bytes]:
    """Every column of every table of the service, as bytes."""
    stored = {}
    with psycopg.connect(conninfo) as connection:
        for schema, table, column, kind in connection.execute(COLUMNS).fetchall():
            shown = f'"{column}"' if kind == "bytea" else f"convert_to(\"{column}\"::text, 'UTF8')"
            rows = connection.execute(f'SELECT {shown} FROM {schema}."{table}"'.encode()).fetchall()
            stored[f"{schema}.{table}.{column}"] = b"\n".join(bytes(row[0]) for row in rows if row[0] is not None)
    return stored


def forget(conninfo: str, folio: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        done = connection.execute("UPDATE ledger.personal_data_keys SET data_key = NULL WHERE folio_id = %s", [folio])
        assert done.rowcount == 1


async def use_accounts_everywhere(desk: Desk, client: httpx.AsyncClient) -> dict[str, Any]:
    """Give the account in every command that takes one, under keys; returns a bill with two such payments."""
    under = {"Idempotency-Key": "new bill"}
    body = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 100_000, "payments": [BY_ACCOUNT]}
    bill = desk.expect(201, await client.post("/v1/folios/FOLIO-1/bills", json=body, headers=under))
    paid = await client.post(f"/v1/bills/{bill['id']}/payments", json=BY_ACCOUNT, headers={"Idempotency-Key": "pay"})
    payment = desk.expect(201, paid)
    changes = {"virtualAccounts": [ACCOUNT, ACCOUNT], "reason": "a second account"}
    under = {"Idempotency-Key": "change"}
    desk.expect(200, await client.patch(f"/v1/payments/{payment['id']}", json=changes, headers=under))
    command = {"method": "POST", "path": f"/v1/bills/{bill['id']}/payments", "body": BY_ACCOUNT, "idempotencyKey": "b"}
    for atomic in (True, False):
        batch = {"atomic": atomic, "commands": [{**command, "idempotencyKey": f"in a batch {atomic}"}]}
        under = {"Idempotency-Key": f"batch {atomic}"}
        desk.expect(200, await client.post("/v1/commands", json=batch, headers=under))
    refused = {**BY_ACCOUNT, "paymentMethod": "CARD"}
    under = {"Idempotency-Key": "refused"}
    desk.expect(400, await client.post(f"/v1/bills/{bill['id']}/payments", json=refused, headers=under))
    return await desk.bill(bill["id"])


async def test_number_and_holder_are_answered_and_stored_nowhere_in_the_clear(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    bill = await use_accounts_everywhere(desk, client)
    accounts = [account for payment in bill["payments"] for account in payment["virtualAccounts"]]
    assert accounts == [ACCOUNT] * 5
    stored = all_that_is_stored(database)
    assert b"v1." in stored["ledger.events.state"]
    assert b"v1." in stored["ledger.idempotency_keys.outcome"]
    assert b"v1." in stored["read_model.bills.payments"]
    for text in (NUMBER, HOLDER):
        for trace in traces(text):
            assert [place for place, content in stored.items() if trace in content] == []


async def test_a_destroyed_key_forgets_the_guest_in_every_answer_and_the_rest_works(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    bill = await use_accounts_everywhere(desk, client)
    other = await desk.add_bill("FOLIO-2", payments=[BY_ACCOUNT])
    forget(database, "FOLIO-1")

    bill_path, payment_path = f"/v1/bills/{bill['id']}", f"/v1/payments/{bill['payments'][0]['id']}"
    paths = [bill_path, f"{bill_path}/payments", payment_path, "/v1/folios/FOLIO-1", "/v1/accommodations/HOTEL-1/bills"]
    paths += ["/v1/folios/FOLIO-1?position=9", f"{bill_path}?position=9"]
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 200
        assert '"accountNumber":null,"accountHolder":null' in answer.text
        assert (NUMBER in answer.text) == ("accommodations" in path), "only the other folio's may be there"
    again = await client.post(f"{bill_path}/payments", json=BY_ACCOUNT, headers={"Idempotency-Key": "pay"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["virtualAccounts"] == [FORGOTTEN]

    assert (await desk.bill(other["id"]))["payments"][0]["virtualAccounts"] == [ACCOUNT]
    await desk.pay(bill, 1_000)
    changed = desk.expect(200, await client.patch(payment_path, json={"amount": 20_000}))
    assert changed["virtualAccounts"] == [FORGOTTEN]
    desk.expect(200, await client.post(f"{payment_path}/cancel"))
    desk.expect(200, await client.post(f"{bill_path}/cancel"))


async def test_a_forgotten_guests_folio_takes_no_personal_data(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    bill = await use_accounts_everywhere(desk, client)
    forget(database, "FOLIO-1")
    head = (await client.get(f"/v1/bills/{bill['id']}")).headers["Folio-Position"]
    for _ in range(2):
        refused = await client.post(
            f"/v1/bills/{bill['id']}/payments", json=BY_ACCOUNT, headers={"Idempotency-Key": "after"}
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    assert refused.headers["Idempotency-Replayed"] == "true"
    assert (await client.get(f"/v1/bills/{bill['id']}")).headers["Folio-Position"] == head
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT data_key FROM ledger.personal_data_keys").fetchall() == [(None,)]


async def test_a_refusal_to_seal_ends_its_own_command_of_a_batch_and_no_other(
    desk: Desk, client: httpx.AsyncClient, database: str
) -> None:
    forgotten = await desk.add_bill("FOLIO-1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO ledger.personal_data_keys (folio_id) VALUES ('FOLIO-1')")
    body = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 1}
    plain = {"method": "POST", "path": "/v1/folios/FOLIO-2/bills", "body": body}
    sealing = {"method": "POST", "path": f"/v1/bills/{forgotten['id']}/payments", "body": BY_ACCOUNT}
    each = await client.post("/v1/commands", json={"atomic": False, "commands": [plain, sealing, plain]})
    assert [result["status"] for result in desk.expect(200, each)["results"]] == [201, 409, 201]
    together = await client.post("/v1/commands", json={"atomic": True, "commands": [plain, sealing, plain]})
    assert desk.expect(409, together)["index"] == 1
    assert len((await desk.folio("FOLIO-2"))["bills"]) == 2


@pytest.fixture
async def two_instances(database: str) -> Any:
    """The data keys of two processes on one database."""
    async with make_pool(database, "tests") as pool:
        yield DataKeys(pool), DataKeys(pool)


async def test_two_instances_seal_under_the_same_key(two_instances: tuple[DataKeys, DataKeys]) -> None:
    first, second = two_instances
    sealing, opening = await first.for_sealing("FOLIO-1"), await second.for_sealing("FOLIO-1")
    assert sealing is not None
    assert opening is not None
    sealed = sealing.seal(b"plain")
    assert opening.open(sealed) == b"plain"
    opened = await second.for_opening(["FOLIO-1", "FOLIO-2"])
    assert opened.keys() == {"FOLIO-1"}
    assert opened["FOLIO-1"].open(sealed) == b"plain"


def test_sealing_twice_gives_different_texts() -> None:
    key = FolioDataKey("FOLIO-1", bytes(32))
    assert key.seal(b"plain") != key.seal(b"plain")


def test_what_was_sealed_for_another_folio_or_changed_does_not_open() -> None:
    sealed = FolioDataKey("FOLIO-1", bytes(32)).seal(b"plain")
    assert FolioDataKey("FOLIO-2", bytes(32)).open(sealed) is None
    assert FolioDataKey("FOLIO-1", b"\x01" * 32).open(sealed) is None
    changed = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]
    for text in (changed, sealed[:-4], "v1.", "v1.!", ""):
        assert FolioDataKey("FOLIO-1", bytes(32)).open(text) is None
