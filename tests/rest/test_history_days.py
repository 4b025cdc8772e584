"""The business day of each event in histories and explanations: the very one that reports count it to."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.bootstrap import Service, make_service
from services.store.codec import EventCodec
from tests.conftest import ADMIN_KEY, Desk, ready_client
from tests.faults.proxy import Proxy
from tests.properties.houses import House
from tests.rest.past import history
from tests.rest.report_house import report

MINUTE = timedelta(minutes=1)
FOLIOS = ("/v1/folios/EARLY", "/v1/folios/LATE")
SEVERAL = 30


def at(moment: str) -> datetime:
    """A time in March 2026, in Seoul."""
    return datetime.fromisoformat(f"2026-03-{moment}+09:00")


def days_of(told: list[dict[str, Any]]) -> dict[int, str]:
    """The business days of entries or items, by position."""
    return {each["position"]: each["businessDate"] for each in told}


async def played(service: Service) -> list[str]:
    """A house whose days are closed, and whose zone and cut-off hour change; the days of the events of EARLY."""
    house = House("", at("01T23:30"))
    hotel = house.hotel
    bill = hotel.add_bill("EARLY")
    days = ["01", "01"]

    def pay(*expected: tuple[str, str]) -> None:
        for moment, day in expected:
            hotel.now = at(moment)
            hotel.pay(bill, 100, applied=True)
            days.append(day)

    pay(("01T23:40", "01"))
    hotel.close_day("2026-03-01")
    pay(("01T23:50", "02"), ("02T00:10", "02"))
    hotel.configure(business_day_starts_at="04:00")
    pay(("03T03:59", "02"), ("03T04:00", "03"))
    hotel.close_day("2026-03-02")
    pay(("03T10:00", "03"))
    hotel.configure(time_zone="America/Los_Angeles")  # where it is the 2nd again
    pay(("03T11:30", "03"), ("04T20:59", "03"), ("04T21:00", "04"))
    hotel.close_day("2026-03-03")
    hotel.close_day("2026-03-04")
    pay(("04T22:00", "05"))
    late = hotel.add_bill("LATE", 500)
    hotel.now += MINUTE
    hotel.pay(late, 1)
    await house.append_to(service)
    return [f"2026-03-{day}" for day in days]


async def test_each_event_has_the_day_that_reports_count_it_to(
    service: Service, client: httpx.AsyncClient, desk: Desk
) -> None:
    expected = await played(service)
    answer = await report(client, "activity", groupBy="each", from_="2026-02-01", to="2026-04-30")
    reported = {row["act"]: row["businessDate"] for row in answer.json()["rows"]}
    early, late = [await history(client, path) for path in FOLIOS]
    assert [entry["businessDate"] for entry in early] == expected
    assert [entry["businessDate"] for entry in late] == ["2026-03-05"] * 3
    assert days_of([*early, *late]).items() <= reported.items()
    for path, entries in zip(FOLIOS, (early, late), strict=True):
        assert await history(client, path, limit=1) == entries
        bill = f"/v1/bills/{entries[-1]['billId']}"
        assert await history(client, bill) == entries[1:]
        for explained in (path, bill):
            items = desk.expect(200, await client.get(f"{explained}/explain"))["items"]
            assert days_of(items) == {position: days_of(entries)[position] for position in days_of(items)}
            assert items


async def test_a_day_once_told_stays_whatever_is_closed_or_changed_later(
    service: Service, client: httpx.AsyncClient, desk: Desk
) -> None:
    await played(service)
    whole = desk.expect(200, await client.get(f"{FOLIOS[0]}/explain"))["items"]
    for number, item in enumerate(whole, 1):
        then = await client.get(f"{FOLIOS[0]}/explain", params={"position": item["position"]})
        assert desk.expect(200, then)["items"] == whole[:number]
    assert len(whole) > 1


async def test_of_the_days_that_were_closed_before_only_the_last_is_read(
    service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House("", at("01T12:00"))
    for _ in range(SEVERAL):
        house.hotel.close_day(str(house.hotel.now.date()))
        house.hotel.now += timedelta(days=1)
    house.hotel.add_bill("LATE")
    await house.append_to(service)
    await history(client, FOLIOS[1])
    read: list[str] = []
    decode = EventCodec.to_domain_event

    def counted(codec: EventCodec, stored: Any) -> Any:
        read.append(stored.topic)
        return decode(codec, stored)

    monkeypatch.setattr(EventCodec, "to_domain_event", counted)
    [opened, _] = await history(client, FOLIOS[1])
    assert opened["businessDate"] == "2026-03-31"
    assert read.count("accommodation.day_closed") == 1


async def test_a_page_takes_as_many_statements_however_many_entries_it_has(database: str) -> None:
    async with (
        Proxy(database) as proxy,
        make_service(proxy.conninfo, ADMIN_KEY) as service,
        ready_client(service) as client,
    ):
        desk = Desk(client)
        bill = await desk.add_bill("LATE")
        for amount in range(1, SEVERAL):
            await desk.pay(bill, amount)

        async def statements(limit: int) -> int:
            """How many a page takes. The service asks of itself now and then: the least of several times counts."""
            counts = []
            for _ in range(10):
                before = proxy.answered
                page = desk.expect(200, await client.get(f"{FOLIOS[1]}/history", params={"limit": limit}))
                counts.append(proxy.answered - before)
                assert len(page["items"]) == limit
            return min(counts)

        assert await statements(1) == await statements(SEVERAL)
