"""Section 4: adding a bill to a folio."""

from services.billing.errors import InvalidParameter, InvalidState, NotFound
from services.billing.settlement import SettlementWanted
from tests.unit.given import ACCOUNT, UNKNOWN, Hotel, paid


def test_a_bill_has_what_it_was_posted_with(hotel: Hotel) -> None:
    bill = hotel.add_bill(
        folio="FOLIO-7",
        total=150_000,
        name="Room 204",
        reservation_id="RES-1",
        origin_rate_snapshot="rate-1",
        origin_inclusion_snapshot="inclusion-1",
    )
    found = hotel.bill(bill)
    assert found == bill
    assert (found.folio_id, found.accommodation_id, found.reservation_id) == ("FOLIO-7", "HOTEL-1", "RES-1")
    assert (found.name, found.total_amount) == ("Room 204", 150_000)
    assert (found.origin_rate_snapshot, found.origin_inclusion_snapshot) == ("rate-1", "inclusion-1")
    assert (found.transfer_origin_folio_id, found.transfer_origin_bill_id) == (None, None)


def test_a_bill_may_go_without_everything_but_a_name_and_a_total(hotel: Hotel) -> None:
    found = hotel.bill(hotel.add_bill())
    assert found.reservation_id is None
    assert (found.origin_rate_snapshot, found.origin_inclusion_snapshot) == (None, None)
    assert (found.payments, found.settlements_made, found.settlements_received) == ({}, [], [])


def test_a_bill_keeps_its_payments_in_the_order_given(hotel: Hotel) -> None:
    given = (paid(30), paid(20, "CASH"), paid(10, "VIRTUAL_ACCOUNT", accounts=[ACCOUNT]))
    bill = hotel.bill(hotel.add_bill(payments=given))
    assert [(payment.payment_method, payment.amount) for payment in bill.payments.values()] == [
        ("CARD", 30),
        ("CASH", 20),
        ("VIRTUAL_ACCOUNT", 10),
    ]


def test_one_payment_is_spread_over_bills_by_a_bill_of_0_that_settles_them(hotel: Hotel) -> None:
    room, minibar = hotel.add_bill(total=100), hotel.add_bill(total=30)
    wanted = (SettlementWanted(room.id, 100), SettlementWanted(minibar.id, 20))
    spreading = hotel.add_bill(total=0, payments=(paid(120),), settlements=wanted)
    assert (hotel.bill(spreading).balance_amount, hotel.bill(spreading).status) == (0, "SETTLED")
    assert (hotel.bill(room).balance_amount, hotel.bill(minibar).balance_amount) == (0, 10)


def test_a_bill_of_0_with_a_payment_holds_it_as_credit_until_it_settles_others(hotel: Hotel) -> None:
    target = hotel.add_bill(total=100)
    credit = hotel.add_bill(total=0, payments=(paid(120),))
    assert hotel.bill(credit).balance_amount == -120
    hotel.settle(credit, (target, 100))
    assert (hotel.bill(credit).balance_amount, hotel.bill(target).balance_amount) == (-20, 0)


def test_a_bill_is_not_added_when_one_of_its_payments_is_wrong(hotel: Hotel) -> None:
    with hotel.refuses(InvalidParameter, "/payments/1/paymentMethod"):
        hotel.add_bill(payments=(paid(10), paid(10, "card")))


def test_a_bill_is_not_added_when_one_of_its_settlements_has_no_target(hotel: Hotel) -> None:
    target = hotel.add_bill(total=100)
    with hotel.refuses(NotFound, "/settlements/1/targetBillId"):
        hotel.add_bill(settlements=(SettlementWanted(target.id, 10), SettlementWanted(UNKNOWN, 10)))


def test_a_bill_is_not_added_when_it_would_settle_a_bill_of_another_folio(hotel: Hotel) -> None:
    target = hotel.add_bill(folio="FOLIO-2")
    with hotel.refuses(InvalidParameter, "/settlements/0/targetBillId"):
        hotel.add_bill(settlements=(SettlementWanted(target.id, 10),))


def test_a_bill_is_not_added_when_it_would_settle_a_cancelled_bill(hotel: Hotel) -> None:
    target = hotel.add_bill()
    hotel.cancel_bill(target)
    with hotel.refuses(InvalidState):
        hotel.add_bill(settlements=(SettlementWanted(target.id, 10),))


def test_a_bill_is_not_added_when_it_would_settle_more_than_is_owed(hotel: Hotel) -> None:
    target = hotel.add_bill(total=100)
    with hotel.refuses(InvalidParameter, "/settlements/1/settledAmount"):
        hotel.add_bill(settlements=(SettlementWanted(target.id, 60), SettlementWanted(target.id, 41)))
