"""Idempotency-Key: a document that is sent again is not carried out again, mutation by mutation."""

import asyncio
from dataclasses import replace

import pytest

from services.bootstrap import Service
from services.desk.desk import Key
from services.desk.outcomes import Outcome
from tests.conftest import Desk
from tests.graphql.asking import Asking, errors_of
from tests.rest.support import UNKNOWN_ULID, nothing_written

KEY = {"Idempotency-Key": "key-1"}
TWO = """mutation($first: Amount!, $second: Amount!) {
    first: addBillToFolio(folioId: "F", accommodationId: "H", name: "Room", totalAmount: $first) { id createdAt }
    second: addBillToFolio(folioId: "F", name: "Minibar", totalAmount: $second) { id createdAt }
}"""


async def test_a_document_that_is_sent_again_answers_the_same_and_does_nothing(
    graphql: Asking, service: Service
) -> None:
    first = await graphql.post(TWO, KEY, first=1, second=2)
    assert "Idempotency-Replayed" not in first.headers
    async with nothing_written(service):
        again = await graphql.post(TWO, KEY, second=2, first=1)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Folio-Position"] == first.headers["Folio-Position"]


async def test_another_document_under_the_key_is_refused_whole(graphql: Asking, service: Service) -> None:
    await graphql.data(TWO, KEY, first=1, second=2)
    other = TWO.replace("mutation(", "mutation Other(")
    more = TWO.removesuffix("}") + 'third: addBillToFolio(folioId: "F", name: "x", totalAmount: 1) { id } }'
    for document, variables in (
        (TWO, {"first": 1, "second": 3}),
        (other, {"first": 1, "second": 2}),
        (more, {"first": 1, "second": 2}),
    ):
        async with nothing_written(service):
            codes = await graphql.codes(document, KEY, **variables)
        assert set(codes) == {"IDEMPOTENCY_KEY_REUSED"}


async def test_a_document_whose_start_was_done_goes_on_where_it_was(
    graphql: Asking, desk: Desk, service: Service
) -> None:
    bill = await desk.add_bill("F", 10, accommodationId="H")
    document = """mutation($bill: ID!) {
        changed: updateBill(id: $bill, name: "Suite") { name version }
        added: addBillToFolio(folioId: "F", name: "Minibar", totalAmount: 5) { id }
    }"""
    run = service.desk.run
    calls = 0

    async def fail_at_the_second(call):  # type: ignore[no-untyped-def]
        nonlocal calls
        calls += 1
        if calls == 2:
            raise asyncio.CancelledError
        return await run(call)

    service.desk.run = fail_at_the_second  # type: ignore[method-assign]
    try:
        await graphql.post(document, KEY, bill=bill["id"])
    except asyncio.CancelledError:
        pass
    finally:
        service.desk.run = run  # type: ignore[method-assign]
    again = await graphql.post(document, KEY, bill=bill["id"])
    assert "Idempotency-Replayed" not in again.headers
    data = again.json()["data"]
    assert data["changed"] == {"name": "Suite", "version": bill["version"] + 1}
    assert len((await desk.folio("F"))["bills"]) == 2


async def test_a_mutation_keeps_its_key_when_the_one_before_it_failed(graphql: Asking, desk: Desk) -> None:
    document = """mutation($bill: ID!) {
        wrong: updateBill(id: "wrong", name: "x") { id }
        missing: deleteBill(id: $bill)
        added: addBillToFolio(folioId: "F", accommodationId: "H", name: "Minibar", totalAmount: 5) { id }
    }"""
    first = await graphql.post(document, KEY, bill=UNKNOWN_ULID)
    again = await graphql.post(document, KEY, bill=UNKNOWN_ULID)
    assert again.json()["data"] == first.json()["data"]
    assert [error["message"] for error in errors_of(again)] == [error["message"] for error in errors_of(first)]
    assert len((await desk.folio("F"))["bills"]) == 1


MALFORMED_FIRST = """mutation($name: String!) {
    first: addBillToFolio(folioId: "F", accommodationId: "H", name: $name, totalAmount: 1) { id }
    second: addBillToFolio(folioId: "F", accommodationId: "H", name: "Minibar", totalAmount: 1) { id }
}"""


async def test_a_document_of_which_a_part_was_wrong_is_not_corrected_under_its_key(
    graphql: Asking, service: Service
) -> None:
    first = await graphql.post(MALFORMED_FIRST, KEY, name="x" * 201)
    assert [error["path"] for error in errors_of(first)] == [["first"]]
    async with nothing_written(service):
        assert await graphql.codes(MALFORMED_FIRST, KEY, name="Room") == ["IDEMPOTENCY_KEY_REUSED"] * 2
        again = await graphql.post(MALFORMED_FIRST, KEY, name="x" * 201)
    assert again.json()["data"] == first.json()["data"]


async def test_a_document_that_another_process_was_quicker_with_does_nothing(
    graphql: Asking, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = service.desk.keep

    async def keep_after_another(key: Key, outcome: Outcome) -> Outcome:
        await keep(replace(key, fingerprint=bytes(32)), outcome)
        return await keep(key, outcome)

    monkeypatch.setattr(service.desk, "keep", keep_after_another)
    assert await graphql.codes(MALFORMED_FIRST, KEY, name="Room") == ["IDEMPOTENCY_KEY_REUSED"] * 2


async def test_a_single_mutation_that_was_wrong_is_corrected_under_its_key(graphql: Asking) -> None:
    document = """mutation($name: String!) {
        addBillToFolio(folioId: "F", accommodationId: "H", name: $name, totalAmount: 1) { name }
    }"""
    assert await graphql.codes(document, KEY, name="") == ["INVALID_PARAMETER"]
    assert (await graphql.data(document, KEY, name="Room"))["addBillToFolio"] == {"name": "Room"}
    assert await graphql.codes(document, KEY, name="Suite") == ["IDEMPOTENCY_KEY_REUSED"]


async def test_the_keys_of_mutations_are_nobody_else_s(graphql: Asking) -> None:
    await graphql.data(TWO, KEY, first=1, second=2)
    for key in ("key-1/0", "key-1/1"):
        await graphql.data(TWO, {"Idempotency-Key": key}, first=3, second=4)


async def test_several_mutations_by_a_fragment_have_keys_too(graphql: Asking, desk: Desk) -> None:
    document = """mutation { ...both } fragment both on Mutation {
        first: addBillToFolio(folioId: "F", accommodationId: "H", name: "Room", totalAmount: 1) { id }
        second: addBillToFolio(folioId: "F", name: "Room", totalAmount: 1) { id }
    }"""
    data = await graphql.data(document, KEY)
    assert data["first"] != data["second"]
    assert await graphql.data(document, KEY) == data
    assert len((await desk.folio("F"))["bills"]) == 2


async def test_a_refusal_is_kept_with_its_key(graphql: Asking, desk: Desk) -> None:
    bill = await desk.add_bill()
    await desk.pay(bill, 1)
    delete = "mutation($id: ID!) { deleteBill(id: $id) }"
    assert await graphql.codes(delete, KEY, id=bill["id"]) == ["INVALID_STATE"]
    [payment] = (await desk.bill(bill["id"]))["payments"]
    await desk.client.delete(f"/v1/payments/{payment['id']}")
    assert await graphql.codes(delete, KEY, id=bill["id"]) == ["INVALID_STATE"]
    assert await graphql.data(delete, {"Idempotency-Key": "key-2"}, id=bill["id"]) == {"deleteBill": True}


async def test_the_key_of_a_document_with_several_mutations_is_taken_for_rest_too(graphql: Asking, desk: Desk) -> None:
    await graphql.data(TWO, KEY, first=1, second=2)
    body = {"accommodationId": "H", "name": "x", "totalAmount": 1}
    response = await graphql.client.post("/v1/folios/F/bills", json=body, headers=KEY)
    assert (response.status_code, response.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_of_many_at_once_under_one_key_one_is_done_and_the_others_wait_or_repeat_it(
    graphql: Asking, desk: Desk
) -> None:
    answers = await asyncio.gather(*(graphql.post(TWO, KEY, first=1, second=2) for _ in range(20)))
    done = [answer.json()["data"] for answer in answers if "errors" not in answer.json()]
    assert done
    assert all(data == done[0] for data in done)
    in_use = [
        error["extensions"]["code"] for answer in answers if "errors" in answer.json() for error in errors_of(answer)
    ]
    assert set(in_use) <= {"IDEMPOTENCY_KEY_IN_USE"}
    assert len((await desk.folio("F"))["bills"]) == 2
