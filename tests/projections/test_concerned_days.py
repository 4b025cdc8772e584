"""The day that a charge concerns: that of the calendar on which its first bill was added, closed or not."""

from datetime import date, timedelta
from typing import Any

from projections.reading import Freshness
from projections.report_reading import Reports
from services.bootstrap import Service
from services.desk.hledger import journal
from tests.projections.told_reports import FIRST, told
from tests.properties.houses import BEGINNING, DAY, House
from tests.properties.report_answers import Rows

NIGHT = timedelta(hours=8)
"""From the beginning, 18:00 in Seoul, to 02:00 of the next day."""


def by_days(rows: Rows, figure: str) -> dict[tuple[int, int], tuple[Any, Any]]:
    """A figure and what of it is late, by how many days after the first it was recorded and which one it concerns."""
    return {
        ((row["business_date"] - FIRST).days, (row["concerned_date"] - FIRST).days): (row[figure], row["late"])
        for row in rows
    }


async def tags(service: Service, last: date) -> list[tuple[str, int]]:
    """The events of the journal with the days that they concern, by how many they are after the first."""
    async with Reports(service.conninfo, service.reader).snapshot("HOTEL-1", FIRST, last, Freshness()) as snapshot:
        text = "".join([part async for part in journal(snapshot, "HOTEL-1", FIRST, last)])
    headings = [line.partition("  ; ") for line in text.splitlines() if "concerns:" in line]
    days = [date.fromisoformat(tag.partition("concerns:")[2][:10]) for _, _, tag in headings]
    return [(heading.split()[2], (day - FIRST).days) for (heading, _, _), day in zip(headings, days, strict=True)]


async def test_a_bill_that_is_posted_after_its_day_was_closed_concerns_that_day_as_its_payment_does(
    service: Service,
) -> None:
    house = House("", BEGINNING)
    hotel = house.hotel
    hotel.add_bill("F-1", 100)
    hotel.close_day(str(FIRST))
    late = hotel.add_bill("F-1", 20)
    hotel.pay(late, 20, applied=True, paid_at=hotel.now)
    hotel.now += DAY
    hotel.update_bill(late, total=23)
    hotel.add_bill("F-1", 5)
    last = FIRST + DAY
    revenue = await told(service, house, "revenue", last)
    assert by_days(revenue["concerned"], "net") == {(0, 0): (100, 0), (1, 0): (23, 23), (1, 1): (5, 0)}
    assert [(row["net"], row["late"]) for row in revenue["day"]] == [(100, 0), (28, 23)]
    takings = await told(service, house, "daily-takings", last)
    assert by_days(takings["concerned"], "net") == {(1, 0): (20, 20)}
    assert await tags(service, last) == [
        ("bill.added", 0), ("bill.added", 0), ("payment.recorded", 0), ("bill.updated", 0), ("bill.added", 1),
    ]  # fmt: skip


async def test_what_becomes_of_a_bill_that_was_moved_concerns_the_day_of_the_first_of_its_chain(
    service: Service,
) -> None:
    house = House("", BEGINNING)
    hotel = house.hotel
    first = hotel.add_bill("F-1", 100)
    hotel.now += DAY
    [second] = hotel.transfer(first, to="F-2")
    hotel.now += DAY
    [part] = hotel.transfer((second, 40), to="F-3")
    hotel.update_bill(part, total=45)
    hotel.now += DAY
    hotel.cancel_bill(second)
    hotel.pay(part, 45, applied=True, paid_at=hotel.now)
    hotel.delete_bill(hotel.transfer(hotel.add_bill("F-4", 7), to="F-1")[0])
    last = FIRST + 3 * DAY
    revenue = await told(service, house, "revenue", last)
    assert by_days(revenue["concerned"], "net") == {
        (0, 0): (100, 0), (2, 0): (5, 5), (3, 0): (-60, -60), (3, 3): (0, 0),
    }  # fmt: skip
    assert [(row["added"], row["cancelled"], row["deleted"]) for row in revenue["total"]] == [(107, 60, 7)]
    moved = ("bill.added", "bill.transferred")
    assert [each for each in await tags(service, last) if each[0] not in moved] == [
        ("bill.updated", 0), ("bill.cancelled", 0), ("payment.recorded", 3), ("bill.deleted", 3),
    ]  # fmt: skip
    assert [day for event, day in await tags(service, last) if event in moved] == [0, 0, 0, 0, 0, 3, 3, 3]


async def test_a_charge_of_the_night_concerns_the_day_before_where_the_day_begins_later(service: Service) -> None:
    house = House("", BEGINNING)
    house.hotel.configure(time_zone="Asia/Seoul", business_day_starts_at="04:00")
    house.hotel.close_day(str(FIRST))
    house.hotel.now += NIGHT
    house.hotel.add_bill("F-1", 30)
    revenue = await told(service, house, "revenue", FIRST + DAY)
    assert by_days(revenue["concerned"], "net") == {(1, 0): (30, 30)}
