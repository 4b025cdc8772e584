"""api.md section 2: a command that expects another version of the bill is refused and changes nothing."""

from collections.abc import Callable

import pytest

from services.billing.bill import Bill
from services.billing.errors import InvalidParameter, NotFound, VersionMismatch
from tests.unit.given import UNKNOWN, Hotel, paid


def payment_of(bill: Bill) -> str:
    """The id of the bill's only payment."""
    [payment] = bill.payments
    return payment


Conditional = Callable[[Hotel, Bill, int], object]
COMMANDS: dict[str, Conditional] = {
    "update": lambda h, b, version: h.update_bill(b, total=1, expected_version=version),
    "cancel": lambda h, b, version: h.cancel_bill(b, expected_version=version),
    "settle": lambda h, b, version: h.settle(b, (h.add_bill(), 1), expected_version=version),
    "transfer": lambda h, b, version: h.transfer(b, expected_version=version),
    "transfer within the folio": lambda h, b, version: h.transfer(
        b, to="FOLIO-1", reservation="RES-1", expected_version=version
    ),
    "pay": lambda h, b, version: h.pay(b, expected_version=version),
    "update a payment": lambda h, b, version: h.update_payment(payment_of(b), amount=1, expected_version=version),
    "cancel a payment": lambda h, b, version: h.cancel_payment(payment_of(b), expected_version=version),
    "delete a payment": lambda h, b, version: h.delete_payment(payment_of(b), expected_version=version),
}
each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=[name.replace(" ", "-") for name in COMMANDS])


@each_command
@pytest.mark.parametrize("difference", [-1, 1])
def test_a_command_that_expects_another_version_is_refused(hotel: Hotel, command: Conditional, difference: int) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30),))
    with pytest.raises(VersionMismatch):
        command(hotel, bill, bill.version + difference)
    assert hotel.bill(bill) == bill


@each_command
def test_a_command_that_expects_the_version_that_is_there_is_carried_out(hotel: Hotel, command: Conditional) -> None:
    bill = hotel.add_bill(total=100, payments=(paid(30),))
    command(hotel, bill, bill.version)
    assert hotel.bill(bill).version == bill.version + 1


def test_a_deletion_that_expects_another_version_is_refused(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    with hotel.refuses(VersionMismatch):
        hotel.delete_bill(bill, expected_version=bill.version + 1)
    hotel.delete_bill(bill, expected_version=bill.version)
    assert hotel.bill(bill).deleted


def test_a_bill_that_changed_in_the_meantime_has_another_version(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.pay(bill)
    with hotel.refuses(VersionMismatch):
        hotel.update_bill(bill, total=1, expected_version=bill.version)


def test_a_target_that_is_settled_changes_its_version_too(hotel: Hotel) -> None:
    payer, target = hotel.add_bill(), hotel.add_bill()
    hotel.settle(payer, (target, 1))
    with hotel.refuses(VersionMismatch):
        hotel.update_bill(target, total=1, expected_version=target.version)


def test_a_bill_that_does_not_exist_is_not_found_whatever_version_is_expected(hotel: Hotel) -> None:
    with hotel.refuses(NotFound):
        hotel.update_bill(UNKNOWN, total=1, expected_version=1)


def test_one_version_cannot_stand_for_several_bills(hotel: Hotel) -> None:
    one, other = hotel.add_bill(), hotel.add_bill()
    with hotel.refuses(InvalidParameter, "/bills"):
        hotel.transfer(one, other, expected_version=one.version)
