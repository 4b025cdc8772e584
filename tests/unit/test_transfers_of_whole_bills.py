"""Section 4: a bill moves whole to another folio of its accommodation."""

import pytest

from services.billing.bill import BillAdded
from services.billing.settlement import SettlementWanted
from tests.unit.given import Hotel, paid


def test_a_new_bill_carries_the_amounts_on(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30),))
    [moved] = hotel.transfer(bill, to="FOLIO-2")
    assert moved.id != bill.id
    assert (moved.folio_id, moved.accommodation_id) == ("FOLIO-2", "HOTEL-1")
    assert (moved.total_amount, moved.balance_amount) == (100, 70)
    assert hotel.bill(moved) == moved


def test_the_new_bill_names_the_folio_and_the_bill_that_it_came_from(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1")
    [moved] = hotel.transfer(bill, to="FOLIO-2")
    assert (moved.transfer_origin_folio_id, moved.transfer_origin_bill_id) == ("FOLIO-1", bill.id)


def test_the_new_bill_keeps_name_currency_and_snapshots(hotel: Hotel) -> None:
    hotel.configure(currency="USD")
    bill = hotel.add_bill(name="Room 204", origin_rate_snapshot="rate-1", origin_inclusion_snapshot="inclusion-1")
    [moved] = hotel.transfer(bill)
    assert (moved.name, moved.currency) == ("Room 204", "USD")
    assert (moved.origin_rate_snapshot, moved.origin_inclusion_snapshot) == ("rate-1", "inclusion-1")


def test_the_new_bill_has_the_reservation_that_is_given(hotel: Hotel) -> None:
    [moved] = hotel.transfer(hotel.add_bill(reservation_id="RES-1"), reservation="RES-2")
    assert moved.reservation_id == "RES-2"


def test_to_another_folio_no_reservation_is_needed(hotel: Hotel) -> None:
    [moved] = hotel.transfer(hotel.add_bill(reservation_id="RES-1"), reservation=None)
    assert moved.reservation_id is None


def test_the_source_owes_nothing_and_keeps_its_total_payments_and_settlements_as_history(hotel: Hotel) -> None:
    target = hotel.add_bill(total=50)
    wanted = (SettlementWanted(target.id, 20),)
    bill = hotel.add_bill(total=100, payments=(paid(30),), settlements=wanted)
    hotel.transfer(bill)
    source = hotel.bill(bill)
    assert (source.status, source.balance_amount, source.total_amount) == ("TRANSFERRED", 0, 100)
    assert (source.payments, source.settlements_made) == (bill.payments, bill.settlements_made)


def test_the_new_bill_has_no_payments_and_no_settlements(hotel: Hotel) -> None:
    [moved] = hotel.transfer(hotel.add_bill(payments=(paid(30),)))
    assert (moved.payments, moved.settlements_made, moved.settlements_received) == ({}, [], [])


@pytest.mark.parametrize("balance", [-40, 0, 30, 100, 130])
def test_the_whole_balance_moves_whatever_it_is(hotel: Hotel, balance: int) -> None:
    bill = hotel.add_bill(total=100, balance_amount=balance)
    [moved] = hotel.transfer(bill)
    assert (moved.total_amount, moved.balance_amount) == (100, balance)
    assert hotel.bill(bill).balance_amount == 0


@pytest.mark.parametrize("balance", [-40, 0, 30, 100, 130])
def test_a_split_equal_to_the_total_moves_all(hotel: Hotel, balance: int) -> None:
    bill = hotel.add_bill(total=100, balance_amount=balance)
    [moved] = hotel.transfer((bill, 100))
    assert (moved.total_amount, moved.balance_amount) == (100, balance)
    assert (hotel.bill(bill).status, hotel.bill(bill).balance_amount) == ("TRANSFERRED", 0)


@pytest.mark.parametrize("total", [-100, 0])
def test_a_bill_of_nothing_and_a_discount_move_whole(hotel: Hotel, total: int) -> None:
    bill = hotel.add_bill(total=total, payments=(paid(30),))
    [moved] = hotel.transfer(bill)
    assert (moved.total_amount, moved.balance_amount) == (total, total - 30)
    assert hotel.bill(bill).status == "TRANSFERRED"


def test_a_bill_that_moved_may_move_on_and_back(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1")
    [there] = hotel.transfer(bill, to="FOLIO-2")
    [back] = hotel.transfer(there, to="FOLIO-1")
    assert (back.folio_id, back.transfer_origin_folio_id, back.transfer_origin_bill_id) == (
        "FOLIO-1",
        "FOLIO-2",
        there.id,
    )
    assert [hotel.bill(each).status for each in (bill, there, back)] == ["TRANSFERRED", "TRANSFERRED", "OPEN"]


def test_a_transfer_goes_to_a_folio_that_has_bills_already(hotel: Hotel) -> None:
    hotel.add_bill(folio="FOLIO-2")
    [moved] = hotel.transfer(hotel.add_bill(folio="FOLIO-1"), to="FOLIO-2")
    assert hotel.bill(moved).folio_id == "FOLIO-2"
    assert len(hotel.store.stream("folio/FOLIO-2")) == 1


def test_bills_are_answered_in_the_order_of_the_request(hotel: Hotel) -> None:
    bills = [hotel.add_bill(total=total) for total in (100, 200, 300)]
    moved = hotel.transfer(bills[2], (bills[0], 40), bills[1])
    assert [bill.transfer_origin_bill_id for bill in moved] == [bills[2].id, bills[0].id, bills[1].id]
    assert [bill.total_amount for bill in moved] == [300, 40, 200]


def test_both_sides_of_a_transfer_are_in_one_commit(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    events = hotel.events_of(lambda: hotel.transfer(bill))
    assert len({(event.timestamp, event.request_id) for event in events}) == 1
    assert [type(event).TOPIC for event in events if not isinstance(event, BillAdded)] == [
        "bill.transferred",
        "folio.opened",
    ]
