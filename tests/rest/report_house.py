"""A house whose reports tests ask for: a few folios with bills, payments and what became of them."""

from typing import Any

import httpx

from projections.reports import REPORTS as ALL
from services.billing.business_day import FIRST_DAY
from tests.conftest import Desk

HOUSE = "/v1/accommodations/HOTEL-1"
REPORTS = f"{HOUSE}/reports"
WEEK = {"from": "2026-11-16", "to": "2026-11-22"}
PICTURED = ("daily-takings", "outstanding", "payment-requests")
ODD_NAME = '=cmd()|"; 조식, 2'


async def busy_house(desk: Desk) -> dict[str, Any]:
    """Bills, payments, moves and corrections at HOTEL-1, and a little at HOTEL-2; returns a paid bill."""
    room, bar = await desk.add_bill("F-1", 120_000), await desk.add_bill("F-1", 30_000, name=ODD_NAME)
    await desk.pay(room, 50_000, applyToBalance=True)
    wrong = await desk.pay(bar, 30_000, applyToBalance=True, paymentMethod="CASH")
    await desk.pay(bar, 7_000, paidAt="2026-11-20T09:00:00+09:00")
    desk.expect(200, await desk.client.post(f"/v1/payments/{wrong['id']}/cancel"))
    body = {"bills": [{"id": room["id"], "splitAmount": 20_000}], "folioId": "F-2"}
    desk.expect(200, await desk.client.post("/v1/bills/transfer", json=body))
    other = await desk.add_bill("G-1", 900_000, accommodationId="HOTEL-2")
    await desk.pay(other, 400_000, applyToBalance=True)
    return room


def all_days(last: Any) -> dict[str, str]:
    """The parameters for every day of five years up to this one."""
    year, rest = str(last).split("-", 1)
    first = f"{int(year) - 4}-{rest}".replace("-02-29", "-03-01")
    return {"from": max(first, str(FIRST_DAY)), "to": str(last)}


async def open_day(client: httpx.AsyncClient) -> str:
    """The business day that events of HOTEL-1 belong to now."""
    answer = await client.get(f"{HOUSE}/days")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["businessDate"])


async def report(client: httpx.AsyncClient, name: str, **given: Any) -> httpx.Response:
    """A report of HOTEL-1, which must be answered. `from_` stands for `from`."""
    parameters = {key.rstrip("_"): value for key, value in given.items() if value is not None}
    answer = await client.get(f"{REPORTS}/{name}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer


def questions(period: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """Every report in every grouping with its events, in every other format, and every picture."""
    explained = [
        (name, {**period, "groupBy": grouping, "explain": "true"})
        for name, each in ALL.items()
        for grouping in each.groupings
    ]
    files = [(name, {**period, "format": format_}) for name in ALL for format_ in ("csv", "parquet")]
    return [*explained, *files, *((name, {**period, "format": form}) for name in PICTURED for form in ("svg", "png"))]
