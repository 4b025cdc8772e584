"""Bills and folios by what was in effect at a time, alone and as it was known then; and what is told of wrong times."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.conftest import Desk
from tests.rest.support import expect_problem

HOUR = timedelta(hours=1)
FOLIO = "/v1/folios/FOLIO-1"


def ago(hours: float) -> str:
    """A time so many hours ago."""
    return (datetime.now(UTC) - hours * HOUR).isoformat()


def sums(folio: dict[str, Any]) -> tuple[int, int, int]:
    """Total, paid and balance."""
    return folio["totalAmount"], folio["paidAmount"], folio["balanceAmount"]


async def folio_at(desk: Desk, **point: Any) -> dict[str, Any]:
    """The folio at a point."""
    return desk.expect(200, await desk.client.get(FOLIO, params=point))


async def test_money_counts_from_when_it_was_paid_though_its_bill_is_not_there_yet(desk: Desk) -> None:
    bill = await desk.add_bill(total=100)
    payment = await desk.pay(bill, 30, paidAt=ago(2), applyToBalance=True)
    early = await folio_at(desk, effectiveAt=ago(1))
    assert (sums(early), early["bills"]) == ((0, 30, -30), [])
    coming = await desk.pay(bill, 5, paidAt=ago(-48), applyToBalance=True)
    now = await folio_at(desk, effectiveAt=ago(-1))
    assert sums(now) == (100, 30, 70)
    assert [each["id"] for each in now["bills"][0]["payments"]] == [payment["id"]]
    later = await folio_at(desk, effectiveAt=ago(-49))
    assert [each["id"] for each in later["bills"][0]["payments"]] == [payment["id"], coming["id"]]
    assert later == await desk.folio("FOLIO-1")
    shown = await desk.client.get(f"/v1/bills/{bill['id']}", params={"effectiveAt": ago(-49)})
    assert desk.expect(200, shown) == await desk.bill(bill["id"])


async def test_both_axes_together_show_what_was_known_then_of_what_was_in_effect(desk: Desk) -> None:
    bill = await desk.add_bill(total=100)
    payment = await desk.pay(bill, 30, paidAt=ago(2), applyToBalance=True)
    answer = await desk.client.patch(f"/v1/payments/{payment['id']}", json={"amount": 40, "paidAt": ago(5)})
    corrected = int(answer.headers["Folio-Position"])
    for position, effective, balance in (
        (corrected - 1, ago(1), -30), (corrected, ago(1), -40), (corrected - 1, ago(3), None), (corrected, ago(4), -40),
        (corrected - 1, ago(-1), 70), (corrected, ago(-1), 60), (corrected - 2, ago(-1), 100),
    ):  # fmt: skip
        answer = await desk.client.get(FOLIO, params={"position": position, "effectiveAt": effective})
        if balance is None:
            expect_problem(answer, 404, "DATA_NOT_FOUND_ON_ID", "/folioId")
        else:
            assert desk.expect(200, answer)["balanceAmount"] == balance
            assert answer.headers["Folio-Position"] == str(position)
    known = (await desk.client.get(f"{FOLIO}/history")).json()["items"][-2]["recordedAt"]
    assert sums(await folio_at(desk, at=known, effectiveAt=ago(-1))) == (100, 30, 70)


async def test_what_was_not_there_yet_says_since_when_it_is(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill(total=100)
    paid_at = "2026-01-02T03:04:05Z"
    await desk.pay(bill, 5, paidAt=paid_at)
    since = bill["createdAt"]
    path = f"/v1/bills/{bill['id']}"
    for asked, query, told in (
        (path, {"at": "2026-01-01T00:00:00Z"}, since), (path, {"position": 1}, since),
        (path, {"effectiveAt": "2026-03-01T00:00:00Z"}, since), (f"{path}/explain", {"position": 2}, since),
        (FOLIO, {"at": "2026-01-01T00:00:00Z"}, since), (FOLIO, {"position": 0}, since),
        (FOLIO, {"effectiveAt": "2026-01-01T00:00:00Z"}, paid_at), (f"{FOLIO}/explain", {"position": 1}, since),
        (f"{FOLIO}/diff", {"from": 0, "to": 1}, since),
    ):  # fmt: skip
        problem = expect_problem(await client.get(asked, params=query), 404, "DATA_NOT_FOUND_ON_ID")
        assert f"it is there since {told}" in problem["detail"], (asked, query, problem)
    await desk.add_bill()
    second = await desk.add_bill()
    desk.expect(204, await client.delete(f"/v1/bills/{second['id']}"))
    now = ago(0)
    for query in ({"at": now}, {"effectiveAt": now}):
        problem = expect_problem(
            await client.get(f"/v1/bills/{second['id']}", params=query), 404, "DATA_NOT_FOUND_ON_ID"
        )
        assert "and was deleted at 2" in problem["detail"]


async def test_a_point_that_is_still_to_come_is_refused_by_name(desk: Desk, client: httpx.AsyncClient) -> None:
    bill = await desk.add_bill()
    for path in (FOLIO, f"/v1/bills/{bill['id']}", f"{FOLIO}/explain", f"/v1/bills/{bill['id']}/explain"):
        answer = await client.get(path, params={"at": ago(-0.1)})
        assert "still to come" in expect_problem(answer, 400, "INVALID_PARAMETER", "/at")["detail"]
        answer = await client.get(path, params={"position": 4711})
        expect_problem(answer, 400, "INVALID_PARAMETER", "/position")
        expect_problem(await client.get(path, params={"position": 3, "at": ago(0)}), 400, "INVALID_PARAMETER")
    for name, query in (
        ("from", {"from": ago(-1)}), ("to", {"from": "0", "to": ago(-1)}), ("to", {"from": "0", "to": "99"}),
    ):  # fmt: skip
        answer = await client.get(f"{FOLIO}/diff", params=query)
        expect_problem(answer, 400, "INVALID_PARAMETER", f"/{name}")
