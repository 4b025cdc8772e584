"""The PMS's Bill API in the words of its guide: documents that were written for it work as they are."""

from typing import Any

from tests.conftest import PAID_AT, Desk
from tests.graphql.asking import Asking

BILL = "id billCode folioId reservationId name totalAmount balanceAmount status transferOriginFolioId createdBy"
WHOLE_BILL = f"""
    {BILL} originRateSnapshot originInclusionSnapshot
    payments {{ id billId paymentMethod amount paidAt paidBy cancelledAt cancelledBy
               virtualAccounts {{ bankCode accountNumber accountHolder }} }}
    settlementsMade {{ paymentBillId targetBillId settledAmount }}
    settlementsReceived {{ paymentBillId targetBillId settledAmount }}
"""
PAYMENT = """
    id billId paymentMethod amount paidAt paidBy cancelledAt cancelledBy
    virtualAccounts { bankCode accountNumber accountHolder }
"""
ACCOUNT = {"bankCode": "088", "accountNumber": "110-123-456789", "accountHolder": "홍길동"}


async def test_a_bill_is_added_to_a_folio_with_payments_and_settlements(graphql: Asking, desk: Desk) -> None:
    target = await desk.add_bill(total=30_000)
    data = await graphql.data(
        f"""mutation($target: ID!) {{
            addBillToFolio(
                folioId: "FOLIO-1", name: "Deposit", totalAmount: 0, reservationId: "RES-1",
                payments: [{{paymentMethod: "VIRTUAL_ACCOUNT", amount: 20000, paidAt: "{PAID_AT}", virtualAccounts:
                    {{bankCode: "088", accountNumber: "110-123-456789", accountHolder: "홍길동"}}}}],
                settlements: [{{targetBillId: $target, settledAmount: 15000}}]
            ) {{ {WHOLE_BILL} }}
        }}""",
        target=target["id"],
    )
    bill = data["addBillToFolio"]
    assert bill.pop("id") != target["id"]
    assert bill.pop("billCode").startswith("B")
    [payment] = bill.pop("payments")
    assert (payment["amount"], payment["paidAt"]) == (20_000, "2026-11-22T05:00:00Z")
    assert payment["virtualAccounts"] == [ACCOUNT]
    [settlement] = bill.pop("settlementsMade")
    assert settlement["targetBillId"] == target["id"]
    assert settlement["settledAmount"] == 15_000
    assert bill == {
        "folioId": "FOLIO-1", "reservationId": "RES-1", "name": "Deposit", "totalAmount": 0, "balanceAmount": -5_000,
        "status": "OPEN", "transferOriginFolioId": None, "createdBy": "admin", "originRateSnapshot": None,
        "originInclusionSnapshot": None, "settlementsReceived": [],
    }  # fmt: skip
    assert (await desk.bill(target["id"]))["balanceAmount"] == 15_000


async def test_the_bills_of_an_accommodation_are_a_list_whose_members_are_selected_straight(
    graphql: Asking, desk: Desk
) -> None:
    first, second = await desk.add_bill(), await desk.add_bill("FOLIO-2", 5)
    await desk.add_bill("ELSEWHERE", accommodationId="HOTEL-2")
    data = await graphql.data(f'{{ getAccommodationBills(accommodationId: "HOTEL-1") {{ {BILL} }} }}')
    assert [bill["id"] for bill in data["getAccommodationBills"]] == [second["id"], first["id"]]
    assert data["getAccommodationBills"][0] == {name: second[name] for name in BILL.split()}


async def test_the_list_comes_under_an_alias_from_variables_and_by_fragments_too(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    document = """
        query Bills($hotel: ID!, $all: Boolean!) {
            mine: getAccommodationBills(accommodationId: $hotel) { ...ofBill }
            inline: getAccommodationBills(accommodationId: $hotel) { ... on Bill { id } }
            bare: getAccommodationBills(accommodationId: $hotel) { ... @include(if: true) { id } }
            none: getAccommodationBills(accommodationId: $hotel) @include(if: $all) { id }
        }
        fragment ofBill on Bill { __typename code: billCode }
    """
    data = await graphql.data(document, hotel="HOTEL-1", all=False)
    assert data == {
        "mine": [{"__typename": "Bill", "code": bill["billCode"]}],
        "inline": [{"id": bill["id"]}],
        "bare": [{"id": bill["id"]}],
    }


async def test_the_payments_of_a_bill_come_in_the_order_recorded(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    payments = [await desk.pay(bill, amount) for amount in (1, 2, 3)]
    await desk.client.delete(f"/v1/payments/{payments[1]['id']}")
    data = await graphql.data(
        f"query($bill: ID!) {{ getBillPayments(billId: $bill) {{ {PAYMENT} }} }}", bill=bill["id"]
    )
    names = [name for name in PAYMENT.split() if name in payments[0]]
    assert [{name: got[name] for name in names} for got in data["getBillPayments"]] == [
        {name: payment[name] for name in names} for payment in (payments[0], payments[2])
    ]


async def test_a_bill_is_updated_then_cancelled_and_then_deleted(graphql: Asking, desk: Desk) -> None:
    bill: Any = await desk.add_bill()

    async def run(document: str, **variables: Any) -> Any:
        return await graphql.data(document, id=bill["id"], **variables)

    update = "mutation($id: ID!, $name: String, $total: Amount, $balance: Amount) { updateBill(id: $id, name: $name,"
    update += " totalAmount: $total, balanceAmount: $balance) { name totalAmount balanceAmount } }"
    assert (await run(update, name="Suite"))["updateBill"]["name"] == "Suite"
    assert (await run(update, total=80_000))["updateBill"] == {
        "name": "Suite", "totalAmount": 80_000, "balanceAmount": 80_000,
    }  # fmt: skip
    assert (await run(update, balance=1))["updateBill"]["balanceAmount"] == 1
    cancelled = await run('mutation($id: ID!) { cancelBill(id: $id, name: "No show") { name status cancelledBy } }')
    assert cancelled == {"cancelBill": {"name": "No show", "status": "CANCELLED", "cancelledBy": "admin"}}
    assert await run("mutation($id: ID!) { deleteBill(id: $id) }") == {"deleteBill": True}
    assert (await desk.client.get(f"/v1/bills/{bill['id']}")).status_code == 404


async def test_bills_are_transferred_whole_and_in_part_in_the_order_asked(graphql: Asking, desk: Desk) -> None:
    whole, part = await desk.add_bill(total=10_000), await desk.add_bill(total=20_000)
    data = await graphql.data(
        f"""mutation($bills: [TransferInput!]!) {{
            transferBills(bills: $bills, folioId: "FOLIO-2", reservationId: "RES-2") {{ {WHOLE_BILL} }}
        }}""",
        bills=[{"id": part["id"], "splitAmount": 5_000}, {"id": whole["id"]}],
    )
    assert [
        (bill["folioId"], bill["reservationId"], bill["totalAmount"], bill["transferOriginFolioId"])
        for bill in data["transferBills"]
    ] == [("FOLIO-2", "RES-2", 5_000, "FOLIO-1"), ("FOLIO-2", "RES-2", 10_000, "FOLIO-1")]
    assert (await desk.bill(whole["id"]))["status"] == "TRANSFERRED"


async def test_one_bill_may_stand_where_a_list_is_asked_for(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    data = await graphql.data(
        'mutation($id: ID!) { transferBills(bills: {id: $id}, folioId: "FOLIO-1", reservationId: "R") { id } }',
        id=bill["id"],
    )
    assert data == {"transferBills": [{"id": bill["id"]}]}


async def test_a_payment_is_added_without_touching_the_balance_and_corrected_cancelled_and_deleted(
    graphql: Asking, desk: Desk
) -> None:
    bill = await desk.add_bill()
    add = f"""mutation($bill: ID!, $amount: Amount!, $paidAt: DateTime!, $accounts: [VirtualAccountInput!]) {{
        addPaymentToBill(billId: $bill, paymentMethod: "VIRTUAL_ACCOUNT", amount: $amount, paidAt: $paidAt,
                         virtualAccounts: $accounts) {{ {PAYMENT} appliedToBalance }}
    }}"""
    added = await graphql.data(add, bill=bill["id"], amount=40_000, paidAt=PAID_AT, accounts=ACCOUNT)
    payment = added["addPaymentToBill"]
    assert payment["virtualAccounts"] == [ACCOUNT]
    assert payment["appliedToBalance"] is False
    assert (await desk.bill(bill["id"]))["balanceAmount"] == 100_000
    update = """mutation($id: ID!) {
        updatePayment(
            id: $id, paymentMethod: "CARD", amount: 45000, paidAt: "2026-11-22T00:00:00Z", virtualAccounts: []
        ) { paymentMethod amount paidAt virtualAccounts { bankCode } }
    }"""
    assert (await graphql.data(update, id=payment["id"]))["updatePayment"] == {
        "paymentMethod": "CARD", "amount": 45_000, "paidAt": "2026-11-22T00:00:00Z", "virtualAccounts": None,
    }  # fmt: skip
    cancel = "mutation($id: ID!) { cancelPayment(id: $id) { id cancelledBy cancelledAt } }"
    cancelled = (await graphql.data(cancel, id=payment["id"]))["cancelPayment"]
    assert (cancelled["id"], cancelled["cancelledBy"]) == (payment["id"], "admin")
    assert cancelled["cancelledAt"].endswith("Z")
    assert await graphql.data("mutation($id: ID!) { deletePayment(id: $id) }", id=payment["id"]) == {
        "deletePayment": True
    }
    assert (await desk.bill(bill["id"]))["payments"] == []


async def test_amounts_up_to_10_to_the_15_go_in_and_come_out_whole(graphql: Asking) -> None:
    document = """mutation($total: Amount!, $least: Amount!) {
        most: addBillToFolio(folioId: "F", accommodationId: "H", name: "x", totalAmount: $total) { totalAmount }
        least: addBillToFolio(folioId: "F", name: "x", totalAmount: $least) { totalAmount }
        literal: addBillToFolio(folioId: "F", name: "x", totalAmount: 999999999999999) { totalAmount }
    }"""
    data = await graphql.data(document, total=10**15, least=-(10**15))
    assert [data[name]["totalAmount"] for name in ("most", "least", "literal")] == [10**15, -(10**15), 10**15 - 1]
