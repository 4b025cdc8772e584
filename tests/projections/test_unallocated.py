"""Money that covers nothing, however it was booked: on the bill that it was paid on, and never more than that."""

from projections.reading import Freshness
from projections.report_reading import Reports
from projections.reports import REPORTS
from services.billing.bill import Bill
from services.bootstrap import Service
from tests.projections.told_reports import FIRST, told
from tests.properties.explained import check_explained
from tests.properties.houses import BEGINNING, House
from tests.properties.report_answers import rows_of

LINKS = 100


async def test_money_on_a_bill_that_ends_is_a_credit_once_however_it_was_booked(service: Service) -> None:
    house = House("", BEGINNING)
    hotel = house.hotel
    names = ("cancelled", "transferred", "stated", "misstated", "applied", "overpaid", "open", "settled", "free")
    bills = {name: hotel.add_bill("F-2" if name == "transferred" else "F-1", 100, name=name) for name in names}
    for name, amount in {
        "cancelled": 30,
        "transferred": 41,
        "stated": 52,
        "misstated": 13,
        "open": 163,
        "settled": 100,
    }.items():
        hotel.pay(bills[name], amount, applied=False)
    hotel.pay(bills["applied"], 64, applied=True)
    hotel.pay(bills["overpaid"], 175, applied=True)
    hotel.update_bill(bills["stated"], balance=100 - 52)
    hotel.update_bill(bills["misstated"], balance=90)
    hotel.update_bill(bills["settled"], balance=0)
    for name in ("cancelled", "stated", "misstated", "applied", "free"):
        hotel.cancel_bill(bills[name])
    hotel.transfer(bills["transferred"], to="F-1")

    rows = await told(service, house, "unallocated", FIRST)
    assert {row["name"]: (row["why"], row["folio_id"], row["bills"], row["credit"]) for row in rows["bill"]} == {
        "cancelled": ("CANCELLED", "F-1", 1, 30),
        "stated": ("CANCELLED", "F-1", 1, 52),
        "misstated": ("CANCELLED", "F-1", 1, 13),
        "applied": ("CANCELLED", "F-1", 1, 64),
        "transferred": ("TRANSFERRED", "F-2", 1, 41),
        "overpaid": ("OVERPAID", "F-1", 1, 75),
    }
    assert {row["bill_id"] for row in rows["bill"] if row["why"] == "TRANSFERRED"} == {bills["transferred"].id}
    assert {row["folio_id"]: (row["bills"], row["credit"]) for row in rows["folio"]} == {
        "F-1": (5, 234),
        "F-2": (1, 41),
    }
    assert {row["why"]: (row["bills"], row["credit"]) for row in rows["why"]} == {
        "CANCELLED": (4, 159), "OVERPAID": (1, 75), "TRANSFERRED": (1, 41),
    }  # fmt: skip
    assert rows["total"] == [{"bills": 6, "credit": 275}]


async def credits_of(service: Service, house: House) -> dict[str, tuple[str, str, int]]:
    """Why, on which folio and how much, by the names of the bills."""
    rows = (await told(service, house, "unallocated", FIRST))["bill"]
    assert len({row["name"] for row in rows}) == len(rows)
    return {row["name"]: (row["why"], row["folio_id"], int(row["credit"])) for row in rows}


def happen(house: House, bill: Bill, what: str, lowered_to: int) -> None:
    """Let a bill be deleted, cancelled, lowered to a total, or kept."""
    match what:
        case "deleted":
            house.hotel.delete_bill(bill)
        case "cancelled":
            house.hotel.cancel_bill(bill)
        case "lowered":
            house.hotel.update_bill(bill, total=lowered_to)


async def test_a_stated_balance_makes_no_money(service: Service) -> None:
    house = House("", BEGINNING)
    hotel = house.hotel
    more = hotel.add_bill("F-1", 10_000, name="stated at more than its total")
    hotel.update_bill(more, balance=15_000)
    nothing = hotel.add_bill("F-1", 0, name="of nothing", balance_amount=10_000)
    hotel.transfer(more, nothing, to="F-2")
    less = hotel.add_bill("F-1", 10_000, name="stated at less", balance_amount=4_000)
    below = hotel.add_bill("F-1", 10_000, name="stated below zero", balance_amount=-4_000)
    for bill in (less, below):
        hotel.cancel_bill(bill)
    hotel.update_bill(hotel.add_bill("F-1", 10_000, name="open, below zero"), balance=-7_000)
    hotel.add_bill("F-1", -500, name="a discount")
    deleted = hotel.add_bill("F-1", 10_000, name="deleted, stated at more", balance_amount=13_000)
    hotel.delete_bill(deleted)
    assert await credits_of(service, house) == {}

    paid = hotel.add_bill("F-1", 10_000, name="paid", balance_amount=13_000)
    hotel.pay(paid, 10_000, applied=True)
    half = hotel.add_bill("F-1", 10_000, name="half stated", balance_amount=4_000)
    hotel.pay(half, 5_000, applied=True)
    overpaid = hotel.add_bill("F-1", 100, name="overpaid, and stated lower", balance_amount=-60)
    hotel.pay(overpaid, 40, applied=True)
    for bill in (paid, half):
        hotel.cancel_bill(bill)
    assert await credits_of(service, house) == {
        "paid": ("CANCELLED", "F-1", 10_000),
        "half stated": ("CANCELLED", "F-1", 5_000),
        "overpaid, and stated lower": ("OVERPAID", "F-1", 40),
    }


async def test_money_that_was_cancelled_is_no_credit_whatever_the_bill_has_become(service: Service) -> None:
    house = House("", BEGINNING)
    hotel = house.hotel
    for applied in (True, False):
        bill = hotel.add_bill("F-1", 100, name=f"cancelled {applied}")
        payments = [hotel.pay(bill, amount, applied=applied) for amount in (30, 8, 5)]
        hotel.cancel_bill(bill)
        hotel.cancel_payment(payments[0])
        hotel.delete_payment(payments[1])
        bill = hotel.add_bill("F-1", 100, name=f"moved {applied}")
        payment = hotel.pay(bill, 60, applied=applied)
        hotel.transfer(bill, to="F-2")
        hotel.cancel_payment(payment)
    assert await credits_of(service, house) == {
        "cancelled True": ("CANCELLED", "F-1", 5), "cancelled False": ("CANCELLED", "F-1", 5),
    }  # fmt: skip


async def test_money_that_covers_a_part_elsewhere_is_a_credit_where_it_was_paid_once_that_part_has_ended(
    service: Service,
) -> None:
    house = House("", BEGINNING)
    hotel = house.hotel
    for way in ("deleted", "cancelled", "lowered", "kept"):
        bill = hotel.add_bill("F-1", 10_000, name=f"split, {way}")
        hotel.pay(bill, 6_000, applied=True)
        [part] = hotel.transfer((bill, 9_000), to="F-2")
        hotel.update_bill(part, name="the part")
        happen(house, part, way, 1_500)
        bill = hotel.add_bill("F-1", 10_000, name=f"whole, {way}")
        hotel.pay(bill, 6_000, applied=True)
        [second] = hotel.transfer(bill, to="F-2")
        hotel.update_bill(second, name=f"moved again, {way}")
        hotel.pay(second, 1_000, applied=True)
        [third] = hotel.transfer(second, to="F-3")
        hotel.update_bill(third, name="the last")
        happen(house, third, way, 5_500)
    assert await credits_of(service, house) == {
        "split, deleted": ("OVERPAID", "F-1", 5_000),
        "split, cancelled": ("OVERPAID", "F-1", 5_000),
        "split, lowered": ("OVERPAID", "F-1", 3_500),
        "whole, deleted": ("TRANSFERRED", "F-1", 6_000),
        "whole, cancelled": ("TRANSFERRED", "F-1", 6_000),
        "whole, lowered": ("TRANSFERRED", "F-1", 500),
        "moved again, deleted": ("TRANSFERRED", "F-2", 1_000),
        "moved again, cancelled": ("TRANSFERRED", "F-2", 1_000),
        "moved again, lowered": ("TRANSFERRED", "F-2", 1_000),
    }


async def test_a_credit_comes_back_along_any_chain_of_transfers(service: Service) -> None:
    house = House("", BEGINNING)
    bill = house.hotel.add_bill("F-0", 100, name="paid")
    house.hotel.pay(bill, 70, applied=True)
    for link in range(1, LINKS):
        [bill] = house.hotel.transfer(bill, to=f"F-{link % 2}")
    house.hotel.update_bill(bill, name="the last")
    assert await credits_of(service, house) == {}
    house.hotel.cancel_bill(bill)
    assert await credits_of(service, house) == {"paid": ("TRANSFERRED", "F-0", 70)}


async def test_a_settlement_moves_debt_and_no_money_so_its_credit_is_that_of_who_paid(service: Service) -> None:
    house = House("", BEGINNING)
    hotel = house.hotel
    group = hotel.add_bill("F-1", 0, name="group payment")
    hotel.pay(group, 10_000, applied=True)
    debtor = hotel.add_bill("F-1", 500, name="debtor")
    room = hotel.add_bill("F-1", 7_000, name="room")
    bar = hotel.add_bill("F-1", 4_000, name="bar")
    hotel.pay(bar, 1_000, applied=True)
    hotel.settle(group, (room, 7_000), (bar, 2_000))
    hotel.settle(debtor, (bar, 1_000))
    assert await credits_of(service, house) == {"group payment": ("OVERPAID", "F-1", 1_000)}
    hotel.cancel_bill(bar)
    assert await credits_of(service, house) == {
        "bar": ("CANCELLED", "F-1", 1_000),
        "group payment": ("OVERPAID", "F-1", 3_000),
    }, "the debtor owes what it took over, and gets nothing back"
    hotel.cancel_bill(room)
    found = await credits_of(service, house)
    assert found["group payment"] == ("OVERPAID", "F-1", 10_000)
    hotel.cancel_bill(group)
    assert (await credits_of(service, house))["group payment"] == ("CANCELLED", "F-1", 10_000)


async def test_what_is_needed_no_more_goes_back_first_to_who_covered_it_last(service: Service) -> None:
    house = House("", BEGINNING)
    hotel = house.hotel
    bar = hotel.add_bill("F-1", 200, name="bar")
    for name in ("first", "second"):
        payer = hotel.add_bill("F-1", 0, name=name)
        hotel.pay(payer, 100, applied=True)
        hotel.settle(payer, (bar, 100))
    hotel.update_bill(bar, total=170)
    assert await credits_of(service, house) == {"second": ("OVERPAID", "F-1", 30)}
    hotel.update_bill(bar, total=60)
    assert await credits_of(service, house) == {"first": ("OVERPAID", "F-1", 40), "second": ("OVERPAID", "F-1", 100)}


async def test_bills_that_settled_each_other_keep_what_each_was_paid(service: Service) -> None:
    house = House("", BEGINNING)
    hotel = house.hotel
    one, other = hotel.add_bill("F-1", 100, name="one"), hotel.add_bill("F-1", 100, name="other")
    hotel.settle(one, (other, 100))
    hotel.settle(other, (one, 150))
    hotel.pay(one, 50, applied=True)
    hotel.pay(other, 150, applied=True)
    hotel.cancel_bill(one)
    assert await credits_of(service, house) == {"one": ("CANCELLED", "F-1", 50), "other": ("OVERPAID", "F-1", 50)}
    hotel.cancel_bill(other)
    assert await credits_of(service, house) == {"one": ("CANCELLED", "F-1", 50), "other": ("CANCELLED", "F-1", 150)}


async def test_of_one_folio_its_own_credits_are_told_also_those_that_came_back_from_elsewhere(
    service: Service,
) -> None:
    house = House("", BEGINNING)
    bill = house.hotel.add_bill("F-1", 100, name="paid here")
    house.hotel.pay(bill, 60, applied=True)
    house.hotel.cancel_bill(house.hotel.transfer(bill, to="F-2")[0])
    await house.append_to(service)
    for folio_id, credit in (("F-1", 60), ("F-2", 0)):
        reports = Reports(service.conninfo, service.reader)
        async with reports.snapshot("HOTEL-1", FIRST, FIRST, Freshness(), folio_id=folio_id) as snapshot:
            rows = await rows_of(snapshot, REPORTS["unallocated"], "total")
            assert [row["credit"] for row in rows] == [credit]
            await check_explained(snapshot, REPORTS["unallocated"], "total", rows)
