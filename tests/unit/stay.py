"""A guest's stay in which everything happens that can happen to bills: every event at least once."""

from services.billing.settlement import SettlementWanted
from tests.unit.given import ACCOUNT, Hotel, paid


def stay(hotel: Hotel) -> None:
    """From the first charge to the last correction; some 30 events."""
    hotel.configure(name="Seoul Garden Hotel", business_day_starts_at="05:00", payssam_member="member-1")
    room = hotel.add_bill(
        total=300_000,
        name="객실 요금 204",
        reservation_id="RES-1",
        payments=(paid(100_000), paid(50_000, "VIRTUAL_ACCOUNT", accounts=[ACCOUNT])),
        origin_rate_snapshot="rate-1",
        origin_inclusion_snapshot="inclusion-1",
        user="jiwoo",
    )
    minibar = hotel.add_bill(total=30_000, balance_amount=25_000, name="Minibar")
    deposit = hotel.add_bill(
        total=0, name="Deposit", payments=(paid(40_000),), settlements=(SettlementWanted(minibar.id, 25_000),)
    )
    hotel.settle(deposit, (room, 15_000), reason="Rest of the deposit")
    mileage = hotel.pay(room, 20_000, "MILEAGE")
    cash = hotel.pay(room, 10_000, "CASH", applied=True, user="minho")
    hotel.update_payment(cash, amount=12_000, method="VIRTUAL_ACCOUNT", accounts=(ACCOUNT,), reason="Typed wrong")
    hotel.cancel_payment(cash, reason="Refused by the bank")
    hotel.delete_payment(cash)
    hotel.cancel_payment(mileage)
    hotel.update_bill(room, name="Room 204, late", total=320_000)
    hotel.transfer(room, to="FOLIO-1", reservation="RES-2")
    [part] = hotel.transfer((room, 120_000), to="COMPANY-7", reservation="RES-3")
    [rest] = hotel.transfer(room, to="FOLIO-2")
    hotel.cancel_bill(rest, total=190_000, reason="Stayed elsewhere")
    hotel.cancel_bill(part)
    hotel.delete_bill(part)
    hotel.cancel_payment(next(iter(room.payments)))
    hotel.close_day("2026-11-21", reason="Night audit")
