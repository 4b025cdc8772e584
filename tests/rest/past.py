"""What tests of history share: a folio with a bit of everything, and all entries of a history."""

from typing import Any

import httpx

from services.rest.history_schemas import HistoryPage
from tests.conftest import Desk
from tests.rest.support import PAYMENT

Entry = dict[str, Any]
ACCOUNT = {"bankCode": "088", "accountNumber": "110-237-999", "accountHolder": "홍길동무"}


async def lively_folio(desk: Desk) -> dict[str, Any]:
    """FOLIO-1 after a command of every kind; the bills and payments by what became of them."""
    client = desk.client
    room, bar = await desk.add_bill(total=100_000), await desk.add_bill(total=12_000, name="Minibar")
    path = f"/v1/bills/{room['id']}"
    account = {"paymentMethod": "VIRTUAL_ACCOUNT", "virtualAccounts": [ACCOUNT]}
    applied = desk.expect(
        201, await client.post(f"{path}/payments", json={**PAYMENT, **account, "applyToBalance": True})
    )
    loose = await desk.pay(room, 7_000)
    gone = await desk.add_bill(total=900, name="Mistake")
    moving = {"bills": [{"id": room["id"], "splitAmount": 500}], "folioId": "FOLIO-2"}
    settling = {"settlements": [{"targetBillId": bar["id"], "settledAmount": 2_000}]}
    for method, url, body in (
        ("PATCH", path, {"name": "Suite [deluxe]", "totalAmount": 140_000, "reason": "upgrade"}),
        ("PATCH", f"/v1/payments/{applied['id']}", {"amount": 35_000}),
        ("POST", f"{path}/settlements", settling),
        ("POST", f"{path}/settlements", settling),
        ("POST", "/v1/bills/transfer", moving),
        ("POST", "/v1/bills/transfer", {"bills": [{"id": room["id"]}], "folioId": "FOLIO-1", "reservationId": "R-1"}),
        ("POST", f"/v1/payments/{applied['id']}/cancel", {"reason": "refunded"}),
        ("DELETE", f"/v1/payments/{loose['id']}", None),
        ("DELETE", f"/v1/bills/{gone['id']}", None),
        ("POST", f"{path}/cancel", {}),
    ):
        answer = await client.request(method, url, json=body, headers={"X-Folio-Actor": "kim"})
        assert answer.status_code in {200, 204}, answer.text
    back = {"bills": [{"id": bar["id"]}], "folioId": "FOLIO-2"}
    carried = desk.expect(200, await client.post("/v1/bills/transfer", json=back))["items"][0]
    return {"room": room, "bar": bar, "gone": gone, "carried": carried, "applied": applied, "loose": loose}


async def history(client: httpx.AsyncClient, path: str, limit: int = 500, **filters: Any) -> list[Entry]:
    """All entries, gathered page by page; each page is as the description has it."""
    entries: list[Entry] = []
    cursor = None
    while True:
        parameters = {"limit": limit, **filters, **({} if cursor is None else {"cursor": cursor})}
        answer = await client.get(f"{path}/history", params=parameters)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        HistoryPage.model_validate(page)
        entries += page["items"]
        assert len(page["items"]) == limit or page["nextCursor"] is None
        cursor = page["nextCursor"]
        if cursor is None:
            return entries


def check_chain(entries: list[Entry], balance: int) -> None:
    """What was owed after one entry is what was owed before the next, of the folio and of each bill."""
    folio, bills = 0, dict[str, int]()
    for entry in entries:
        told = entry["folioBalance"]
        assert told["before"] == folio
        assert told["after"] == told["before"] + told["effect"]
        folio = told["after"]
        bill = entry["billBalance"]
        assert (bill is None) == (entry["billId"] is None)
        if bill is not None:
            assert bill["before"] == bills.get(entry["billId"], 0)
            assert bill["effect"] == told["effect"] == bill["after"] - bill["before"]
            bills[entry["billId"]] = bill["after"]
    assert folio == balance == sum(bills.values())
