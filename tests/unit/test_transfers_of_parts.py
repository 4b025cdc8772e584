"""Section 4: a part of a bill moves to another folio: new total = s, new balance = min(s, source balance)."""

import pytest

from services.billing.errors import InvalidParameter
from services.billing.transfer import BillTransferred
from tests.unit.given import Hotel, paid


@pytest.mark.parametrize(
    ("balance", "split", "moved", "left"),
    [
        (100, 1, 1, 99),
        (100, 40, 40, 60),
        (100, 99, 99, 1),
        (40, 40, 40, 0),
        (30, 40, 30, 0),
        (1, 40, 1, 0),
        (0, 40, 0, 0),
        (-20, 40, -20, 0),
        (150, 40, 40, 110),
    ],
)
def test_a_part_takes_as_much_of_the_balance_but_no_more_than_there_is(
    hotel: Hotel, balance: int, split: int, moved: int, left: int
) -> None:
    bill = hotel.add_bill(total=100, balance_amount=balance)
    [part] = hotel.transfer((bill, split))
    source = hotel.bill(bill)
    assert (part.total_amount, part.balance_amount) == (split, moved)
    assert (source.total_amount, source.balance_amount) == (100 - split, left)


def test_a_part_of_a_paid_bill_leaves_its_payments_behind(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(80),))
    [part] = hotel.transfer((bill, 50))
    source = hotel.bill(bill)
    assert (part.balance_amount, part.payments) == (20, {})
    assert (source.total_amount, source.balance_amount, source.status) == (50, 0, "SETTLED")
    assert source.payments == bill.payments


def test_a_bill_may_be_split_again_and_again_and_its_rest_moved_whole(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    [first] = hotel.transfer((bill, 30), to="FOLIO-2")
    [second] = hotel.transfer((bill, 30), to="FOLIO-3")
    [rest] = hotel.transfer((bill, 40), to="FOLIO-4")
    assert [each.total_amount for each in (first, second, rest)] == [30, 30, 40]
    assert (hotel.bill(bill).status, hotel.bill(bill).balance_amount) == ("TRANSFERRED", 0)


def test_a_part_has_name_reservation_and_origin_as_a_whole_bill_has(hotel: Hotel) -> None:
    bill = hotel.add_bill(folio="FOLIO-1", name="Room 204", reservation_id="RES-1", origin_rate_snapshot="rate-1")
    [part] = hotel.transfer((bill, 1), to="FOLIO-2", reservation="RES-2")
    assert (part.name, part.reservation_id, part.origin_rate_snapshot) == ("Room 204", "RES-2", "rate-1")
    assert (part.transfer_origin_folio_id, part.transfer_origin_bill_id) == ("FOLIO-1", bill.id)
    assert hotel.bill(bill).reservation_id == "RES-1"


def test_the_event_of_a_part_says_what_moved(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, balance_amount=30)
    [part] = hotel.transfer((bill, 40))
    [event] = [event for event in hotel.store.stream(bill.id) if isinstance(event, BillTransferred)]
    assert (event.to_folio_id, event.to_bill_id, event.whole) == ("FOLIO-2", part.id, False)
    assert (event.moved_total, event.total_effect, event.balance_effect) == (40, -40, -30)


@pytest.mark.parametrize("split", [-1, 0, 101, 10**15 + 1])
def test_a_split_below_1_or_above_the_total_is_refused(hotel: Hotel, split: int) -> None:
    bill = hotel.add_bill(total=100)
    with hotel.refuses(InvalidParameter, "/bills/0/splitAmount"):
        hotel.transfer((bill, split))


@pytest.mark.parametrize("total", [-100, 0])
def test_a_bill_of_nothing_and_a_discount_cannot_be_split(hotel: Hotel, total: int) -> None:
    bill = hotel.add_bill(total=total)
    with hotel.refuses(InvalidParameter, "/bills/0/splitAmount"):
        hotel.transfer((bill, 1))


def test_a_split_that_was_the_total_before_a_transfer_is_above_it_afterwards(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    hotel.transfer((bill, 40))
    with hotel.refuses(InvalidParameter, "/bills/0/splitAmount"):
        hotel.transfer((bill, 100))
