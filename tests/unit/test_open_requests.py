"""Money that a guest was asked for: how much of a bill is left to ask, and when it is free again."""

import pytest

from services.billing.errors import InvalidParameter, InvalidState
from services.billing.event import BillEvent
from tests.unit.asking import ENDS, FIRST, SECOND, THIRD, ask, close
from tests.unit.given import Hotel


def test_what_is_left_to_ask_is_the_balance_less_all_open_requests(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    assert ask(hotel, bill, 30, FIRST) == 30
    assert ask(hotel, bill, 50, SECOND) == 50
    with hotel.refuses(InvalidParameter, "/amount"):
        ask(hotel, bill, 21, THIRD)
    assert ask(hotel, bill, 20, THIRD) == 20
    assert hotel.bill(bill).open_requests == {FIRST: 30, SECOND: 50, THIRD: 20}
    with hotel.refuses(InvalidParameter, "/amount"):
        ask(hotel, bill, 1, "D" * 20)


def test_without_an_amount_all_that_is_left_is_asked_for(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    ask(hotel, bill, 30, FIRST)
    assert ask(hotel, bill, None, SECOND) == 70
    with hotel.refuses(InvalidParameter, "/amount"):
        ask(hotel, bill, None, THIRD)


@pytest.mark.parametrize("amount", [0, -1, 101, None])
@pytest.mark.parametrize("balance", [0, -50])
def test_a_bill_that_owes_nothing_is_not_asked_for(hotel: Hotel, balance: int, amount: int | None) -> None:
    bill = hotel.add_bill(total=100, balance_amount=balance)
    with hotel.refuses(InvalidParameter, "/amount"):
        ask(hotel, bill, amount)


@pytest.mark.parametrize("amount", [0, -1, 101])
def test_an_amount_below_one_or_above_the_balance_is_refused(hotel: Hotel, amount: int) -> None:
    bill = hotel.add_bill(total=100)
    with hotel.refuses(InvalidParameter, "/amount"):
        ask(hotel, bill, amount)


def test_asking_and_closing_move_no_money(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    events = hotel.events_of(lambda: ask(hotel, bill, 30)) + hotel.events_of(lambda: close(hotel, bill))
    assert [type(event).__name__ for event in events] == ["RequestOpened", "RequestClosed"]
    assert all((event.balance_effect, event.total_effect) == (0, 0) for event in events if isinstance(event, BillEvent))
    assert hotel.bill(bill).balance_amount == 100


@pytest.mark.parametrize("end", ["cancelled", "transferred"])
def test_a_bill_that_has_ended_is_not_asked_for(hotel: Hotel, end: str) -> None:
    bill = hotel.add_bill(total=100)
    ENDS[end](hotel, bill)
    with hotel.refuses(InvalidState):
        ask(hotel, bill, 1)


def test_closing_frees_the_amount_once(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    ask(hotel, bill, 80)
    close(hotel, bill)
    assert hotel.events_of(lambda: close(hotel, bill)) == []
    assert hotel.bill(bill).open_requests == {}
    assert ask(hotel, bill, None, SECOND) == 100


def test_closing_one_request_leaves_the_others(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    ask(hotel, bill, 30, FIRST)
    ask(hotel, bill, 40, SECOND)
    close(hotel, bill, FIRST)
    assert hotel.bill(bill).open_requests == {SECOND: 40}


def test_a_lower_balance_leaves_nothing_to_ask_while_more_is_open(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    ask(hotel, bill, 80)
    hotel.pay(bill, 50, applied=True)
    with hotel.refuses(InvalidParameter, "/amount"):
        ask(hotel, bill, None, SECOND)
    close(hotel, bill)
    assert ask(hotel, bill, None, SECOND) == 50


def test_a_bill_with_an_open_request_is_not_deleted_until_it_is_closed(hotel: Hotel) -> None:
    bill = hotel.add_bill(total=100)
    ask(hotel, bill, 30)
    with hotel.refuses(InvalidState):
        hotel.delete_bill(bill)
    hotel.cancel_bill(bill)
    with hotel.refuses(InvalidState):
        hotel.delete_bill(bill)
    close(hotel, bill)
    hotel.delete_bill(bill)
    assert hotel.bill(bill).deleted


def test_a_bill_that_ended_meanwhile_still_lets_its_request_be_closed(hotel: Hotel) -> None:
    for end in ("cancelled", "transferred"):
        bill = hotel.add_bill(total=100)
        ask(hotel, bill, 30)
        ENDS[end](hotel, bill)
        close(hotel, bill)
        assert hotel.bill(bill).open_requests == {}
