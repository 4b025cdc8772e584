"""What is owed by its age: at the limits of the buckets, on bills that were moved, and as of earlier days."""

from datetime import date
from typing import Any

from services.billing.bill import Bill
from services.bootstrap import Service
from tests.projections.told_reports import told
from tests.properties.houses import BEGINNING, DAY, House

TODAY = BEGINNING + 91 * DAY
BUCKETS = ("days_0_to_7", "days_8_to_30", "days_31_to_60", "days_61_to_90", "over_90", "credit", "balance")
DEBTS = {0: 1, 7: 2, 8: 4, 30: 8, 31: 16, 60: 32, 61: 64, 90: 128, 91: 256}
"""What is owed on a bill of so many days: no two sums of these are the same."""
LINKS = 500


def amounts(row: dict[str, Any]) -> tuple[int, ...]:
    """The amounts of a row, in the order of BUCKETS."""
    return tuple(row[name] for name in BUCKETS)


def opened_days_ago(days: int) -> House:
    """A house in which it is so many days ago."""
    return House("", TODAY - days * DAY)


def house_with_debts() -> House:
    """F-1 owes something of every age, and was overpaid once."""
    house = opened_days_ago(91)
    for days, owed in sorted(DEBTS.items(), reverse=True):
        house.hotel.now = TODAY - days * DAY
        overpaid = house.hotel.add_bill("F-1", owed, name=f"{days} days")
    house.hotel.now = TODAY
    overpaid = house.hotel.add_bill("F-1", 100, name="overpaid")
    house.hotel.pay(overpaid, 612, applied=True)
    return house


async def test_a_debt_is_in_the_bucket_of_its_age_on_the_last_day_and_a_credit_in_none(service: Service) -> None:
    house = house_with_debts()
    today = await told(service, house, "outstanding", TODAY.date())
    sums = (1 + 2, 4 + 8, 16 + 32, 64 + 128, 256, -512, 511 - 512)
    assert [amounts(row) for row in today["total"]] == [sums]
    assert [(row["folio_id"], *amounts(row)) for row in today["folio"]] == [("F-1", *sums)]
    limits = (7, 30, 60, 90, 91)
    expected: dict[str, tuple[int, ...]] = {"overpaid": (0, 0, 0, 0, 0, -512, -512)}
    for days, owed in DEBTS.items():
        bucket = next(number for number, limit in enumerate(limits) if days <= limit)
        expected[f"{days} days"] = (*(owed if number == bucket else 0 for number in range(6)), owed)
    assert {row["name"]: amounts(row) for row in today["bill"]} == expected


async def test_ages_count_to_the_last_day_whenever_it_is_asked_for(service: Service) -> None:
    house = house_with_debts()
    yesterday = await told(service, house, "outstanding", TODAY.date() - DAY)
    assert amounts(yesterday["total"][0]) == (2 + 4, 8 + 16, 32 + 64, 128 + 256, 0, 0, 510), "a day younger, each"
    in_a_year = await told(service, house, "outstanding", date(2021, 5, 28))
    assert amounts(in_a_year["total"][0]) == (0, 0, 0, 0, 511, -512, -1)


async def test_a_bill_that_was_moved_is_as_old_as_the_one_it_came_from_first(service: Service) -> None:
    house = opened_days_ago(91)
    origin = house.hotel.add_bill("F-1", 1_000)
    house.hotel.now = TODAY - 50 * DAY
    [carried] = house.hotel.transfer(origin, to="F-2")
    house.hotel.add_bill("F-2", 5)
    house.hotel.now = TODAY - 3 * DAY
    house.hotel.transfer((carried, 300), to="F-3")
    house.hotel.add_bill("F-3", 7)
    rows = await told(service, house, "outstanding", TODAY.date())
    assert {row["folio_id"]: amounts(row) for row in rows["folio"]} == {
        "F-2": (0, 0, 5, 0, 700, 0, 705),
        "F-3": (7, 0, 0, 0, 300, 0, 307),
    }
    assert [amounts(row) for row in rows["total"]] == [(7, 0, 5, 0, 1_000, 0, 1_012)]
    assert sorted(row["balance"] for row in rows["bill"]) == [5, 7, 300, 700]


async def test_every_link_of_a_long_chain_of_splits_is_as_old_as_its_beginning(service: Service) -> None:
    house = opened_days_ago(91)
    bill: Bill = house.hotel.add_bill("F-0", LINKS)
    house.hotel.now = TODAY
    for link in range(1, LINKS):
        [bill] = house.hotel.transfer((bill, LINKS - link), to=f"F-{link % 2}")
    rows = await told(service, house, "outstanding", TODAY.date())
    half = LINKS // 2
    assert [amounts(row) for row in rows["folio"]] == [(0, 0, 0, 0, half, 0, half)] * 2
    assert [amounts(row) for row in rows["bill"]] == [(0, 0, 0, 0, 1, 0, 1)] * LINKS
    assert [amounts(row) for row in rows["total"]] == [(0, 0, 0, 0, LINKS, 0, LINKS)]
