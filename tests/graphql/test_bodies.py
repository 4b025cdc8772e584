"""The body of a request and what goes along with it: its form, before any document is read."""

import pytest

from tests.graphql.asking import Asking, errors_of

REQUESTS: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"{", 400, "INVALID_PARAMETER"),
    "nothing": (b"", 400, "INVALID_PARAMETER"),
    "a list": (b"[]", 400, "INVALID_PARAMETER"),
    "several documents": (b'[{"query": "{ __typename }"}]', 400, "INVALID_PARAMETER"),
    "no query": (b"{}", 400, "REQUIRED_PARAMETER"),
    "a query that is null": (b'{"query": null}', 400, "REQUIRED_PARAMETER"),
    "a query that is a number": (b'{"query": 1}', 400, "INVALID_PARAMETER"),
    "variables that are text": (b'{"query": "{ __typename }", "variables": "x"}', 400, "INVALID_PARAMETER"),
    "a name that is a number": (b'{"query": "{ __typename }", "operationName": 1}', 400, "INVALID_PARAMETER"),
    "not a number": (b'{"query": "{ __typename }", "variables": {"a": NaN}}', 400, "INVALID_PARAMETER"),
    "infinity": (b'{"query": "{ __typename }", "variables": {"a": 1e999}}', 400, "INVALID_PARAMETER"),
    "deep JSON": (b'{"query": "{ __typename }", "variables": ' + b"[" * 100_000, 400, "INVALID_PARAMETER"),
    "bytes that are no text": (b'{"query": "\xff"}', 400, "INVALID_PARAMETER"),
    "half a surrogate": (b'{"query": "{ bill(id: \\"\\ud800\\") { id } }"}', 400, "INVALID_PARAMETER"),
    "more than 1 MiB": (b" " * (1024 * 1024 + 1), 413, "PAYLOAD_TOO_LARGE"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status", "code"), REQUESTS.values(), ids=REQUESTS.keys())
async def test_a_body_of_another_form_is_told_as_graphql_tells_errors(
    body: bytes, status: int, code: str, graphql: Asking
) -> None:
    response = await graphql.client.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json().keys()) == (status, {"errors"})
    [error] = errors_of(response)
    assert error["extensions"]["code"] == code


async def test_a_long_value_is_not_repeated_whole(graphql: Asking) -> None:
    document = 'query($s: BillStatus) { getAccommodationBills(accommodationId: "H", status: $s) { id } }'
    [error] = await graphql.errors(document, s="x" * 500_000)
    assert len(error["message"]) < 2_000


async def test_of_several_operations_one_must_be_named(graphql: Asking) -> None:
    document = "query A { a: __typename } query B { b: __typename }"
    assert await graphql.codes(document) == ["INVALID_PARAMETER"]
    for body in ({"query": "{ __typename }", "operationName": "X"}, {"query": "fragment a on Bill { id }"}):
        [error] = errors_of(await graphql.client.post("/graphql", json=body))
        assert error["extensions"]["code"] == "INVALID_PARAMETER"
    body = {"query": document, "operationName": "B"}
    assert (await graphql.client.post("/graphql", json=body)).json() == {"data": {"b": "Query"}}
    broken = {"query": "query A { a: __typename } {", "operationName": "A"}
    assert "Syntax Error" in errors_of(await graphql.client.post("/graphql", json=broken))[0]["message"]


async def test_what_does_not_belong_to_the_request_is_told(graphql: Asking) -> None:
    typename = {"query": "{ __typename }"}
    for address, headers in (
        ("/graphql?at=now", {}),
        ("/graphql?consistency=none", {}),
        ("/graphql", {"If-Match": '"1"'}),
        ("/graphql", {"Idempotency-Key": ""}),
        ("/graphql", {"Folio-Min-Position": "x"}),
    ):
        response = await graphql.client.post(address, json=typename, headers=headers)
        assert (response.status_code, [error["extensions"]["code"] for error in errors_of(response)]) == (
            400, ["INVALID_PARAMETER"],
        ), address  # fmt: skip
    assert (await graphql.client.put("/graphql", json=typename)).status_code == 405


async def test_a_client_that_takes_the_newer_media_type_gets_its_statuses(graphql: Asking) -> None:
    modern = {"Accept": "application/graphql-response+json, application/json"}
    for document, status in (("{ __typename }", 200), ("{", 400), ("{ nothing }", 400)):
        response = await graphql.post(document, modern)
        assert (response.status_code, response.headers["Content-Type"]) == (status, modern["Accept"].split(",")[0])
        plain = await graphql.post(document)
        assert (plain.status_code, plain.headers["Content-Type"]) == (200, "application/json")
        assert ("data" in plain.json()) == (status == 200)
