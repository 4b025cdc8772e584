"""The views for BI tools: what they show is what happened, each column says what it means, and no guest is in them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from projections.reporting.documentation import QUERIES, documentation
from projections.reporting.view import SCHEMA
from projections.reporting.views import VIEWS
from services.bootstrap import READ_MODELS
from tests.collection.front import ASK, MESSAGE, NAME, PHONE, open_front
from tests.conftest import Desk, empty_ledger
from tests.projections.books import caught_up
from tests.rest.past import ACCOUNT
from tests.store.clusters import Cluster, ask

PROJECT = Path(__file__).parents[2]
VIEWS_FILE = PROJECT / "projections" / "reporting" / "VIEWS.md"
RELEASED = PROJECT / "tests" / "history" / "views"
CATALOGUE = f"""
    SELECT relname, obj_description(pg_class.oid, 'pg_class'), attname, format_type(atttypid, atttypmod),
           col_description(pg_class.oid, attnum)
      FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
     WHERE relnamespace = '{SCHEMA}'::regnamespace AND attnum > 0 ORDER BY relname, attnum
"""
PERSONAL = ("guest", "customer", "phone", "email", "url", "virtual", "account_number", "holder", "body", "payload")
CLOSED = """
    INSERT INTO read_model.house_entries (position, subject, event, accommodation_id, business_date, recorded_at, actor,
                                          closed_date)
    VALUES (1000, 'accommodation/HOTEL-3', 'accommodation.day_closed', 'HOTEL-3', '2026-11-23', now(), 'Kim',
            '2026-11-22')
"""

GUEST = (NAME, PHONE, ASK["phone"], MESSAGE, ACCOUNT["accountNumber"], ACCOUNT["accountHolder"])

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def empty(postgres: str) -> str:
    """A database with an empty ledger, which nothing that uses it may change."""
    empty_ledger(postgres)
    return postgres


def test_every_view_and_column_of_the_database_is_as_described_and_has_a_comment(empty: str) -> None:
    described = [
        (view.name, view.meaning, column.name, column.kind.type, column.comment)
        for view in sorted(VIEWS, key=lambda view: view.name)
        for column in view.columns
    ]
    assert ask(empty, CATALOGUE) == described
    text = VIEWS_FILE.read_text("utf-8")
    for name, meaning, column, kind, comment in described:
        section = text.split(f"### `{SCHEMA}.{name}`")[1].split("\n###")[0]
        assert meaning in section
        [row] = [line for line in section.splitlines() if line.startswith(f"| `{column}` |")]
        _, _, said, unit, said_meaning, _ = (cell.strip() for cell in row.split("|"))
        assert said == kind
        assert comment == (f"{said_meaning}. Unit: {unit}" if unit else said_meaning)


def test_the_file_is_as_it_is_made() -> None:
    assert VIEWS_FILE.read_text("utf-8") == documentation()


@pytest.mark.parametrize("released", sorted(RELEASED.glob("*.txt")), ids=lambda path: path.stem)
def test_what_was_released_keeps_its_names_types_and_places(released: Path) -> None:
    now = {view.name: [f"{view.name} {column.name} {column.kind.type}" for column in view.columns] for view in VIEWS}
    then: dict[str, list[str]] = {}
    for line in released.read_text("utf-8").splitlines():
        then.setdefault(line.split()[0], []).append(line)
    assert {name: now.get(name, [])[: len(columns)] for name, columns in then.items()} == then


def test_every_amount_has_its_currency_beside_it_and_no_column_names_anything_of_a_guest() -> None:
    for view in VIEWS:
        names = [column.name for column in view.columns]
        assert len(set(names)) == len(names)
        if any((column.kind.unit or "").startswith("minor units") for column in view.columns):
            assert "currency" in names
        assert not [name for name in names if any(word in name for word in PERSONAL)]
        assert set(view.read_models) <= {model.name for model in READ_MODELS}


@pytest.fixture
def tool(database: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """What a BI tool sees."""
    cluster = Cluster(database)
    with (
        cluster.login("hotel_bi", "IN ROLE folio_reporting") as name,
        psycopg.connect(
            cluster.address(name, "folio"), autocommit=True, row_factory=psycopg.rows.dict_row
        ) as connection,
    ):
        yield connection


async def correct_a_method(desk: Desk) -> None:
    """100 on a bill of FOLIO-1 that were recorded as cash were a transfer."""
    bill = (await desk.folio("FOLIO-1"))["bills"][0]
    payment = await desk.pay(bill, 100, paymentMethod="CASH")
    desk.expect(200, await desk.client.patch(f"/v1/payments/{payment['id']}", json={"paymentMethod": "TRANSFER"}))


async def test_what_the_views_show_is_what_happened_and_tells_nothing_of_guests(
    database: str, tool: psycopg.Connection[dict[str, Any]]
) -> None:
    async with open_front(database) as front:
        desk, client = front.desk, front.client
        settings = {"name": "Grand", "currency": "USD", "timeZone": "Asia/Seoul"}
        desk.expect(200, await client.put("/v1/accommodations/HOTEL-2", json=settings))
        paid, asked = await front.paid(), await front.ask()
        room = await desk.add_bill("FOLIO-9", 90_000, accommodationId="HOTEL-2")
        mistake = await desk.add_bill("FOLIO-9", 5_000, accommodationId="HOTEL-2")
        assert (await client.delete(f"/v1/bills/{mistake['id']}")).is_success
        taken = await desk.pay(
            room, 40_000, applyToBalance=True, paymentMethod="VIRTUAL_ACCOUNT", virtualAccounts=[ACCOUNT]
        )
        wrong = await desk.pay(room, 7, applyToBalance=True)
        desk.expect(200, await client.post(f"/v1/payments/{wrong['id']}/cancel", json={"reason": "typed twice"}))
        await correct_a_method(desk)
        await caught_up(database, await front.service.store.position())
        ask(database, CLOSED)

    def rows(view: str, where: str = "true") -> Rows:
        return tool.execute(f"SELECT * FROM {SCHEMA}.{view} WHERE {where}".encode()).fetchall()

    [folio] = rows("folios", "folio_id = 'FOLIO-9'")
    assert (folio["currency"], folio["balance_amount"]) == ("USD", 50_000)
    bills = {row["bill_id"]: row for row in rows("bills")}
    for bill, status, balance in ((room, "OPEN", 50_000), (mistake, "DELETED", 0)):
        assert (bills[bill["id"]]["status"], bills[bill["id"]]["balance_amount"]) == (status, balance)
    entries = rows("bill_entries")
    for bill_id, bill in bills.items():
        assert sum(row["balance_effect"] for row in entries if row["bill_id"] == bill_id) == bill["balance_amount"]
    for row in entries:
        flows = row["charged"] - row["paid"] + row["transferred"] + row["settled"] + row["adjusted"]
        assert row["balance_effect"] == flows
    payments = {row["payment_id"]: row for row in rows("payments")}
    assert (payments[taken["id"]]["status"], payments[taken["id"]]["amount"]) == ("LIVE", 40_000)
    assert payments[wrong["id"]]["status"] == "CANCELLED"
    effects = rows("payment_entries", f"payment_id = '{wrong['id']}' ORDER BY position")
    assert [(row["amount_effect"], row["reason"]) for row in effects] == [(7, None), (-7, "typed twice")]
    requests = {row["payment_request_id"]: row for row in rows("payment_requests")}
    assert [requests[request["id"]]["status"] for request in (paid, asked)] == ["PAID", "REQUESTED"]
    assert requests[paid["id"]]["paid_date"] is not None
    assert payments[requests[paid["id"]]["payment_id"]]["payment_request_id"] == paid["id"]
    steps = rows("request_entries", f"payment_request_id = '{paid['id']}' ORDER BY position")
    assert [row["status"] for row in steps] == ["REQUESTED", "SENT", "PAID"]
    [house] = rows("accommodations", "accommodation_id = 'HOTEL-2'")
    assert (house["name"], house["currency"], house["time_zone"]) == ("Grand", "USD", "Asia/Seoul")
    [closed] = rows("closed_days")
    assert (closed["accommodation_id"], closed["business_date"].isoformat(), closed["closed_by"]) == (
        "HOTEL-3",
        "2026-11-22",
        "Kim",
    )

    everything = {view.name: rows(view.name) for view in VIEWS}
    for name, found in everything.items():
        assert found
        for row in found:
            assert "currency" not in row or row["currency"] == (
                "USD" if row["accommodation_id"] == "HOTEL-2" else "KRW"
            )
            assert "business_date" not in row or row["business_date"] is not None, name
    shown = json.dumps(everything, default=str, ensure_ascii=False)
    stored = ask(
        database, "SELECT guest, url, virtual_accounts::text FROM read_model.payment_requests, read_model.payments"
    )
    sealed = {value for row in stored for value in row if value}
    assert len(sealed) > 3
    for secret in (*GUEST, *sealed):
        assert secret not in shown

    month, owed, requests_by_week = (tool.execute(always(query).encode()).fetchall() for query in QUERIES.values())
    assert [(row["payment_method"], row["currency"], row["taken"]) for row in month] == [
        ("CARD", "KRW", 30_000),
        ("CASH", "KRW", 0),
        ("TRANSFER", "KRW", 100),
    ]
    assert [tuple(row[name] for name in ("folio_id", "owed")) for row in owed] + [
        (row["requests"], row["paid"]) for row in requests_by_week
    ] == [("FOLIO-1", 170_000), (1, 1)]


def always(query: str) -> str:
    """An example of the description, for any time."""
    return (
        query.replace("2026-11-01", "2000-01-01")
        .replace("2026-11-30", "2999-12-31")
        .replace("2026-11-22", "2999-12-31")
    )
