"""The guest who is asked: sealed under the folio's key, masked in answers, gone once forgotten."""

import pytest

from services.billing.errors import InvalidState
from services.collection.guest import PHONE, Guest, mask_name, mask_phone, masked_view, open_guest, seal_guest
from services.store.data_keys import FolioDataKey
from tests.unit.given import Hotel

GUEST = Guest("홍길동", "01012345678", "감사합니다")
KEY = FolioDataKey("FOLIO-1", bytes(32))
OTHER_KEY = FolioDataKey("FOLIO-2", bytes(32))

NAMES = {
    "홍길동": "홍*동",
    "홍길": "홍*",
    "홍": "*",
    "Kim": "K*m",
    "제갈공명": "제**명",
    "Hong Gil Dong": "H***********g",
    "🛏🛏🛏": "🛏*🛏",
}
CONTACTS = {
    "01012345678": "010****5678",
    "0101234567": "010***4567",
    "0212345678": "021***5678",
    "021234567": "021**4567",
    "07012345678": "070****5678",
    "user-001": None,
    "01012345": None,
    "guest-01JD9T7Q2M4Z8K6W3X5V1B0C9E": None,
    "010123456789": None,
    "01012345678\n": None,
    "٠١٠١٢٣٤٥٦٧٨": None,
}


@pytest.mark.parametrize(("name", "masked"), NAMES.items())
def test_a_name_shows_its_ends_alone(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(("contact", "masked"), CONTACTS.items())
def test_a_phone_shows_its_ends_and_a_customer_key_nothing(contact: str, masked: str | None) -> None:
    assert mask_phone(contact) == masked


def test_no_mask_of_a_phone_shows_more_than_seven_digits() -> None:
    for contact in CONTACTS:
        if PHONE.fullmatch(contact):
            masked = str(mask_phone(contact))
            assert (len(masked), sum(character.isdigit() for character in masked)) == (len(contact), 7)


def sealed(hotel: Hotel, guest: Guest = GUEST) -> str:
    """The guest as an event holds it."""
    return hotel.when(lambda work: seal_guest(work, "FOLIO-1", guest))


@pytest.mark.parametrize("guest", [GUEST, Guest("Kim", "user-001")])
def test_a_guest_is_opened_as_it_was_sealed(hotel: Hotel, guest: Guest) -> None:
    text = sealed(hotel, guest)
    assert open_guest(text, hotel.store.data_keys["FOLIO-1"]) == guest
    assert not any(part in text for part in (guest.name, guest.contact))
    assert sealed(hotel, guest) != text


def test_a_guest_is_shown_masked_and_without_the_message(hotel: Hotel) -> None:
    view = masked_view(sealed(hotel), hotel.store.data_keys["FOLIO-1"])
    assert view == {"customerName": "홍*동", "maskedPhone": "010****5678"}


@pytest.mark.parametrize("key", [None, KEY, OTHER_KEY])
def test_without_the_folios_own_key_there_is_no_guest(hotel: Hotel, key: FolioDataKey | None) -> None:
    text = sealed(hotel)
    assert open_guest(text, key) is None
    assert masked_view(text, key) == {"customerName": None, "maskedPhone": None}


def test_a_guest_who_was_forgotten_is_not_sealed_again(hotel: Hotel) -> None:
    hotel.store.data_keys["FOLIO-1"] = None
    with hotel.refuses(InvalidState):
        sealed(hotel)
