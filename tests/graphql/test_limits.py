"""A document that would hold the service up is refused before anything is looked up."""

from collections.abc import Callable
from typing import Any

import pytest

from services.bootstrap import Service
from services.graphql import execution, limits
from services.graphql.documents import KNOWN_CHARACTERS_MAX, Documents
from services.graphql.loading import Loaders
from services.graphql.schema import ANSWERED_ERRORS_MAX, make_schema
from tests.conftest import Desk
from tests.graphql.asking import Asking, errors_of
from tests.rest.support import UNKNOWN_ULID, nothing_written

BILL = f'bill(id: "{UNKNOWN_ULID}")'


def nested(levels: int) -> str:
    """Bills of settlements of bills, so many levels deep."""
    return "{ " + BILL + "{ settlementsMade { targetBill " * levels + "{ id }" + "} }" * levels + " }"


def aliases(count: int) -> str:
    """The same thing under so many names."""
    return "{ " + " ".join(f"a{number}: {BILL} {{ id }}" for number in range(count)) + " }"


def doubling(fragments: int) -> str:
    """Fragments of which each spreads the one before twice."""
    first = "fragment f0 on Query { __typename }"
    others = (f"fragment f{n} on Query {{ ...f{n - 1} ...f{n - 1} }}" for n in range(1, fragments))
    return " ".join([f"{{ ...f{fragments - 1} }}", first, *others])


def chain(ways: int, levels: int) -> str:
    """A bill that leads to the one it was moved from, in so many ways, and that likewise, so many levels deep."""
    fragments = (
        f"fragment F{level} on Bill {{ "
        + " ".join(f"o{way}: transferOriginBill {{ ...F{level + 1} }}" for way in range(ways))
        + " }"
        for level in range(levels)
    )
    return " ".join([f"{{ {BILL} {{ ...F0 }} }}", *fragments, f"fragment F{levels} on Bill {{ id }}"])


REFUSED: dict[str, tuple[str, str]] = {
    "10,000 levels": ("{" + "a{" * 10_000, "nested too deeply"),
    "10,000 levels that end": ("{" + "a{" * 10_000 + "b" + "}" * 10_001, "nested too deeply"),
    "10,000 lists": ("{ a(b: " + "[" * 10_000 + "]" * 10_000 + ") }", "nested too deeply"),
    "100 levels": ("{" + "a{" * 100 + "b" + "}" * 101, "levels deep"),
    "17 levels of the schema": (nested(9), "levels deep"),
    "17 levels by fragments": (
        f"{{ {BILL} {{ ...a }} }} fragment a on Bill {{ settlementsMade {{ targetBill {{ ...b }} }} }}"
        " fragment b on Bill " + "{ settlementsMade { targetBill " * 7 + "{ id }" + "} }" * 7,
        "levels deep",
    ),
    "1,000 aliases": (aliases(1_000), "tokens"),
    "101 aliases": (aliases(101), "aliases"),
    "a field 1,000 times": ("{ " + "__typename " * 1_000 + "}", "where they are already"),
    "bills 20 times over 20 times": (
        "{ " + f"{BILL} {{ {'id name payments { id } ' * 20} }} " * 20 + "}", "where they are already",
    ),
    "fragments in a circle": (
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ...c } fragment c on Query { ...a }",
        "in a circle",
    ),
    "a fragment in itself": ("{ ...a } fragment a on Query { __typename ...a }", "in a circle"),
    "a circle that nobody spreads": ("{ __typename } fragment a on Query { ...a }", "in a circle"),
    "fragments that lead deeper and deeper": (
        "{ ...f0 } " + " ".join(
            f"fragment f{n} on Query {{ {'a { ' * 150} ...f{n + 1} {'} ' * 150} }}" for n in range(6)
        ) + " fragment f6 on Query { __typename }",
        "levels deep",
    ),
    "inline fragments in one another": ("{ " + "... on Query { " * 100 + "__typename" + " }" * 101, "levels deep"),
    "60 fragments": (doubling(60), "operations and fragments"),
    "pages of pages": (
        '{ getAccommodationBills(accommodationId: "H", first: 500) { nodes { settlementsMade { targetBill {'
        " settlementsReceived { paymentBill { settlementsMade { targetBill { payments { id paidAt paidBy billId }"
        " settlementsMade { targetBillId settledBy } transferOriginBill { id name } } } } } } } } } }",
        "values",
    ),
    "5 ways on from each of 6 bills": (chain(5, 6), "a member that leads to another thing 20"),
    "2 ways on from each of 12 bills": (chain(2, 12), "a member that leads to another thing 20"),
    "5,000 bills that lead to another": (
        "{ " + " ".join(f"a{n}: getAccommodationBills(accommodationId: 1) {{ transferOriginBill {{ id }} }}"
                        for n in range(10)) + " }",
        "a member that leads to another thing 20",
    ),
    "100 pages": (
        "{ " + " ".join(f"a{n}: getAccommodationBills(accommodationId: 1) {{ id name }}" for n in range(99)) + "}",
        "values",
    ),
    "the schema ten times": (
        "{ " + " ".join(f"a{n}: __schema {{ types {{ name fields {{ name }} }} }}" for n in range(99)) + "}",
        "introspection",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("document", "reason"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_document_beyond_the_limits_is_refused(
    document: str, reason: str, graphql: Asking, service: Service
) -> None:
    async with nothing_written(service):
        response = await graphql.post(document)
        errors = errors_of(response)
        assert "data" not in response.json()
        assert {error["extensions"]["code"] for error in errors} == {"INVALID_PARAMETER"}
        assert reason in errors[0]["message"]


async def test_a_document_of_nearly_1_mib_is_too_large(graphql: Asking) -> None:
    for filling in (" ", "a ", "{", '"', "#", "é"):
        document = "{ __typename }" + filling * (1_000_000 // len(filling.encode()))
        assert await graphql.codes(document) == ["PAYLOAD_TOO_LARGE"]


async def test_many_fragments_that_double_are_counted_once_each(graphql: Asking) -> None:
    assert await graphql.data(doubling(16)) == {"__typename": "Query"}
    assert "values" in (await graphql.errors(doubling(40)))[0]["message"]


DEEP: Any = 1
for _ in range(20):
    DEEP = [DEEP]
VARIABLES: dict[str, tuple[Any, str]] = {
    "too many": ([{"id": UNKNOWN_ULID}] * 3_000, "PAYLOAD_TOO_LARGE"),
    "too deep": (DEEP, "INVALID_PARAMETER"),
    "more than a transfer takes": ([{"id": UNKNOWN_ULID}] * 501, "INVALID_PARAMETER"),
    "the wrong type 500 times": ([1] * 500, "INVALID_PARAMETER"),
}


@pytest.mark.parametrize(("value", "code"), VARIABLES.values(), ids=VARIABLES.keys())
async def test_variables_beyond_the_limits_are_refused(value: Any, code: str, graphql: Asking) -> None:
    document = 'mutation($bills: [TransferInput!]!) { transferBills(bills: $bills, folioId: "F") { id } }'
    assert set(await graphql.codes(document, bills=value)) == {code}


async def test_what_hotels_need_is_within_the_limits(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    everything = (
        "id billCode accommodationId folioId reservationId name totalAmount balanceAmount currency status createdAt"
        " payments { id amount paymentMethod paidAt paidBy virtualAccounts { bankCode accountNumber accountHolder } }"
        " settlementsMade { targetBillId settledAmount } settlementsReceived { paymentBillId settledAmount }"
        " paymentRequests { id status amount } version"
    )
    page = f'{{ getAccommodationBills(accommodationId: "HOTEL-1", first: 500) {{ nodes {{ {everything} }} }} }}'
    [found] = (await graphql.data(page))["getAccommodationBills"]["nodes"]
    assert found["id"] == bill["id"]
    led = (
        "id name balanceAmount payments { amount bill { id name version } } transferOriginBill { id name version }"
        " settlementsMade { settledAmount targetBill { id name version } paymentBill { id name version } }"
        " settlementsReceived { settledAmount targetBill { id name version } paymentBill { id name version } }"
        " paymentRequests { id status bill { id name version } }"
    )
    page = f'{{ getAccommodationBills(accommodationId: "HOTEL-1", first: 100) {{ nodes {{ {led} }} }} }}'
    assert (await graphql.data(page))["getAccommodationBills"]["nodes"][0]["id"] == bill["id"]
    data = await graphql.data(nested(7).replace(UNKNOWN_ULID, bill["id"]))
    assert data["bill"]["settlementsMade"] == []
    add = 'addBillToFolio(folioId: "FOLIO-1", name: "Minibar", totalAmount: 1) { id }'
    data = await graphql.data("mutation { " + " ".join(f"a{n}: {add}" for n in range(100)) + " }")
    assert len({each["id"] for each in data.values()}) == 100


def cost_of(document: str, **variables: Any) -> int:
    """What a document is taken to cost."""
    read = Documents(introspection=True).read(document)
    operation = read.definitions[0]
    return limits.Costs(limits.fragments_of(read), variables).of(operation.selection_set)  # type: ignore[attr-defined]


def test_a_page_costs_what_it_may_hold() -> None:
    page: Callable[[str], str] = lambda first: f"{{ paymentRequests(billId: 1{first}) {{ nodes {{ id amount }} }} }}"  # noqa: E731
    assert cost_of(page(", first: 7")) == limits.FOLLOWED_COST + 7 * 3
    assert cost_of(page("")) == limits.FOLLOWED_COST + 100 * 3
    variable = "query($n: Int) " + page(", first: $n")
    dearest = limits.FOLLOWED_COST + 500 * 3
    assert cost_of(variable, n=7) == limits.FOLLOWED_COST + 7 * 3
    assert cost_of(variable) == dearest
    for size in ("99999999999999999999", "-999999999", "0"):
        assert cost_of(page(f", first: {size}")) == dearest
    assert cost_of(variable, n=-(10**9)) == cost_of(variable, n="x") == dearest


def test_a_member_that_leads_on_costs_more_than_a_value() -> None:
    assert cost_of("{ a: payment(id: 1) { id } }") == 2
    assert cost_of("{ payment(id: 1) { bill { id } } }") == 1 + limits.FOLLOWED_COST + 1
    settled = "settlementsMade { targetBill { id } }"
    assert cost_of(f"{{ payment(id: 1) {{ bill {{ {settled} }} }} }}") == cost_of(
        "{ payment(id: 1) { bill { id } } }"
    ) + (2 * (limits.FOLLOWED_COST + 1))


def test_only_so_much_text_is_remembered_the_longest_unused_forgotten_and_nothing_that_is_wrong() -> None:
    documents, schema = Documents(introspection=True), make_schema(introspection=True)._schema

    def knows(text: str) -> bool:
        return documents.read(text) is documents.read(text)

    used, first = "{ used: __typename }", f"{{ first: __typename }} # {'x' * 1_000}"
    for text in (used, first):
        assert documents.faults(text, documents.read(text), schema) == []
    assert documents.faults("{ x }", documents.read("{ x }"), schema)
    assert knows(first)
    assert not knows("{ x }")
    for number in range(KNOWN_CHARACTERS_MAX // 1_000):
        text = f"{{ a{number}: __typename }} # {'x' * 1_000}"
        assert documents.faults(text, documents.read(text), schema) == []
        assert knows(used)
    assert not knows(first)
    assert knows(text)


async def test_bills_that_lead_to_one_another_without_end_are_not_followed(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    for amount in range(1, 21):
        await desk.pay(bill, amount)
    document = "query($id: ID!) { bill(id: $id) " + "{ payments { bill " * 5 + "{ id }" + " } }" * 5 + " }"
    errors = await graphql.errors(document, id=bill["id"])
    assert {error["extensions"]["code"] for error in errors} == {"INVALID_PARAMETER"}
    assert "in parts" in errors[0]["message"]
    assert len(errors) <= ANSWERED_ERRORS_MAX
    twice = "query($id: ID!) { bill(id: $id) { payments { bill { payments { bill { id } } } } } }"
    assert len((await graphql.data(twice, id=bill["id"]))["bill"]["payments"]) == 20


@pytest.mark.parametrize(
    "selection",
    ["bill { payments { bill { name } } }", "a: bill { name } b: bill { name } c: bill { name } d: bill { id }"],
)
async def test_no_more_is_looked_up_once_an_answer_leads_on_too_often(
    selection: str, graphql: Asking, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = await desk.add_bill()
    for amount in range(1, 31):
        await desk.pay(bill, amount)
    looked_up = []
    look_up = Loaders.bill

    async def counted(self: Loaders, bill_id: str, origin: dict[str, Any]) -> Any:
        looked_up.append(bill_id)
        return await look_up(self, bill_id, origin)

    monkeypatch.setattr(Loaders, "bill", counted)
    await graphql.data("query($id: ID!) { bill(id: $id) { payments { bill { name } } } }", id=bill["id"])
    assert len(looked_up) == 30
    looked_up.clear()
    monkeypatch.setattr(execution, "FOLLOWED_MAX", 100)
    document = f"query($id: ID!) {{ bill(id: $id) {{ payments {{ {selection} }} }} }}"
    errors = await graphql.errors(document, id=bill["id"])
    assert {error["message"] for error in errors} == {"The answer leads on more than 100 times; ask for it in parts."}
    await graphql.data("{ __typename }")  # what was under way when the answer was refused has ended by now
    assert len(looked_up) <= 100


async def test_an_answer_holds_only_so_many_values(
    graphql: Asking, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = await desk.add_bill()
    for amount in range(1, 11):
        await desk.pay(bill, amount)
    monkeypatch.setattr(execution, "VALUES_MAX", 40)
    document = "query($id: ID!) { bill(id: $id) { payments { id amount paidAt } } }"
    assert len((await graphql.data(document, id=bill["id"]))["bill"]["payments"]) == 10
    [error] = await graphql.errors(document.replace("paidAt", "paidAt paidBy"), id=bill["id"])
    assert error["message"] == "The answer holds more than 40 values; ask for it in parts."
    assert error["extensions"]["code"] == "INVALID_PARAMETER"


async def test_nothing_is_made_ready_for_what_an_answer_does_not_come_to(
    graphql: Asking, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = []
    make = execution.Shape.__init__

    def counted(self: execution.Shape, *args: Any) -> None:
        shapes.append(self)
        make(self, *args)

    monkeypatch.setattr(execution.Shape, "__init__", counted)
    bill = await desk.add_bill()
    data = await graphql.data(chain(2, 10).replace(UNKNOWN_ULID, bill["id"]))
    assert data == {"bill": {"o0": None, "o1": None}}
    assert len(shapes) == 1
