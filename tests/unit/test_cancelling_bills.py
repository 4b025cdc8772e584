"""Section 4: cancelling a bill keeps it; the charge is gone, money already taken remains as credit."""

from services.billing.bill import BillUpdated, Cancelled
from services.billing.errors import InvalidParameter, NotFound
from services.billing.settlement import SettlementWanted
from tests.unit.given import UNKNOWN, Hotel, paid


def test_a_cancelled_bill_is_kept_with_its_total_and_payments(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30),))
    hotel.cancel_bill(bill)
    found = hotel.bill(bill)
    assert (found.total_amount, found.balance_amount) == (100, -30)
    assert found.payments == bill.payments


def test_a_cancelled_bill_says_when_and_by_whom(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.cancel_bill(bill, user="jiwoo")
    cancelled = hotel.store.events[-1]
    assert (hotel.bill(bill).cancelled_at, hotel.bill(bill).cancelled_by) == (cancelled.timestamp, "jiwoo")


def test_cancelling_with_a_new_total_takes_that_total_back(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30),))
    cancelled = hotel.cancel_bill(bill, total=80)
    assert (cancelled.total_amount, cancelled.balance_amount) == (80, -30)


def test_cancelling_with_a_balance_starts_from_that_balance(hotel: Hotel) -> None:
    cancelled = hotel.cancel_bill(hotel.add_bill(total=100), balance=70)
    assert (cancelled.total_amount, cancelled.balance_amount) == (100, -30)


def test_cancelling_with_a_name_keeps_the_amounts(hotel: Hotel) -> None:
    cancelled = hotel.cancel_bill(hotel.add_bill(total=100), name="Posted twice")
    assert (cancelled.name, cancelled.total_amount, cancelled.balance_amount) == ("Posted twice", 100, 0)


def test_cancelling_with_fields_records_the_change_and_then_the_cancellation(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    events = hotel.events_of(lambda: hotel.cancel_bill(bill, total=80))
    assert [type(event) for event in events] == [BillUpdated, Cancelled]


def test_cancelling_without_fields_records_only_the_cancellation(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    events = hotel.events_of(lambda: hotel.cancel_bill(bill))
    assert [type(event) for event in events] == [Cancelled]


def test_cancelling_with_a_wrong_field_is_refused(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/totalAmount"):
        hotel.cancel_bill(bill, total=10**15 + 1, balance=0)


def test_a_bill_that_settled_others_may_be_cancelled(hotel: Hotel) -> None:
    target = hotel.add_bill(total=100)
    payer = hotel.add_bill(total=0, settlements=(SettlementWanted(target.id, 60),))
    cancelled = hotel.cancel_bill(payer)
    assert (cancelled.balance_amount, len(cancelled.settlements_made)) == (60, 1)


def test_a_bill_that_does_not_exist_is_not_found(hotel: Hotel) -> None:
    with hotel.refuses(NotFound, "/billId"):
        hotel.cancel_bill(UNKNOWN)
