"""Asking a guest for money by GraphQL: as the service is set up, not as the face thinks."""

from typing import Any

import pytest

from tests.collection.front import PHONE, Front, open_front
from tests.graphql.asking import Asking

ASK = """mutation($bill: ID!, $phone: String, $key: String) {
    requestPayment(billId: $bill, customerName: "홍길동", phone: $phone, customerKey: $key, sendType: "URL") {
        id warnings maskedPhone customerName
    }
}"""


async def contacts_asked(front: Front, **whom: Any) -> list[str]:
    """Whom the provider was told to ask, after one request."""
    bill = await front.desk.add_bill()
    asked = (await Asking(front.client).data(ASK, bill=bill["id"], **whom))["requestPayment"]
    await front.office.collector.attend(asked["id"], ask_first=False)
    assert asked["customerName"] == "홍*동"
    return [ask.contact for ask in front.provider.asks]


@pytest.mark.parametrize("automatic", [True, False])
async def test_a_link_carries_a_phone_only_where_cards_are_not_charged_automatically(
    database: str, automatic: bool
) -> None:
    async with open_front(database, automatic_card_payment=automatic) as front:
        contacts = await contacts_asked(front, phone=PHONE)
    assert (contacts == [PHONE]) is not automatic


async def test_a_customer_key_that_is_a_phone_makes_no_link_with_automatic_card_payment(database: str) -> None:
    async with open_front(database, automatic_card_payment=True) as front:
        bill = await front.desk.add_bill()
        assert await Asking(front.client).codes(ASK, bill=bill["id"], key=PHONE) == ["INVALID_PARAMETER"]
