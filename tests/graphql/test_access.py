"""Who may ask for what: the same keys, roles and accommodations as over REST."""

from tests.conftest import Desk
from tests.graphql.asking import Asking, errors_of
from tests.rest.support import UNKNOWN_ULID
from tests.serving import MakeClient

DELETE = f'mutation {{ deleteBill(id: "{UNKNOWN_ULID}") }}'
ADD = 'addBillToFolio(folioId: "{}", name: "Room", totalAmount: 1) {{ id accommodationId createdBy }}'


async def test_without_a_valid_key_nothing_is_answered(graphql: Asking) -> None:
    for header in ("", "Bearer", "Bearer wrong", "Basic YTpi"):
        response = await graphql.post("{ __typename }", {"Authorization": header})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert [error["extensions"]["code"] for error in errors_of(response)] == ["UNAUTHENTICATED"]


async def test_an_auditor_asks_but_commands_nothing(client_of: MakeClient, desk: Desk) -> None:
    bill = await desk.add_bill()
    auditor = Asking(await client_of("the auditor", "auditor", None))
    assert (await auditor.data("query($id: ID!) { bill(id: $id) { name } }", id=bill["id"]))["bill"]["name"]
    assert await auditor.codes(DELETE) == ["FORBIDDEN"]


async def test_outside_its_accommodations_a_key_finds_nothing(client_of: MakeClient, desk: Desk) -> None:
    bill = await desk.add_bill()
    payment = await desk.pay(bill, 1)
    stranger = Asking(await client_of("another hotel", "pms", ["HOTEL-2"]))
    documents = (
        f'{{ bill(id: "{bill["id"]}") {{ id }} }}',
        f'{{ payment(id: "{payment["id"]}") {{ id }} }}',
        f'{{ getBillPayments(billId: "{bill["id"]}") {{ id }} }}',
        '{ folio(id: "FOLIO-1") { folioId } }',
        '{ folio(id: "FOLIO-1", position: 3) { folioId } }',
        '{ accommodation(id: "HOTEL-1") { id } }',
        '{ getAccommodationBills(accommodationId: "HOTEL-1") { id } }',
        '{ paymentRequests(accommodationId: "HOTEL-1") { nodes { id } } }',
        f'{{ paymentRequests(billId: "{bill["id"]}") {{ nodes {{ id }} }} }}',
        f'mutation {{ updateBill(id: "{bill["id"]}", name: "x") {{ id }} }}',
        f'mutation {{ cancelPayment(id: "{payment["id"]}") {{ id }} }}',
        f"mutation {{ {ADD.format('FOLIO-1')} }}",
    )
    for document in documents:
        assert await stranger.codes(document) == ["DATA_NOT_FOUND_ON_ID"], document


async def test_who_reaches_one_accommodation_need_not_name_it(client_of: MakeClient, desk: Desk) -> None:
    one = Asking(await client_of("one hotel", "pms", ["HOTEL-2"]))
    added = (await one.data(f"mutation {{ {ADD.format('NEW')} }}"))["addBillToFolio"]
    assert (added["accommodationId"], added["createdBy"]) == ("HOTEL-2", "one hotel")
    two = Asking(await client_of("two hotels", "pms", ["HOTEL-2", "HOTEL-3"]))
    assert await two.codes(f"mutation {{ {ADD.format('OTHER')} }}") == ["REQUIRED_PARAMETER"]
    body = {"name": "Room", "totalAmount": 1}
    over_rest = await one.client.post("/v1/folios/THIRD/bills", json=body)
    assert (over_rest.status_code, over_rest.json()["accommodationId"]) == (201, "HOTEL-2")


async def test_actor_and_reason_are_kept_with_the_events(graphql: Asking, desk: Desk) -> None:
    document = """mutation {
        addBillToFolio(folioId: "F", accommodationId: "H", name: "Room", totalAmount: 1, reason: "late arrival") {
            createdBy
        }
    }"""
    headers = {b"X-Folio-Actor": "김서연".encode()}
    response = await graphql.client.post("/graphql", json={"query": document}, headers=headers)
    data = response.json()["data"]
    assert data["addBillToFolio"]["createdBy"] == "김서연"
    events = (await desk.client.get("/v1/events?type=bill.added")).json()["items"]
    assert [(event["data"]["user"], event["data"]["reason"]) for event in events] == [("김서연", "late arrival")]
