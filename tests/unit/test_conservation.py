"""Sections 3 and 5: transfers and settlements make and lose no money; a commit that would is stopped."""

from collections.abc import Callable

import pytest

from services.billing.bill import Bill, BillOpening
from services.billing.errors import ConservationViolated
from services.billing.settlement import Settled
from services.billing.transfer import BillTransferred
from services.billing.work import Work
from tests.unit.given import Hotel, paid


def owed(hotel: Hotel, *bills: Bill) -> tuple[int, int]:
    """The sums of totals over live bills and of balances over all of these bills."""
    found = [hotel.bill(bill) for bill in bills]
    return sum(bill.total_amount for bill in found if bill.live), sum(bill.balance_amount for bill in found)


@pytest.mark.parametrize("balance", [-40, 0, 30, 100, 130])
@pytest.mark.parametrize("split", [1, 40, 99, 100, None])
def test_a_transfer_leaves_both_sums_as_they_were(hotel: Hotel, balance: int, split: int | None) -> None:
    bill = hotel.add_bill(total=100, balance_amount=balance, payments=(paid(7),))
    before = owed(hotel, bill)
    [moved] = hotel.transfer(bill if split is None else (bill, split))
    assert owed(hotel, bill, moved) == before


def test_a_settlement_leaves_both_sums_as_they_were(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(total=0, payments=(paid(90),)), hotel.add_bill(total=80)
    before = owed(hotel, payer, target)
    hotel.settle(payer, (target, 80))
    assert owed(hotel, payer, target) == before


def test_a_transfer_within_a_folio_leaves_both_sums_as_they_were(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, balance_amount=40)
    hotel.transfer(bill, to="FOLIO-1", reservation="RES-2")
    assert owed(hotel, bill) == (100, 40)


def lose(work: Work, bill: Bill, balance: int, total: int) -> None:
    """Record that a part went away, though no bill takes it up."""
    bill.record(
        BillTransferred,
        work.stamp,
        balance_effect=-balance,
        total_effect=-total,
        to_folio_id="FOLIO-2",
        to_bill_id="01JD9T7Q2M4Z8K6W3X5V1B0C9E",
        to_reservation_id=None,
        moved_total=total,
        whole=False,
    )


def settled_on(work: Work, bill: Bill, effect: int) -> None:
    """Record one side of a settlement."""
    bill.record(
        Settled,
        work.stamp,
        balance_effect=effect,
        payment_bill_id=bill.id,
        target_bill_id="01JD9T7Q2M4Z8K6W3X5V1B0C9E",
        settled_amount=abs(effect),
    )


def make(work: Work, bill: Bill, accommodation_id: str = "HOTEL-1") -> None:
    """Add a bill of 10 that claims to come from a transfer."""
    opening = BillOpening(
        bill_code="B261122-0000000000",
        accommodation_id=accommodation_id,
        folio_id="FOLIO-2",
        currency="KRW",
        name="Room",
        total_amount=10,
        balance_amount=10,
        transfer_origin_folio_id="FOLIO-1",
        transfer_origin_bill_id=bill.id,
    )
    work.add(Bill.add(work.stamp, "01JD9T7Q2M4Z8K6W3X5V1B0C9E", opening))


def carry_off(work: Work, bill: Bill) -> None:
    """Transfer a part to a bill of another accommodation."""
    lose(work, bill, 10, 10)
    make(work, bill, "HOTEL-2")


BROKEN: dict[str, Callable[[Work, Bill], None]] = {
    "a balance that goes nowhere": lambda work, bill: lose(work, bill, 1, 0),
    "a total that goes nowhere": lambda work, bill: lose(work, bill, 0, 1),
    "a settlement that nobody receives": lambda work, bill: settled_on(work, bill, 10),
    "a settlement that nobody pays": lambda work, bill: settled_on(work, bill, -10),
    "a transferred bill from nowhere": make,
    "a part that goes to another accommodation": carry_off,
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=[name.replace(" ", "-") for name in BROKEN])
def test_a_commit_that_would_make_or_lose_money_is_stopped(hotel: Hotel, broken: Callable[[Work, Bill], None]) -> None:
    bill = hotel.add_bill(total=100)
    before = hotel.store.log

    def decide(work: Work) -> None:
        work.require([bill.id])
        found = work.find(Bill, bill.id)
        assert found is not None
        broken(work, found)

    with pytest.raises(ConservationViolated):
        hotel.when(decide)
    assert hotel.store.log == before


def test_a_payment_a_charge_and_a_correction_are_no_breach(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    hotel.pay(bill, 30, applied=True)
    hotel.update_bill(bill, total=250, balance=1)
    hotel.cancel_bill(bill)
    assert hotel.bill(bill).balance_amount == -249
