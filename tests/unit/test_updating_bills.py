"""Section 4: updating a bill."""

from services.billing.errors import NotFound
from tests.unit.given import UNKNOWN, Hotel, paid


def test_only_what_is_given_changes(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, name="Room", reservation_id="RES-1", payments=(paid(30),))
    updated = hotel.update_bill(bill, name="Room 204")
    assert (updated.name, updated.total_amount, updated.balance_amount) == ("Room 204", 100, 70)
    assert (updated.reservation_id, updated.folio_id, updated.bill_code) == ("RES-1", "FOLIO-1", bill.bill_code)
    assert updated.payments == bill.payments


def test_a_total_given_alone_moves_the_balance_along(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30),))
    updated = hotel.update_bill(bill, total=150)
    assert (updated.total_amount, updated.balance_amount) == (150, 120)


def test_a_balance_given_alone_leaves_the_total(hotel: Hotel) -> None:
    updated = hotel.update_bill(hotel.add_bill(total=100), balance=-5)
    assert (updated.total_amount, updated.balance_amount) == (100, -5)


def test_a_total_and_a_balance_are_taken_as_given(hotel: Hotel) -> None:
    updated = hotel.update_bill(hotel.add_bill(total=100), total=10, balance=7)
    assert (updated.total_amount, updated.balance_amount) == (10, 7)


def test_a_total_of_0_is_a_value_and_not_an_absent_one(hotel: Hotel) -> None:
    updated = hotel.update_bill(hotel.add_bill(total=100, balance_amount=40), total=0)
    assert (updated.total_amount, updated.balance_amount) == (0, -60)


def test_a_balance_of_0_is_a_value_and_not_an_absent_one(hotel: Hotel) -> None:
    assert hotel.update_bill(hotel.add_bill(total=100), total=120, balance=0).balance_amount == 0


def test_an_update_of_nothing_records_nothing(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    assert hotel.events_of(lambda: hotel.update_bill(bill)) == []
    assert hotel.bill(bill) == bill


def test_a_bill_that_does_not_exist_is_not_found(hotel: Hotel) -> None:
    with hotel.refuses(NotFound, "/billId"):
        hotel.update_bill(UNKNOWN, name="Minibar")


def test_a_folio_is_no_bill(hotel: Hotel) -> None:
    hotel.add_bill()
    with hotel.refuses(NotFound):
        hotel.update_bill("folio/FOLIO-1", name="Minibar")
