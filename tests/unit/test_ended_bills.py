"""Section 4: what a cancelled and what a transferred bill still take, and what they no longer take."""

from collections.abc import Callable
from typing import Any

import pytest

from services.billing.bill import Bill
from services.billing.errors import InvalidState
from services.billing.payment import PaymentCancelled, PaymentDeleted
from services.billing.settlement import SettlementWanted
from tests.unit.given import Hotel, paid


def cancelled(hotel: Hotel, **more: Any) -> Bill:
    """A bill of 100 on FOLIO-1 that was cancelled."""
    bill = hotel.add_bill(total=100, **more)
    hotel.cancel_bill(bill)
    return hotel.bill(bill)


def transferred(hotel: Hotel, **more: Any) -> Bill:
    """A bill of 100 on FOLIO-1 that was transferred to FOLIO-2."""
    bill = hotel.add_bill(total=100, **more)
    hotel.transfer(bill, to="FOLIO-2")
    return hotel.bill(bill)


Ending = Callable[..., Bill]
ENDINGS = [cancelled, transferred]
COMMANDS: dict[str, Callable[[Hotel, Bill], object]] = {
    "update": lambda h, b: h.update_bill(b, name="Minibar"),
    "update of nothing": lambda h, b: h.update_bill(b),
    "update of the balance": lambda h, b: h.update_bill(b, balance=0),
    "cancel": lambda h, b: h.cancel_bill(b),
    "cancel with fields": lambda h, b: h.cancel_bill(b, total=80),
    "transfer": lambda h, b: h.transfer(b, to="FOLIO-3"),
    "transfer of a part": lambda h, b: h.transfer((b, 40), to="FOLIO-3"),
    "transfer within the folio": lambda h, b: h.transfer(b, to="FOLIO-1", reservation="RES-9"),
    "settle from it": lambda h, b: h.settle(b, (h.add_bill(), 1)),
    "settle it": lambda h, b: h.settle(h.add_bill(), (b, 1)),
    "settle it with a new bill": lambda h, b: h.add_bill(settlements=(SettlementWanted(b.id, 1),)),
    "pay": lambda h, b: h.pay(b),
    "pay and apply": lambda h, b: h.pay(b, applied=True),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=[name.replace(" ", "-") for name in COMMANDS])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_bill_that_has_ended_takes_no_command(
    hotel: Hotel, ending: Ending, command: Callable[[Hotel, Bill], object]
) -> None:
    bill = ending(hotel)
    with pytest.raises(InvalidState):
        command(hotel, bill)
    assert hotel.bill(bill) == bill


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_payment_of_a_bill_that_has_ended_cannot_be_changed(hotel: Hotel, ending: Ending) -> None:
    bill = ending(hotel, payments=(paid(30),))
    with hotel.refuses(InvalidState):
        hotel.update_payment(next(iter(bill.payments)), amount=20)


@pytest.mark.parametrize(("ending", "balance"), [(cancelled, -30), (transferred, 0)])
def test_a_payment_of_a_bill_that_has_ended_can_be_cancelled_and_its_effect_stays_there(
    hotel: Hotel, ending: Ending, balance: int
) -> None:
    bill = ending(hotel, payments=(paid(30),))
    assert bill.balance_amount == balance
    [event] = hotel.events_of(lambda: hotel.cancel_payment(next(iter(bill.payments))))
    assert isinstance(event, PaymentCancelled)
    assert (event.originator_id, event.folio_id, event.balance_effect) == (bill.id, "FOLIO-1", 30)
    assert hotel.bill(bill).balance_amount == balance + 30
    assert hotel.bill(bill).status == bill.status


@pytest.mark.parametrize(("ending", "balance"), [(cancelled, -30), (transferred, 0)])
def test_a_payment_of_a_bill_that_has_ended_can_be_deleted_and_its_effect_stays_there(
    hotel: Hotel, ending: Ending, balance: int
) -> None:
    bill = ending(hotel, payments=(paid(30),))
    [event] = hotel.events_of(lambda: hotel.delete_payment(next(iter(bill.payments))))
    assert isinstance(event, PaymentDeleted)
    assert (event.originator_id, event.balance_effect) == (bill.id, 30)
    assert hotel.bill(bill).balance_amount == balance + 30


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_payment_not_applied_goes_from_a_bill_that_has_ended_without_effect(hotel: Hotel, ending: Ending) -> None:
    open_bill = hotel.add_bill(total=100)
    payment = hotel.pay(open_bill, 30)
    if ending is cancelled:
        hotel.cancel_bill(open_bill)
    else:
        hotel.transfer(open_bill)
    before = hotel.bill(open_bill).balance_amount
    hotel.cancel_payment(payment)
    hotel.delete_payment(payment)
    assert hotel.bill(open_bill).balance_amount == before


def test_the_bill_that_a_transfer_made_does_not_feel_the_payments_left_behind(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30),))
    [moved] = hotel.transfer(bill)
    hotel.cancel_payment(next(iter(bill.payments)))
    assert hotel.bill(moved) == moved


def test_a_cancelled_bill_can_be_deleted_once_its_payments_are_gone(hotel: Hotel) -> None:
    bill = cancelled(hotel, payments=(paid(30),))
    hotel.cancel_payment(next(iter(bill.payments)))
    hotel.delete_bill(bill)
    assert hotel.bill(bill).deleted


def test_a_transferred_bill_cannot_be_deleted_even_without_payments(hotel: Hotel) -> None:
    bill = transferred(hotel, payments=(paid(30),))
    hotel.delete_payment(next(iter(bill.payments)))
    with hotel.refuses(InvalidState):
        hotel.delete_bill(bill)
