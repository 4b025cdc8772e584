"""Lists: in pages that stay the same while rows are added, and filtered by everything there is."""

from typing import Any

import httpx

from services.rest.schemas import BillPage
from tests.conftest import Desk

LIST = "/v1/accommodations/HOTEL-1/bills"


async def pages(client: httpx.AsyncClient, path: str, **parameters: Any) -> list[list[dict[str, Any]]]:
    """All pages of a list, following the cursors."""
    found, cursor = [], None
    while True:
        given = {**parameters, **({} if cursor is None else {"cursor": cursor})}
        answer = await client.get(path, params=given)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page.keys() == {"items", "nextCursor"}
        found.append(page["items"])
        cursor = page["nextCursor"]
        if cursor is None:
            return found


async def ids(client: httpx.AsyncClient, **parameters: Any) -> list[str]:
    return [bill["id"] for page in await pages(client, LIST, **parameters) for bill in page]


async def test_bills_come_newest_first_in_pages_of_the_size_asked_for(desk: Desk, client: httpx.AsyncClient) -> None:
    bills = [await desk.add_bill(f"FOLIO-{number % 3}", number) for number in range(7)]
    await desk.add_bill("OTHER", accommodationId="HOTEL-2")
    newest_first = list(reversed(bills))
    for limit in (1, 3, 6, 7, 8, 500):
        found = await pages(client, LIST, limit=limit)
        assert found == [newest_first[start : start + limit] for start in range(0, 7, limit)]
    answer = await client.get(LIST)
    assert answer.json() == {"items": newest_first, "nextCursor": None}
    BillPage.model_validate_json(answer.content)


async def test_a_page_holds_a_hundred_bills_unless_told_otherwise(desk: Desk, client: httpx.AsyncClient) -> None:
    body = {"accommodationId": "HOTEL-1", "name": "Room", "totalAmount": 1}
    command = {"method": "POST", "path": "/v1/folios/F/bills", "body": body}
    desk.expect(200, await client.post("/v1/commands", json={"atomic": True, "commands": [command] * 101}))
    assert [len(page) for page in await pages(client, LIST)] == [100, 1]
    assert [len(page) for page in await pages(client, LIST, limit=500)] == [101]


async def test_a_list_is_stable_while_bills_are_added_changed_and_deleted(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    bills = [await desk.add_bill(total=number) for number in range(1, 8)]
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        parameters = {"limit": 2} | ({} if cursor is None else {"cursor": cursor})
        page = desk.expect(200, await client.get(LIST, params=parameters))
        seen.extend(bill["id"] for bill in page["items"])
        cursor = page["nextCursor"]
        await desk.add_bill(total=1_000)
        await client.patch(f"/v1/bills/{bills[0]['id']}", json={"totalAmount": len(seen)})
        if len(seen) == 4:  # one that was shown already, and one that was not
            for index in (6, 2):
                desk.expect(204, await client.delete(f"/v1/bills/{bills[index]['id']}"))
    assert cursor is None
    assert seen == [bills[index]["id"] for index in (6, 5, 4, 3, 1, 0)]


async def test_filters_find_what_they_name_and_nothing_else(desk: Desk, client: httpx.AsyncClient) -> None:
    first = await desk.add_bill("FOLIO-1", 1, reservationId="RES-1")
    second = await desk.add_bill("FOLIO-2", 2, reservationId="RES-1")
    third = await desk.add_bill("FOLIO-2", 0)
    fourth = await desk.add_bill("FOLIO-2", 4, reservationId="RES-2")
    desk.expect(200, await client.post(f"/v1/bills/{fourth['id']}/cancel"))
    body = {"bills": [{"id": second["id"]}], "folioId": "FOLIO-3", "reservationId": "RES-1"}
    (moved,) = desk.expect(200, await client.post("/v1/bills/transfer", json=body))["items"]
    since = (await desk.bill(fourth["id"]))["updatedAt"]
    expected: list[tuple[dict[str, str], list[Any]]] = [
        ({"folioId": "FOLIO-2"}, [fourth, third, second]),
        ({"folioId": "FOLIO-9"}, []),
        ({"reservationId": "RES-1"}, [moved, second, first]),
        ({"reservationId": "RES-1", "folioId": "FOLIO-1"}, [first]),
        ({"status": "OPEN"}, [moved, first]),
        ({"status": "SETTLED"}, [third]),
        ({"status": "CANCELLED"}, [fourth]),
        ({"status": "TRANSFERRED"}, [second]),
        ({"status": "OPEN", "reservationId": "RES-1", "folioId": "FOLIO-3"}, [moved]),
        ({"updatedSince": first["createdAt"]}, [moved, fourth, third, second, first]),
        ({"updatedSince": since}, [moved, fourth, second]),
        ({"updatedSince": since, "status": "TRANSFERRED"}, [second]),
        ({"updatedSince": moved["createdAt"].replace("Z", "-00:01")}, []),
    ]
    for filters, bills in expected:
        for limit in (1, 100):
            assert await ids(client, **filters, limit=limit) == [bill["id"] for bill in bills], filters


async def test_the_payments_of_a_bill_come_in_the_order_recorded(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    payments = [await desk.pay(bill, number, paidAt=f"2026-11-{25 - number}T00:00:00Z") for number in range(1, 8)]
    path = f"/v1/bills/{bill['id']}/payments"
    for limit in (1, 3, 7, 100):
        found = await pages(client, path, limit=limit)
        assert found == [payments[start : start + limit] for start in range(0, 7, limit)]
    assert (await desk.bill(bill["id"]))["payments"] == payments

    first = desk.expect(200, await client.get(path, params={"limit": 3}))
    await desk.pay(bill, 8)
    desk.expect(204, await client.delete(f"/v1/payments/{payments[4]['id']}"))
    rest = await pages(client, path, limit=3, cursor=first["nextCursor"])
    assert [payment["amount"] for page in rest for payment in page] == [4, 6, 7, 8]


async def test_a_folio_shows_its_bills_in_the_order_posted(desk: Desk) -> None:
    bills = [await desk.add_bill(total=number) for number in (5, 3, 9)]
    folio = await desk.folio("FOLIO-1")
    assert folio["bills"] == bills
    assert {name: folio[name] for name in folio if name != "bills"} == {
        "folioId": "FOLIO-1", "accommodationId": "HOTEL-1", "currency": "KRW",
        "totalAmount": 17, "paidAmount": 0, "balanceAmount": 17,
    }  # fmt: skip
