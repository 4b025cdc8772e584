"""Section 3: which payments reduce the balance of their bill."""

from tests.unit.given import Hotel, paid


def test_payments_given_with_a_new_bill_are_applied(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30), paid(20, "CASH")))
    assert [payment.applied for payment in bill.payments.values()] == [True, True]
    assert hotel.bill(bill).balance_amount == 50


def test_payments_given_with_a_new_bill_reduce_the_balance_that_is_given(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, balance_amount=60, payments=(paid(30),))
    assert hotel.bill(bill).balance_amount == 30


def test_a_payment_added_to_an_existing_bill_is_not_applied(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    payment = hotel.pay(bill, 30)
    assert not payment.applied
    assert hotel.bill(bill).balance_amount == 100


def test_a_payment_added_to_an_existing_bill_is_applied_when_the_request_says_so(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    payment = hotel.pay(bill, 30, applied=True)
    assert payment.applied
    assert hotel.bill(bill).balance_amount == 70


def test_correcting_a_payment_does_not_change_whether_it_was_applied(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    unapplied, applied = hotel.pay(bill, 30), hotel.pay(bill, 30, applied=True)
    assert not hotel.update_payment(unapplied, amount=40).applied
    assert hotel.update_payment(applied, amount=40).applied


def test_a_stated_balance_may_drift_from_what_the_payments_say(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    hotel.pay(bill, 30)
    hotel.update_bill(bill, balance=70)
    hotel.update_payment(next(iter(hotel.bill(bill).payments)), amount=99)
    assert hotel.bill(bill).balance_amount == 70


def test_a_payment_that_settled_its_bill_twice_over_leaves_credit(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    hotel.pay(bill, 100, applied=True)
    hotel.pay(bill, 100, applied=True)
    assert hotel.bill(bill).balance_amount == -100
