"""The history over GraphQL: the same entries as over REST, in pages like the others, with the same limits."""

from typing import Any

import pytest

from tests.conftest import Desk
from tests.graphql.asking import Asking
from tests.graphql.documents import query_of
from tests.rest.past import history, lively_folio

FOLIO = "/v1/folios/FOLIO-1"


async def page_of(graphql: Asking, **variables: Any) -> Any:
    """A page of the history with all its members."""
    return (await graphql.data(query_of("folioHistory"), folioId="FOLIO-1", **variables))["folioHistory"]


def as_ids(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of REST with its positions as ids."""
    links = [{**link, "position": str(link["position"])} for link in entry["links"]]
    return {**entry, "position": str(entry["position"]), "links": links}


async def test_entries_are_those_of_rest_page_by_page(graphql: Asking, desk: Desk) -> None:
    await lively_folio(desk)
    expected = [as_ids(entry) for entry in await history(desk.client, FOLIO)]
    nodes: list[Any] = []
    after = None
    while True:
        page = await page_of(graphql, first=7, after=after)
        nodes += page["nodes"]
        info = page["pageInfo"]
        assert info["hasPreviousPage"] is (after is not None)
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    assert nodes == expected


async def test_entries_are_filtered_as_over_rest(graphql: Asking, desk: Desk) -> None:
    await lively_folio(desk)
    everything = await history(desk.client, FOLIO)
    middle = everything[8]["recordedAt"]
    for filters in ({"from": middle}, {"to": middle}, {"actor": "kim"}, {"event": "bill.settled", "from": middle}):
        expected = [as_ids(entry) for entry in await history(desk.client, FOLIO, **filters)]
        assert (await page_of(graphql, **filters))["nodes"] == expected


async def test_what_was_in_effect_is_shown_as_over_rest(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill(total=100)
    await desk.pay(bill, 30, paidAt="2199-01-01T00:00:00Z", applyToBalance=True)
    document = """query($id: ID!, $at: DateTime, $effective: DateTime, $position: ID) {
        bill(id: $id, effectiveAt: $effective) { balanceAmount }
        folio(id: "FOLIO-1", at: $at, position: $position, effectiveAt: $effective) { balanceAmount paidAmount }
    }"""
    for effective, balance, paid in (("2198-01-01T00:00:00Z", 100, 0), ("2199-01-01T09:00:00+09:00", 70, 30)):
        data = await graphql.data(document, id=bill["id"], effective=effective)
        assert data == {"bill": {"balanceAmount": balance}, "folio": {"balanceAmount": balance, "paidAmount": paid}}
    known = await graphql.data(document, id=bill["id"], at=bill["createdAt"], effective="2199-02-01T00:00:00Z")
    assert known["folio"] == {"balanceAmount": 100, "paidAmount": 0}


@pytest.mark.parametrize(
    ("variables", "pointer"),
    [
        ({"first": 501}, "/first"), ({"after": "abc"}, "/after"), ({"from": "2026-11-22"}, "/from"),
        ({"to": "now"}, "/to"), ({"actor": ""}, "/actor"), ({"event": "bill"}, "/event"),
        ({"folioId": "a b"}, "/folioId"),
    ],
)  # fmt: skip
async def test_wrong_arguments_are_refused_by_name(graphql: Asking, variables: dict[str, Any], pointer: str) -> None:
    answer = (await graphql.post(query_of("folioHistory"), **{"folioId": "FOLIO-1", **variables})).json()
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_PARAMETER"
    assert [fault["pointer"] for fault in error["extensions"]["errors"]] == [pointer]


async def test_an_unknown_folio_has_no_history(graphql: Asking) -> None:
    assert await graphql.codes(query_of("folioHistory"), folioId="NONE") == ["DATA_NOT_FOUND_ON_ID"]
