"""Money on bills that owe nothing for it, whether or not it had changed the balance before the bill ended."""

from services.bootstrap import Service
from tests.projections.told_reports import FIRST, told
from tests.properties.houses import BEGINNING, House


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
