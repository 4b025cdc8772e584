"""Errors carry the codes of the interface, whoever finds the fault: GraphQL's own validation, the forms, the rules."""

from typing import Any
from unittest.mock import Mock

import pytest

from services.bootstrap import Service
from services.desk.lookups import Found
from tests.conftest import PAID_AT, Desk
from tests.graphql.asking import Asking, errors_of
from tests.rest.support import UNKNOWN_ULID, nothing_written

ADD = 'addBillToFolio(folioId: "FOLIO-1", accommodationId: "HOTEL-1", name: "Room", totalAmount: 1'
PAY = f'addPaymentToBill(billId: "{UNKNOWN_ULID}", paymentMethod: "CARD", amount: 1, paidAt: "{PAID_AT}"'

MISSING = {
    "an argument": 'mutation { addBillToFolio(folioId: "FOLIO-1", totalAmount: 1) { id } }',
    "an argument that is null": 'mutation { addBillToFolio(folioId: "FOLIO-1", name: null, totalAmount: 1) { id } }',
    "a query's argument": "{ getAccommodationBills { id } }",
    "a member of an argument": f'mutation {{ {ADD}, payments: [{{paymentMethod: "CARD", amount: 1}}]) {{ id }} }}',
    "a member that is null": 'mutation { transferBills(bills: [{id: null}], folioId: "F") { id } }',
    "what the rules ask for": 'mutation { addBillToFolio(folioId: "NEW", name: "Room", totalAmount: 1) { id } }',
    "what is asked for": "{ paymentRequests { nodes { id } } }",
}
MISSING_VARIABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "a variable": ("query($id: ID!) { getBillPayments(billId: $id) { id } }", {}),
    "a variable that is null": ("query($id: ID!) { getBillPayments(billId: $id) { id } }", {"id": None}),
    "a member of a variable": (
        'mutation($bills: [TransferInput!]!) { transferBills(bills: $bills, folioId: "F") { id } }',
        {"bills": [{"splitAmount": 1}]},
    ),
    "a member of a variable that is null": (
        'mutation($bills: [TransferInput!]!) { transferBills(bills: $bills, folioId: "F") { id } }',
        {"bills": [{"id": None}]},
    ),
}  # fmt: skip

WRONG = {
    "a syntax error": "{ bill(",
    "an empty document": "",
    "a document of comments": "# nothing",
    "an empty selection": f"mutation {{ {ADD}) {{ }} }}",
    "no field at all": "{ }",
    "an empty fragment": f'{{ bill(id: "{UNKNOWN_ULID}") {{ ...none }} }} fragment none on Bill {{ }}',
    "an unknown field": f'{{ bill(id: "{UNKNOWN_ULID}") {{ idd }} }}',
    "an unknown query": "{ bills { id } }",
    "an unknown argument": f'{{ bill(id: "{UNKNOWN_ULID}", as: 1) {{ id }} }}',
    "no selection": f'{{ bill(id: "{UNKNOWN_ULID}") }}',
    "a number for text": 'mutation { addBillToFolio(folioId: "F", name: 1, totalAmount: 1) { id } }',
    "text for an amount": 'mutation { addBillToFolio(folioId: "F", name: "x", totalAmount: "1") { id } }',
    "a fraction for an amount": 'mutation { addBillToFolio(folioId: "F", name: "x", totalAmount: 1.5) { id } }',
    "a boolean for an amount": 'mutation { addBillToFolio(folioId: "F", name: "x", totalAmount: true) { id } }',
    "an amount beyond 10^15": f"mutation {{ {ADD}000000000000001) {{ id }} }}",
    "an amount beyond 2^53": f"mutation {{ {ADD.removesuffix('1')}9007199254740993) {{ id }} }}",
    "an amount of 5,000 digits": f"mutation {{ {ADD}{'9' * 5000}) {{ id }} }}",
    "an empty name": 'mutation { addBillToFolio(folioId: "F", accommodationId: "H", name: "", totalAmount: 1) { id } }',
    "a long name": f"mutation {{ {ADD.replace('Room', 'x' * 201)}) {{ id }} }}",
    "a folio id of the wrong form": 'mutation { addBillToFolio(folioId: "a b", name: "x", totalAmount: 1) { id } }',
    "a bill id of the wrong form": '{ bill(id: "1") { id } }',
    "a time without offset": f"mutation {{ {PAY.replace('+09:00', '')}) {{ id }} }}",
    "a time that is a number": f'mutation {{ {PAY.replace(chr(34) + PAID_AT + chr(34), "1")}) {{ id }} }}',
    "a payment of nothing": f"mutation {{ {PAY.replace('amount: 1', 'amount: 0')}) {{ id }} }}",
    "an unknown status": '{ getAccommodationBills(accommodationId: "H", status: GONE) { id } }',
    "a page of none": '{ getAccommodationBills(accommodationId: "H", first: 0) { nodes { id } } }',
    "a page of 501": '{ getAccommodationBills(accommodationId: "H", first: 501) { nodes { id } } }',
    "a page of -1": '{ getAccommodationBills(accommodationId: "H", first: -1) { nodes { id } } }',
    "a cursor that is none": '{ getAccommodationBills(accommodationId: "H", after: "x") { nodes { id } } }',
    "a filter of the wrong form": '{ getAccommodationBills(accommodationId: "H", folioId: "") { nodes { id } } }',
    "a time to filter by that is none": '{ getAccommodationBills(accommodationId: "H", updatedSince: "now") { id } }',
    "a time and a position at once": f'{{ bill(id: "{UNKNOWN_ULID}", at: "{PAID_AT}", position: 1) {{ id }} }}',
    "a position beyond the log": f'{{ bill(id: "{UNKNOWN_ULID}", position: 99999) {{ id }} }}',
    "a position that is none": f'{{ bill(id: "{UNKNOWN_ULID}", position: "x") {{ id }} }}',
    "no bills to transfer": 'mutation { transferBills(bills: [], folioId: "F") { id } }',
    "a subscription by POST": 'subscription { folioEvents(folioId: "F") { id } }',
    "a schema definition": "type Query { id: ID }",
    "two operations without a name": "{ __typename } { __typename }",
}  # fmt: skip


@pytest.mark.parametrize("document", MISSING.values(), ids=MISSING.keys())
async def test_what_is_missing_is_a_required_parameter(document: str, graphql: Asking, service: Service) -> None:
    async with nothing_written(service):
        assert set(await graphql.codes(document)) == {"REQUIRED_PARAMETER"}


@pytest.mark.parametrize(("document", "variables"), MISSING_VARIABLES.values(), ids=MISSING_VARIABLES.keys())
async def test_what_is_missing_in_variables_is_a_required_parameter(
    document: str, variables: dict[str, Any], graphql: Asking, service: Service
) -> None:
    async with nothing_written(service):
        assert set(await graphql.codes(document, **variables)) == {"REQUIRED_PARAMETER"}


@pytest.mark.parametrize("document", WRONG.values(), ids=WRONG.keys())
async def test_what_is_wrong_is_an_invalid_parameter(document: str, graphql: Asking, service: Service) -> None:
    async with nothing_written(service):
        assert set(await graphql.codes(document)) == {"INVALID_PARAMETER"}


@pytest.mark.parametrize("value", ["1", 1.5, True, [1], {"a": 1}, 2**53 + 1, 2**70, 10**15 + 1, -(10**15) - 1])
async def test_a_variable_that_is_no_amount_is_an_invalid_parameter(
    value: Any, graphql: Asking, service: Service
) -> None:
    document = f"mutation($a: Amount!) {{ {ADD.removesuffix('1')}$a) {{ id }} }}"
    async with nothing_written(service):
        assert await graphql.codes(document, a=value) == ["INVALID_PARAMETER"]


async def test_text_that_reads_like_the_library_s_word_for_missing_does_not_count_as_missing(graphql: Asking) -> None:
    document = 'query($first: Int) { getAccommodationBills(accommodationId: "H", first: $first) { nodes { id } } }'
    for text in (
        "Expected value of non-null type 'Int!' not to be None.",
        "': Expected a value of non-null type 'Int!' to be provided.",
        "Argument 'x' of type 'Int!' is required, but it was not provided.",
    ):
        assert await graphql.codes(document, first=text) == ["INVALID_PARAMETER"]


async def test_what_is_not_there_is_not_found_and_the_argument_is_named(graphql: Asking) -> None:
    documents = {
        f'{{ bill(id: "{UNKNOWN_ULID}") {{ id }} }}': "/id",
        f'{{ payment(id: "{UNKNOWN_ULID}") {{ id }} }}': "/id",
        '{ folio(id: "NONE") { folioId } }': "/id",
        '{ paymentRequest(id: "ABCDEFGHIJ0123456789") { id } }': "/id",
        f'{{ getBillPayments(billId: "{UNKNOWN_ULID}") {{ id }} }}': "/billId",
        f'mutation {{ updateBill(id: "{UNKNOWN_ULID}", name: "x") {{ id }} }}': "/id",
        f'mutation {{ cancelBill(id: "{UNKNOWN_ULID}") {{ id }} }}': "/id",
        f'mutation {{ deleteBill(id: "{UNKNOWN_ULID}") }}': "/id",
        f"mutation {{ {PAY}) {{ id }} }}": "/billId",
        f'mutation {{ updatePayment(id: "{UNKNOWN_ULID}", amount: 1) {{ id }} }}': "/id",
        f'mutation {{ cancelPayment(id: "{UNKNOWN_ULID}") {{ id }} }}': "/id",
        f'mutation {{ deletePayment(id: "{UNKNOWN_ULID}") }}': "/id",
        f'mutation {{ transferBills(bills: [{{id: "{UNKNOWN_ULID}"}}], folioId: "F") {{ id }} }}': "/bills/0/id",
    }
    for document, pointer in documents.items():
        [error] = await graphql.errors(document)
        assert error["extensions"]["code"] == "DATA_NOT_FOUND_ON_ID", document
        assert [fault["pointer"] for fault in error["extensions"]["errors"]] == [pointer], document


async def test_rules_refuse_as_they_do_over_rest(graphql: Asking, desk: Desk) -> None:
    bill, other = await desk.add_bill(), await desk.add_bill("ELSEWHERE", accommodationId="HOTEL-2")
    stranger = await desk.add_bill("FOLIO-9")
    move = "mutation($id: ID!, $folio: ID!) { transferBills(bills: [{id: $id}], folioId: $folio) { id } }"
    assert await graphql.codes(move, id=other["id"], folio="FOLIO-1") == ["INVALID_PARAMETER"]
    assert await graphql.codes(move, id=bill["id"], folio="FOLIO-1") == ["REQUIRED_PARAMETER"]
    settle = """mutation($id: ID!, $target: ID!) {
        settleBills(billId: $id, settlements: {targetBillId: $target, settledAmount: 1}) { id }
    }"""
    assert await graphql.codes(settle, id=bill["id"], target=stranger["id"]) == ["INVALID_PARAMETER"]
    cancel = "mutation($id: ID!) { cancelBill(id: $id) { status } }"
    assert (await graphql.data(cancel, id=bill["id"]))["cancelBill"]["status"] == "CANCELLED"
    assert await graphql.codes(cancel, id=bill["id"]) == ["INVALID_STATE"]


async def test_all_errors_of_a_document_are_told_and_each_mutation_is_done_whole_or_not(
    graphql: Asking, desk: Desk
) -> None:
    bill, other = await desk.add_bill(), await desk.add_bill()
    document = """mutation($bill: ID!, $other: ID!, $unknown: ID!) {
        wrong: updateBill(id: $bill, name: "", totalAmount: 1000000000000001) { id }
        gone: deleteBill(id: $unknown)
        half: transferBills(bills: [{id: $bill}, {id: $unknown}], folioId: "FOLIO-2") { id }
        done: updateBill(id: $other, name: "Suite") { name }
    }"""
    response = await graphql.post(document, bill=bill["id"], other=other["id"], unknown=UNKNOWN_ULID)
    assert response.json()["data"] == {"wrong": None, "gone": None, "half": None, "done": {"name": "Suite"}}
    errors = {error["path"][0]: error["extensions"] for error in errors_of(response)}
    assert {name: error["code"] for name, error in errors.items()} == {
        "wrong": "INVALID_PARAMETER", "gone": "DATA_NOT_FOUND_ON_ID", "half": "DATA_NOT_FOUND_ON_ID",
    }  # fmt: skip
    assert [fault["pointer"] for fault in errors["wrong"]["errors"]] == ["/name", "/totalAmount"]
    assert await desk.bill(bill["id"]) == bill


async def test_all_that_validation_finds_is_told_at_once(graphql: Asking) -> None:
    document = 'mutation { addBillToFolio(folioId: "F") { idd } cancelBill(id: 1.5) { id } }'
    assert sorted(await graphql.codes(document)) == ["INVALID_PARAMETER"] * 2 + ["REQUIRED_PARAMETER"] * 2


async def test_a_version_that_is_another_by_now_is_told(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    document = """mutation($id: ID!, $version: Int) {
        updateBill(id: $id, name: "Suite", expectedVersion: $version) { version }
    }"""
    for version in (0, bill["version"] + 1):
        assert await graphql.codes(document, id=bill["id"], version=version) == ["VERSION_MISMATCH"]
    data = await graphql.data(document, id=bill["id"], version=bill["version"])
    assert data["updateBill"]["version"] == bill["version"] + 1
    assert await graphql.codes(document, id=bill["id"], version=bill["version"]) == ["VERSION_MISMATCH"]


async def test_a_fault_of_the_service_tells_nothing_of_its_inside_and_is_logged(
    graphql: Asking, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the secret of the house")

    bill, log = await desk.add_bill(), Mock()
    monkeypatch.setattr("services.graphql.errors.log", log)
    monkeypatch.setattr("services.desk.lookups.Lookups.bill", fail)
    response = await graphql.post("query($id: ID!) { bill(id: $id) { id } }", id=bill["id"])
    [error] = errors_of(response)
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert "secret" not in response.text
    assert await graphql.codes("{ nothing }") == ["INVALID_PARAMETER"]
    [call] = log.error.call_args_list
    assert call.kwargs["request_id"] == error["extensions"]["requestId"]
    assert str(call.kwargs["exc_info"]) == "the secret of the house"


async def test_a_value_that_is_missing_though_promised_is_a_fault_of_the_service(
    graphql: Asking, desk: Desk, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nameless(*_: Any) -> Found[Any]:
        return Found({**bill, "name": None}, 1)

    bill = await desk.add_bill()
    monkeypatch.setattr("services.desk.lookups.Lookups.bill", nameless)
    response = await graphql.post("query($id: ID!) { bill(id: $id) { id name } }", id=bill["id"])
    assert response.json()["data"] == {"bill": None}
    [error] = errors_of(response)
    assert (error["path"], error["extensions"]["code"]) == (["bill", "name"], "INTERNAL_ERROR")


async def test_operators_see_operations_and_codes(graphql: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Mock()
    monkeypatch.setattr("services.rest.middleware.log", log)
    body = {"query": 'query Desk { bill(id: "1") { id } }', "operationName": "Desk"}
    await graphql.client.post("/graphql", json=body)
    [call] = log.info.call_args_list
    assert (call.kwargs["operation"], call.kwargs["codes"]) == ("Desk", ["INVALID_PARAMETER"])
    metrics = (await graphql.client.get("/metrics")).text
    assert 'folio_graphql_documents_total{operation="query"}' in metrics
    assert 'folio_graphql_errors_total{code="INVALID_PARAMETER"}' in metrics
    assert 'route="/graphql"' in metrics


POINTED: dict[str, tuple[str, dict[str, Any], list[tuple[str, str]]]] = {
    "null": ("mutation { deleteBill(id: null) }", {}, [("/id", "REQUIRED_PARAMETER")]),
    "left out": ("mutation { deleteBill }", {}, [("/id", "REQUIRED_PARAMETER")]),
    "unknown": ('{ bill(id: "1", as: 1) { id } }', {}, [("/as", "INVALID_PARAMETER")]),
    "members": (
        f'mutation {{ {ADD}, payments: [{{paymentMethod: "C", amount: 1}}, {{paymentMethod: null, amount: "x",'
        ' paidAt: "y", foo: 1}]) { id } }',
        {},
        [
            ("/payments/0/paidAt", "REQUIRED_PARAMETER"), ("/payments/1/paymentMethod", "REQUIRED_PARAMETER"),
            ("/payments/1/amount", "INVALID_PARAMETER"), ("/payments/1/foo", "INVALID_PARAMETER"),
        ],
    ),
    "a variable": (
        "mutation($t: Amount!) { updateBill(id: 1, totalAmount: $t) { id } }",
        {"t": "x"},
        [("/totalAmount", "INVALID_PARAMETER")],
    ),
    "members of a variable": (
        'mutation($b: [TransferInput!]!) { transferBills(bills: $b, folioId: "F") { id } }',
        {"b": [{}, {"id": "1", "splitAmount": "x"}]},
        [("/bills/0/id", "REQUIRED_PARAMETER"), ("/bills/1/splitAmount", "INVALID_PARAMETER")],
    ),
    "a variable beside the document": (
        'mutation($t: Amount!) { addBillToFolio(folioId: "F", totalAmount: $t) { id } }',
        {"t": "x"},
        [("/name", "REQUIRED_PARAMETER"), ("/totalAmount", "INVALID_PARAMETER")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("document", "variables", "pointed"), POINTED.values(), ids=POINTED.keys())
async def test_each_error_names_the_argument_that_it_is_about(
    document: str, variables: dict[str, Any], pointed: list[tuple[str, str]], graphql: Asking
) -> None:
    errors = await graphql.errors(document, **variables)
    told = [(fault["pointer"], fault["code"]) for error in errors for fault in error["extensions"]["errors"]]
    assert sorted(told) == sorted(pointed)
    for error in errors:
        [fault] = error["extensions"]["errors"]
        assert fault["code"] == error["extensions"]["code"]
        assert fault["pointer"].split("/")[-1] in error["message"]
        assert "None" not in error["message"]


async def test_a_wrong_id_is_told_beside_what_is_wrong_with_the_rest(graphql: Asking) -> None:
    document = 'mutation { addBillToFolio(folioId: "a b", name: "", totalAmount: 1000000000000001) { id } }'
    [error] = await graphql.errors(document)
    pointers = [fault["pointer"] for fault in error["extensions"]["errors"]]
    assert pointers == ["/folioId", "/name", "/totalAmount"]


async def test_numbers_and_depths_that_nobody_needs_are_told_in_plain_words(graphql: Asking, desk: Desk) -> None:
    page = f'{{ accommodationBills(accommodationId: "H", first: {"9" * 5_000}) {{ nodes {{ id }} }} }}'
    assert [each["message"] for each in await graphql.errors(page)] == [
        "first: A number of the document has too many digits."
    ]
    for raw, said in (
        (b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 5_000 + b"}}", "A number in the body is out of"),
        (b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001, "nested too deeply"),
    ):
        answer = await desk.client.post("/graphql", content=raw)
        [error] = errors_of(answer)
        assert (answer.status_code, error["extensions"]["code"]) == (400, "INVALID_PARAMETER")
        assert said in error["message"]
