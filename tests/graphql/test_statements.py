"""A page costs the same number of statements however many bills it holds, counted on the way to the database."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.bootstrap import make_service
from tests.conftest import ADMIN_KEY, PAID_AT, Desk, ready_client
from tests.faults.proxy import Proxy
from tests.graphql.asking import Asking
from tests.graphql.leading import FOLIO, MEMBERS

PAYMENT = {
    "paymentMethod": "VIRTUAL_ACCOUNT", "amount": 10, "paidAt": PAID_AT,
    "virtualAccounts": [{"bankCode": "088", "accountNumber": "110", "accountHolder": "홍길동"}],
}  # fmt: skip
PAYMENTS = "payments { id amount virtualAccounts { accountNumber } }"
SETTLEMENTS = "settlementsMade { targetBillId settledAmount } settlementsReceived { paymentBillId }"
LED_TO = """
    settlementsMade { targetBill { name settlementsReceived { paymentBill { name } } } }
    transferOriginBill { name } paymentRequests { id bill { name } }
"""
SELECTIONS = {
    "payments": (PAYMENTS, 2),
    "payments and settlements": (f"{PAYMENTS} {SETTLEMENTS}", 2),
    "all that bills lead to": (f"{PAYMENTS} {LED_TO}", 8),
}
"""What is selected of each bill, and the statements that it may take: one for the data keys, the others for rows."""

PAST_STATEMENTS_MAX = 14


class Watched:
    """A service whose way to the database is watched."""

    def __init__(self, proxy: Proxy, client: httpx.AsyncClient) -> None:
        self._proxy = proxy
        self.graphql = Asking(client)
        self.desk = Desk(client)

    async def statements(self, document: str, **variables: Any) -> int:
        """How many a document takes. The service asks of itself now and then: the least of several times counts."""
        counts = []
        for _ in range(20):
            before = self._proxy.answered
            await self.graphql.data(document, **variables)
            counts.append(self._proxy.answered - before)
        return min(counts)


@pytest.fixture
async def watched(database: str) -> AsyncIterator[Watched]:
    """The service behind a proxy."""
    async with (
        Proxy(database) as proxy,
        make_service(proxy.conninfo, ADMIN_KEY) as service,
        ready_client(service) as client,
    ):
        yield Watched(proxy, client)


@pytest.mark.parametrize(("selection", "most"), SELECTIONS.values(), ids=SELECTIONS.keys())
async def test_a_page_of_100_bills_takes_as_many_statements_as_one_of_3(
    selection: str, most: int, watched: Watched
) -> None:
    desk = watched.desk
    for number in range(34):
        folio = f"FOLIO-{number}"
        target = await desk.add_bill(folio, payments=[PAYMENT])
        settlement = {"targetBillId": target["id"], "settledAmount": 1}
        await desk.add_bill(folio, payments=[PAYMENT, PAYMENT], settlements=[settlement])
        moving = {"bills": [{"id": target["id"], "splitAmount": 5}], "folioId": f"OTHER-{number}"}
        desk.expect(200, await desk.client.post("/v1/bills/transfer", json=moving))
    document = 'getAccommodationBills(accommodationId: "HOTEL-1", first: {}) {{ nodes {{ id {} }} }}'
    few, many = (f"{{ {document.format(first, selection)} }}" for first in (3, 100))
    assert len((await watched.graphql.data(many))["getAccommodationBills"]["nodes"]) == 100
    taken = await watched.statements(many)
    assert taken == await watched.statements(few)
    assert 1 <= taken <= most


async def test_bills_of_a_folio_that_lead_to_one_another_are_loaded_together(watched: Watched) -> None:
    target = await watched.desk.add_bill(total=100_000)
    for _ in range(40):
        await watched.desk.add_bill(total=0, settlements=[{"targetBillId": target["id"], "settledAmount": 1}])
    document = '{ folio(id: "FOLIO-1") { bills { settlementsMade { targetBill { name } } } } }'
    assert await watched.statements(document) <= 2


async def test_a_folio_of_the_past_takes_as_many_statements_with_22_bills_as_with_3(watched: Watched) -> None:
    desk, taken = watched.desk, []
    for folio, payers in (("FEW", 2), ("MANY", 21)):
        target = await desk.add_bill(folio, payments=[PAYMENT])
        for _ in range(payers):
            settlement = {"targetBillId": target["id"], "settledAmount": 1}
            await desk.add_bill(folio, payments=[PAYMENT], settlements=[settlement])
        moving = {"bills": [{"id": target["id"], "splitAmount": 5}], "folioId": f"{folio}-2"}
        [moved] = desk.expect(200, await desk.client.post("/v1/bills/transfer", json=moving))["items"]
        back = {"bills": [{"id": moved["id"]}], "folioId": folio}
        desk.expect(200, await desk.client.post("/v1/bills/transfer", json=back))
        position = (await desk.client.get(f"/v1/folios/{folio}")).headers["Folio-Position"]
        taken.append(await watched.statements(FOLIO + MEMBERS, id=folio, position=position))
    assert taken[0] == taken[1] <= PAST_STATEMENTS_MAX
