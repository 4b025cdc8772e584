"""What an answer about the past leads to is of the same point of the past."""

from typing import Any

from tests.collection.front import PHONE, Front, open_front
from tests.conftest import Desk
from tests.graphql.asking import Asking
from tests.graphql.leading import BILL, shown

Answers = dict[int, Any]


async def story(front: Front, answers: Answers) -> dict[str, Any]:
    """Two folios with a request that is paid and given back, a settlement, and a part of a bill moved away.

    Fills in what was shown of FOLIO-1 at each position; returns the bills.
    """
    desk, client = front.desk, front.client

    async def record() -> None:
        data, position = await shown(client, "FOLIO-1")
        answers[position] = data

    room, bar = await desk.add_bill(total=100_000), await desk.add_bill(total=12_000, name="Minibar")
    await record()
    request = await front.ask(room, amount=40_000)
    await record()
    await front.office.collector.attend(request["id"], ask_first=False)
    await record()
    front.provider.pay(request["id"], 39_000)
    await front.office.collector.attend(request["id"], ask_first=True)
    await record()
    body = {"settlements": [{"targetBillId": bar["id"], "settledAmount": 2_000}]}
    desk.expect(200, await client.post(f"/v1/bills/{room['id']}/settlements", json=body))
    await record()
    desk.expect(200, await client.patch(f"/v1/bills/{bar['id']}", json={"name": "Bar", "totalAmount": 9_000}))
    await record()
    desk.expect(200, await front.operate("refund", request))
    await record()
    origin = await desk.add_bill("FOLIO-2", total=5_000, name="Laundry")
    moving = {"bills": [{"id": origin["id"], "splitAmount": 1_000}], "folioId": "FOLIO-1"}
    [moved] = desk.expect(200, await client.post("/v1/bills/transfer", json=moving))["items"]
    await record()
    desk.expect(204, await client.delete(f"/v1/bills/{origin['id']}"))
    await record()
    return {"room": room, "bar": bar, "moved": moved}


async def test_a_request_a_settlement_and_an_origin_are_shown_as_they_were(database: str) -> None:
    answers: Answers = {}
    async with open_front(database) as front:
        bills = await story(front, answers)
        for position, data in answers.items():
            assert await shown(front.client, "FOLIO-1", position=position) == (data, position)
        rooms = [data["folio"]["bills"][0] for data in answers.values()]
        statuses = [[each["status"] for each in room["paymentRequests"]] for room in rooms]
        assert statuses == [[], ["REQUESTED"], ["SENT"], ["PAID"], ["PAID"], ["PAID"], *[["REFUNDED"]] * 3]
        targets = [room["settlementsMade"][0]["targetBill"] for room in rooms[4:]]
        assert [(target["name"], target["totalAmount"]) for target in targets] == [
            ("Minibar", 12_000), *[("Bar", 9_000)] * 4,
        ]  # fmt: skip
        origins = [data["folio"]["bills"][-1]["transferOriginBill"] for data in list(answers.values())[-2:]]
        assert [origin and origin["name"] for origin in origins] == ["Laundry", None]
        assert PHONE not in str(answers)
        await nested_bills_are_what_is_shown_of_them_alone(front, bills["room"], list(answers)[4])


async def nested_bills_are_what_is_shown_of_them_alone(front: Front, room: dict[str, Any], position: int) -> None:
    """As of a position and a time, what a bill leads to is what a query for that very bill shows."""
    document = """query($id: ID!, $at: DateTime, $position: ID, $effective: DateTime) {
        bill(id: $id, at: $at, position: $position, effectiveAt: $effective) {
            payments { bill { ...members } } settlementsMade { targetBill { ...members } paymentBill { ...members } }
            paymentRequests { bill { ...members } }
        }
    }"""
    data, _ = await shown(front.client, room["id"], document, position=position)
    bill = data["bill"]
    target = bill["settlementsMade"][0]["targetBill"]
    assert target == (await shown(front.client, target["id"], BILL, position=position))[0]["bill"]
    itself = (await shown(front.client, room["id"], BILL, position=position))[0]["bill"]
    assert bill["payments"][0]["bill"] == bill["settlementsMade"][0]["paymentBill"] == itself
    assert bill["paymentRequests"][0]["bill"] == itself


async def test_a_nested_bill_is_as_it_was_in_effect(graphql: Asking, desk: Desk) -> None:
    bar = await desk.add_bill(total=500, name="Minibar")
    payer = await desk.add_bill(total=1_000, settlements=[{"targetBillId": bar["id"], "settledAmount": 100}])
    await desk.pay(bar, 30, paidAt="2199-01-01T00:00:00Z", applyToBalance=True)
    document = """query($id: ID!, $effective: DateTime, $at: DateTime, $position: ID) {
        bill(id: $id, effectiveAt: $effective, at: $at, position: $position) {
            settlementsMade { targetBill { balanceAmount payments { amount bill { balanceAmount } } } }
        }
    }"""
    counted = {"balanceAmount": 370, "payments": [{"amount": 30, "bill": {"balanceAmount": 370}}]}
    early, late = "2198-01-01T00:00:00Z", "2199-01-01T00:00:00Z"
    for point, target in (
        ({"effective": early}, {"balanceAmount": 400, "payments": []}),
        ({"effective": late}, counted),
        ({}, counted),
        ({"effective": late, "at": payer["createdAt"]}, {"balanceAmount": 400, "payments": []}),
    ):
        answer = (await graphql.data(document, id=payer["id"], **point))["bill"]
        assert answer == {"settlementsMade": [{"targetBill": target}]}, point


async def test_a_request_is_in_effect_from_when_it_was_recorded(database: str) -> None:
    async with open_front(database) as front:
        bill = await front.desk.add_bill(total=100_000)
        request = await front.sent(bill)
        for effective, statuses in (
            (bill["createdAt"], []),
            (request["requestedAt"], ["REQUESTED"]),
            (request["sentAt"], ["SENT"]),
        ):
            data, _ = await shown(front.client, bill["id"], BILL, effective=effective)
            assert [each["status"] for each in data["bill"]["paymentRequests"]] == statuses


async def test_one_document_may_show_several_points_of_the_past_and_now(graphql: Asking, desk: Desk) -> None:
    bar = await desk.add_bill(total=500, name="Minibar")
    await desk.add_bill(total=1_000, settlements=[{"targetBillId": bar["id"], "settledAmount": 100}])
    seen = (await graphql.post('{ folio(id: "FOLIO-1") { folioId } }')).json()["extensions"]["position"]
    desk.expect(200, await desk.client.patch(f"/v1/bills/{bar['id']}", json={"name": "Bar"}))
    document = """query($position: ID) {
        now: folio(id: "FOLIO-1") { ...bills }
        then: folio(id: "FOLIO-1", position: $position) { ...bills }
        latest: folio(id: "FOLIO-1", effectiveAt: "2999-01-01T00:00:00Z") { ...bills }
    } fragment bills on Folio { bills { settlementsMade { targetBill { name } } } }"""
    data = await graphql.data(document, position=seen)
    names = {key: each["bills"][1]["settlementsMade"][0]["targetBill"]["name"] for key, each in data.items()}
    assert names == {"now": "Bar", "then": "Minibar", "latest": "Bar"}
