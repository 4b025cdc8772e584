"""Beyond the guide: pages and filters, folios, the past, payments and what they lead to."""

from typing import Any

import pytest

from services.graphql.execution import ViewExecution
from services.graphql.queries import LIST_MAX
from tests.conftest import Desk
from tests.graphql.asking import Asking, errors_of
from tests.rest.support import UNKNOWN_ULID

PAGE = """query($first: Int, $after: String, $folio: ID, $reservation: ID, $status: BillStatus, $since: DateTime) {
    getAccommodationBills(accommodationId: "HOTEL-1", first: $first, after: $after, folioId: $folio,
                          reservationId: $reservation, status: $status, updatedSince: $since) {
        edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
}"""


async def page_of(graphql: Asking, **variables: Any) -> Any:
    """A page of bills."""
    return (await graphql.data(PAGE, **variables))["getAccommodationBills"]


async def test_pages_follow_one_another_while_bills_are_added(graphql: Asking, desk: Desk) -> None:
    bills = [(await desk.add_bill())["id"] for _ in range(5)]
    seen: list[str] = []
    after = None
    while True:
        page = await page_of(graphql, first=2, after=after)
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        info = page["pageInfo"]
        assert (info["startCursor"], info["endCursor"]) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
        assert info["hasPreviousPage"] is (after is not None)
        seen += [node["id"] for node in page["nodes"]]
        await desk.add_bill()
        if not info["hasNextPage"]:
            break
        after = info["endCursor"]
    assert seen == bills[::-1]


async def test_a_page_goes_on_after_any_of_its_bills(graphql: Asking, desk: Desk) -> None:
    bills = [(await desk.add_bill())["id"] for _ in range(4)]
    edges = (await page_of(graphql))["edges"]
    for number, edge in enumerate(edges):
        rest = await page_of(graphql, after=edge["cursor"])
        assert [node["id"] for node in rest["nodes"]] == bills[::-1][number + 1 :]


async def test_a_cursor_of_rest_serves_here_and_the_other_way_round(graphql: Asking, desk: Desk) -> None:
    bills = [(await desk.add_bill())["id"] for _ in range(3)]
    address = "/v1/accommodations/HOTEL-1/bills"
    cursor = (await desk.client.get(f"{address}?limit=1")).json()["nextCursor"]
    page = await page_of(graphql, first=1, after=cursor)
    assert [node["id"] for node in page["nodes"]] == [bills[1]]
    rest = await desk.client.get(f"{address}?cursor={page['pageInfo']['endCursor']}")
    assert [bill["id"] for bill in rest.json()["items"]] == [bills[0]]


async def test_a_page_without_bills_has_no_cursors(graphql: Asking) -> None:
    assert await page_of(graphql) == {
        "edges": [],
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


async def test_bills_are_filtered_as_over_rest(graphql: Asking, desk: Desk) -> None:
    first = await desk.add_bill("FOLIO-1", reservationId="R-1")
    second = await desk.add_bill("FOLIO-2", 0)
    for variables, expected in (
        ({"folio": "FOLIO-1"}, [first]),
        ({"reservation": "R-1"}, [first]),
        ({"status": "SETTLED"}, [second]),
        ({"status": "OPEN"}, [first]),
        ({"since": second["updatedAt"]}, [second]),
        ({"folio": "FOLIO-1", "status": "SETTLED"}, []),
        ({"folio": None, "status": None}, [second, first]),
    ):
        page = await page_of(graphql, **variables)
        assert [node["id"] for node in page["nodes"]] == [bill["id"] for bill in expected], variables


async def test_every_member_is_as_rest_shows_it(graphql: Asking, desk: Desk) -> None:
    account = {"bankCode": "088", "accountNumber": "110", "accountHolder": "홍길동"}
    target = await desk.add_bill(total=500)
    bill = await desk.add_bill(
        originRateSnapshot="RATE-1", originInclusionSnapshot="INCLUSION-1", reservationId="R-1",
        settlements=[{"targetBillId": target["id"], "settledAmount": 200}],
        payments=[{"paymentMethod": "VIRTUAL_ACCOUNT", "amount": 1, "paidAt": "2026-11-22T00:00:00Z",
                   "virtualAccounts": [account]}],
    )  # fmt: skip
    for shown in (bill["id"], target["id"], (await split(desk, bill))["id"]):
        expected = await desk.bill(shown)
        document = f'{{ bill(id: "{shown}") {{ {selection(expected)} }} }}'
        assert (await graphql.data(document))["bill"] == expected
    folio = await desk.folio("OTHER")
    assert (await graphql.data(f'{{ folio(id: "OTHER") {{ {selection(folio)} }} }}'))["folio"] == folio
    hotel = (await desk.client.get("/v1/accommodations/HOTEL-1")).json()
    assert (await graphql.data(f'{{ accommodation(id: "HOTEL-1") {{ {selection(hotel)} }} }}')) == {
        "accommodation": hotel
    }
    payment = bill["payments"][0]
    document = f'{{ payment(id: "{payment["id"]}") {{ {selection(payment)} }} }}'
    assert (await graphql.data(document))["payment"] == payment


async def split(desk: Desk, bill: dict[str, Any]) -> Any:
    """A part of the bill, moved to another folio."""
    body = {"bills": [{"id": bill["id"], "splitAmount": 9}], "folioId": "OTHER"}
    return (await desk.client.post("/v1/bills/transfer", json=body)).json()["items"][0]


def selection(view: dict[str, Any]) -> str:
    """Every member of a view, selected; a list by its first item, an empty one by an id."""
    empty = {"payments": "id", "settlementsMade": "settledAt", "settlementsReceived": "settledAt", "payssam": "member"}
    names = []
    for name, value in view.items():
        item = value[0] if isinstance(value, list) and value else value
        inner = selection(item) if isinstance(item, dict) else empty.get(name, "")
        if name == "virtualAccounts":
            inner = inner or "bankCode"
        names.append(f"{name} {{ {inner} }}" if inner else name)
    return " ".join(names)


async def test_the_past_is_shown_as_it_was(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    answer = await desk.client.patch(f"/v1/bills/{bill['id']}", json={"name": "Suite"})
    position = int(answer.headers["Folio-Position"])
    document = """query($id: ID!, $at: DateTime, $before: ID, $after: ID) {
        at: bill(id: $id, at: $at) { name } before: bill(id: $id, position: $before) { name version }
        after: bill(id: $id, position: $after) { name version }
        folio(id: "FOLIO-1", position: $before) { bills { name } }
    }"""
    variables = {"at": bill["updatedAt"], "before": position - 1, "after": str(position)}
    assert await graphql.data(document, id=bill["id"], **variables) == {
        "at": {"name": "Room charge"},
        "before": {"name": "Room charge", "version": bill["version"]},
        "after": {"name": "Suite", "version": bill["version"] + 1},
        "folio": {"bills": [{"name": "Room charge"}]},
    }
    assert await graphql.codes(document, id=bill["id"], at="2000-01-01T00:00:00Z") == ["DATA_NOT_FOUND_ON_ID"]


async def test_answers_are_fresh_and_say_their_position(graphql: Asking, desk: Desk) -> None:
    document = 'query($id: ID!) { bill(id: $id) { id } accommodation(id: "HOTEL-1") { id } }'
    for number in range(20):
        bill = await desk.add_bill()
        response = await graphql.post(document, id=bill["id"])
        assert response.json()["data"]["bill"] == {"id": bill["id"]}, number
        assert int(response.headers["Folio-Position"]) == response.json()["extensions"]["position"] > number
    minimum = {"Folio-Min-Position": "1"}
    assert "errors" not in (await graphql.post("{ __typename }", minimum)).json()
    eventual = await graphql.client.post("/graphql?consistency=eventual", json={"query": "{ __typename }"})
    assert eventual.json() == {"data": {"__typename": "Query"}}


async def test_the_position_of_a_document_is_the_earliest_of_its_answers(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    await desk.pay(bill, 1)
    past = "query($id: ID!) { now: bill(id: $id) { id } past: bill(id: $id, position: 3) { id } }"
    for document in (past, past.replace("now", "zzz")):
        assert (await graphql.post(document, id=bill["id"])).headers["Folio-Position"] == "3"


async def test_a_position_that_is_not_reached_in_time_is_told(graphql: Asking) -> None:
    document = '{ folio(id: "F") { folioId } }'
    assert await graphql.codes(document, {"Folio-Min-Position": "999"}) == ["NOT_CAUGHT_UP"]


async def test_settlements_lead_to_their_bills_and_a_bill_to_its_origin(graphql: Asking, desk: Desk) -> None:
    target = await desk.add_bill(total=500)
    payer = await desk.add_bill(total=0, settlements=[{"targetBillId": target["id"], "settledAmount": 200}])
    moved = await split(desk, target)
    document = """query($payer: ID!, $target: ID!, $moved: ID!) {
        payer: bill(id: $payer) { settlementsMade { targetBill { id } paymentBill { id } } transferOriginBill { id } }
        target: bill(id: $target) { settlementsReceived { paymentBill { id name } } }
        moved: bill(id: $moved) { transferOriginBill { id folioId } }
    }"""
    assert await graphql.data(document, payer=payer["id"], target=target["id"], moved=moved["id"]) == {
        "payer": {
            "settlementsMade": [{"targetBill": {"id": target["id"]}, "paymentBill": {"id": payer["id"]}}],
            "transferOriginBill": None,
        },
        "target": {"settlementsReceived": [{"paymentBill": {"id": payer["id"], "name": "Room charge"}}]},
        "moved": {"transferOriginBill": {"id": target["id"], "folioId": "FOLIO-1"}},
    }


async def test_members_that_views_hold_are_not_resolved_one_by_one(
    graphql: Asking, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute, resolved = ViewExecution.execute_field, []

    def watched(self: ViewExecution, *args: Any) -> Any:
        resolved.append(args[2][0].node.name.value)
        return execute(self, *args)

    monkeypatch.setattr(ViewExecution, "execute_field", watched)
    for _ in range(3):
        await desk.pay(await desk.add_bill(), 1)
    await page_of(graphql)
    assert resolved == ["accommodationBills"]
    resolved.clear()
    document = '{ getAccommodationBills(accommodationId: "HOTEL-1") { id payments { amount } paymentRequests { id } } }'
    await graphql.data(document)
    assert resolved == ["getAccommodationBills", *["paymentRequests"] * 3]


async def test_members_come_in_the_order_and_under_the_names_of_the_document(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    response = await graphql.post(
        """query($id: ID!) { bill(id: $id) {
            b: name paymentRequests { id } __typename a: name payments { id } ...more ... on Bill { c: name }
        } }
        fragment more on Bill { status paymentRequests { amount } balanceAmount }""",
        id=bill["id"],
    )
    assert list(response.json()["data"]["bill"]) == [
        "b", "paymentRequests", "__typename", "a", "payments", "status", "balanceAmount", "c",
    ]  # fmt: skip


async def test_the_pages_are_there_by_their_own_name_and_by_that_of_the_list(graphql: Asking, desk: Desk) -> None:
    bills = [(await desk.add_bill())["id"] for _ in range(3)]
    document = """query($hotel: ID!) {
        accommodationBills(accommodationId: $hotel, first: 1) { nodes { id } }
        getAccommodationBills(accommodationId: $hotel, first: 2) { ...page }
        inline: getAccommodationBills(accommodationId: $hotel, first: 2) { ... on BillConnection { nodes { id } } }
        bare: getAccommodationBills(accommodationId: $hotel, first: 2) {
            __typename ... @include(if: true) { nodes { id } }
        }
        none: getAccommodationBills(accommodationId: $hotel) @skip(if: true) { nodes { id } }
    }
    fragment page on BillConnection { nodes { id } }"""
    newest = [{"id": bill} for bill in bills[:0:-1]]
    assert await graphql.data(document, hotel="HOTEL-1") == {
        "accommodationBills": {"nodes": newest[:1]},
        "getAccommodationBills": {"nodes": newest},
        "inline": {"nodes": newest},
        "bare": {"__typename": "BillConnection", "nodes": newest},
    }


async def test_a_list_is_whole_or_refused(graphql: Asking, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    document = 'query($n: Int) { getAccommodationBills(accommodationId: "HOTEL-1", first: $n) { id } }'
    commands = [{"method": "POST", "path": "/v1/folios/F/bills", "body": {"name": "x", "totalAmount": 1}}] * 500
    commands[0] = {**commands[0], "body": {"accommodationId": "HOTEL-1", "name": "x", "totalAmount": 1}}
    for _ in range(LIST_MAX // 500):
        desk.expect(200, await desk.client.post("/v1/commands", json={"atomic": True, "commands": commands}))
    assert len((await graphql.data(document))["getAccommodationBills"]) == LIST_MAX
    last = await desk.add_bill()
    [error] = errors_of(await graphql.post(document))
    assert (error["extensions"]["code"], error["extensions"]["errors"][0]["pointer"]) == ("INVALID_PARAMETER", "/first")
    assert "More than 2000 bills" in error["message"]
    assert (await graphql.data(document, n=1))["getAccommodationBills"] == [{"id": last["id"]}]


async def test_what_is_unknown_is_null_beside_what_is_known(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    document = f'{{ known: bill(id: "{bill["id"]}") {{ id }} unknown: bill(id: "{UNKNOWN_ULID}") {{ id }} }}'
    answer = (await graphql.post(document)).json()
    assert answer["data"] == {"known": {"id": bill["id"]}, "unknown": None}
    assert [error["path"] for error in answer["errors"]] == [["unknown"]]
