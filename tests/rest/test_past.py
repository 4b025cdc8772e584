"""Bills and folios as they were, at a time or at a position of the log."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.conftest import Desk
from tests.rest.support import PAYMENT, UNKNOWN_ULID, expect_problem


async def life_of_a_folio(desk: Desk, client: httpx.AsyncClient) -> list[tuple[int, str, dict[str, Any]]]:
    """What a folio looked like after each command, with the position and the time of it."""
    bill = await desk.add_bill(total=100)
    path = f"/v1/bills/{bill['id']}"
    second = await desk.add_bill(total=50)
    moments = []

    async def note() -> None:
        answer = await client.get("/v1/folios/FOLIO-1")
        updated = max(each["updatedAt"] for each in answer.json()["bills"])
        moments.append((int(answer.headers["Folio-Position"]), updated, answer.json()))

    await note()
    payment = desk.expect(201, await client.post(f"{path}/payments", json={**PAYMENT, "applyToBalance": True}))
    for method, url, body in (
        ("PATCH", path, {"name": "Suite", "totalAmount": 40_000}),
        ("PATCH", f"/v1/payments/{payment['id']}", {"amount": 35_000}),
        ("POST", f"{path}/settlements", {"settlements": [{"targetBillId": second["id"], "settledAmount": 20}]}),
        ("POST", "/v1/bills/transfer", {"bills": [{"id": bill["id"], "splitAmount": 500}], "folioId": "FOLIO-2"}),
        ("POST", "/v1/bills/transfer", {"bills": [{"id": bill["id"]}], "folioId": "FOLIO-1", "reservationId": "R"}),
        ("POST", f"/v1/payments/{payment['id']}/cancel", {}),
        ("POST", f"{path}/cancel", {}),
    ):
        answer = await client.request(method, url, json=body)
        assert answer.status_code == 200, answer.text
        await note()
    return moments


async def test_a_folio_is_shown_as_it_was_at_every_position_and_time(desk: Desk, client: httpx.AsyncClient) -> None:
    moments = await life_of_a_folio(desk, client)
    for position, time, folio in moments:
        for query in ({"position": position}, {"at": time}):
            answer = await client.get("/v1/folios/FOLIO-1", params=query)
            assert desk.expect(200, answer) == folio
            assert answer.headers["Folio-Position"] == str(position)
            for bill in folio["bills"]:
                shown = await client.get(f"/v1/bills/{bill['id']}", params=query)
                assert desk.expect(200, shown) == bill
                assert shown.headers["ETag"] == f'"{bill["version"]}"'


async def test_a_moment_between_two_events_is_that_of_the_earlier_one(desk: Desk, client: httpx.AsyncClient) -> None:
    (first, time, folio), *_ = await life_of_a_folio(desk, client)
    tick = timedelta(microseconds=1)
    later = (datetime.fromisoformat(time) + tick).isoformat()
    earlier = (datetime.fromisoformat(time) - tick).isoformat()
    assert desk.expect(200, await client.get("/v1/folios/FOLIO-1", params={"at": later})) == folio
    before = await client.get("/v1/folios/FOLIO-1", params={"at": earlier})
    assert len(desk.expect(200, before)["bills"]) == 1
    assert int(before.headers["Folio-Position"]) < first


async def test_a_moment_may_be_given_in_any_offset(desk: Desk, client: httpx.AsyncClient) -> None:
    _, time, folio = (await life_of_a_folio(desk, client))[3]
    for offset in ("+09:00", "-11:30", "+00:00"):
        zone = datetime.fromisoformat(f"2026-01-01T00:00:00{offset}").tzinfo
        local = datetime.fromisoformat(time).astimezone(zone).isoformat()
        assert desk.expect(200, await client.get("/v1/folios/FOLIO-1", params={"at": local})) == folio


async def test_what_did_not_exist_then_is_not_found(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    for query in ({"position": 0}, {"position": 1}, {"at": "2020-01-01T00:00:00Z"}):
        for path in (f"/v1/bills/{bill['id']}", "/v1/folios/FOLIO-1", f"/v1/bills/{UNKNOWN_ULID}", "/v1/folios/NONE"):
            if not (path == "/v1/folios/FOLIO-1" and query == {"position": 1}):
                expect_problem(await client.get(path, params=query), 404, "DATA_NOT_FOUND_ON_ID")
    for path in (f"/v1/bills/{UNKNOWN_ULID}", "/v1/folios/NONE"):
        expect_problem(await client.get(path, params={"position": 2}), 404, "DATA_NOT_FOUND_ON_ID")


async def test_a_deleted_bill_is_shown_as_it_was_before(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    position = (await client.get(f"/v1/bills/{bill['id']}")).headers["Folio-Position"]
    desk.expect(204, await client.delete(f"/v1/bills/{bill['id']}"))
    assert desk.expect(200, await client.get(f"/v1/bills/{bill['id']}?position={position}")) == bill
    assert desk.expect(200, await client.get(f"/v1/folios/FOLIO-1?position={position}"))["bills"] == [bill]
    now = desk.expect(200, await client.get("/v1/folios/FOLIO-1?effectiveAt=2999-01-01T00:00:00Z"))
    assert (now["bills"], now["balanceAmount"]) == ([], 0)
