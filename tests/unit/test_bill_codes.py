"""Section 1: a bill code is unique, can be read out loud, and is dated in the accommodation's time zone."""

import re
from datetime import UTC, datetime

import pytest

from services.billing import ledger
from services.billing.ids import ULID_PATTERN
from tests.unit.given import Hotel

FORM = re.compile(r"B\d{6}-[0-9ABCDEFGHJKMNPQRSTVWXYZ]{10}")


def test_a_bill_code_has_a_date_and_ten_characters_that_are_not_confused(hotel: Hotel) -> None:
    codes = [hotel.add_bill().bill_code for _ in range(50)]
    assert [code for code in codes if not FORM.fullmatch(code)] == []


def test_bill_codes_are_all_different(hotel: Hotel) -> None:
    codes = {hotel.add_bill().bill_code for _ in range(200)}
    assert len(codes) == 200


def test_bills_and_payments_get_a_ulid_from_the_service(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    payment = hotel.pay(bill)
    assert re.fullmatch(ULID_PATTERN, bill.id)
    assert re.fullmatch(ULID_PATTERN, payment.id)
    assert bill.id != payment.id


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC), "B261122-"),
        (datetime(2026, 11, 22, 15, 0, 0, tzinfo=UTC), "B261123-"),
    ],
)
def test_a_bill_code_changes_its_date_at_midnight_in_seoul(hotel: Hotel, now: datetime, day: str) -> None:
    hotel.now = now
    assert hotel.add_bill().bill_code.startswith(day)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 23, 4, 59, 59, tzinfo=UTC), "B261122-"),
        (datetime(2026, 11, 23, 5, 0, 0, tzinfo=UTC), "B261123-"),
    ],
)
def test_a_bill_code_follows_the_zone_that_the_accommodation_is_set_to(hotel: Hotel, now: datetime, day: str) -> None:
    hotel.configure(time_zone="America/New_York")
    hotel.now = now
    assert hotel.add_bill().bill_code.startswith(day)


def test_the_bill_that_a_transfer_makes_has_a_code_of_its_own_day(hotel: Hotel) -> None:
    bill = hotel.add_bill()
    hotel.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    [moved] = hotel.transfer(bill)
    assert FORM.fullmatch(moved.bill_code)
    assert moved.bill_code.startswith("B261124-")


def test_a_code_that_is_taken_is_drawn_again(hotel: Hotel, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["B261122-TAKEN00000", "B261122-TAKEN00000", "B261122-FREE000000"])
    monkeypatch.setattr(ledger, "new_bill_code", lambda *_: next(drawn))
    first, second = hotel.add_bill(), hotel.add_bill()
    assert (first.bill_code, second.bill_code) == ("B261122-TAKEN00000", "B261122-FREE000000")
    assert hotel.bill(second).bill_code == "B261122-FREE000000"
