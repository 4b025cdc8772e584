"""What the provider says of a guest is written down without the guest, whatever it was asked and however it quotes."""

from typing import Any

import pytest

from services.billing.errors import InvalidState
from services.collection.answers import NOT_KEPT, discreet, said
from services.collection.errors import ProviderUnavailable
from services.collection.guest import Guest
from services.collection.provider import Refused, Unknown, Why
from tests.collection.fake_provider import FakeProvider, Operation
from tests.collection.given import GUEST, Reception

QUOTED = f"{GUEST.name} / {GUEST.contact} / {GUEST.contact[:3]}-{GUEST.contact[3:7]}-{GUEST.contact[7:]}"
PHONES = ("01077312904", "010-7731-2904", "010 7731 2904", "010.7731.2904", "+82 10-7731-2904", "821077312904")


@pytest.mark.parametrize("written", PHONES)
def test_a_phone_is_found_however_it_is_written(written: str) -> None:
    told = discreet(Refused("9999", f"sent to {written}, refused"), Guest("남궁보라매", "01077312904"))
    assert said(told) == "9999: sent to ***, refused"


@pytest.mark.parametrize("quoted", ["남궁보라매", "user-001", "USER-001", "부탁드립니다"])
def test_name_customer_key_and_message_are_found(quoted: str) -> None:
    guest = Guest("남궁보라매", "user-001", "부탁드립니다")
    assert said(discreet(Unknown(f"nothing of {quoted}"), guest)) == "nothing of ***"
    assert said(discreet(Refused(quoted, quoted), guest)) == "***: ***"


@pytest.mark.parametrize("name", ["A", "김"])
def test_a_name_of_one_letter_is_found_where_it_stands_alone(name: str) -> None:
    told = discreet(Refused("INVALID", f"{name}: a bill of 김포, at least 100 won"), Guest(name, "user-001"))
    alone = "*** bill" if name == "A" else "a bill"
    assert said(told) == f"INVALID: ***: {alone} of 김포, at least 100 won"


def test_what_cannot_be_searched_for_a_guest_any_more_is_not_kept() -> None:
    assert said(discreet(Refused("9999", QUOTED), None)) == f"9999: {NOT_KEPT}"


@pytest.mark.parametrize("failure", [Refused("9999", QUOTED, Why.TRY_LATER), Refused("9999", QUOTED), Unknown(QUOTED)])
@pytest.mark.parametrize(("operation", "calls"), [("destroy", "destroy"), ("refund", "cancel"), ("destroy", "read")])
def test_no_refusal_of_an_operation_quotes_the_guest(
    reception: Reception, provider: FakeProvider, operation: str, calls: Operation, failure: Any
) -> None:
    request = reception.paid() if operation == "refund" else reception.sent() if calls != "read" else reception.ask()
    provider.next(calls, failure)
    provider.next("read", *([failure] if calls != "read" else []))
    with pytest.raises((InvalidState, ProviderUnavailable)) as refused:
        reception.operate(operation, request)
    assert "***" in str(refused.value)
    assert GUEST.name not in str(refused.value)
    assert GUEST.contact[-4:] not in str(refused.value)


def test_no_word_on_a_resend_quotes_the_guest(reception: Reception, provider: FakeProvider) -> None:
    request = reception.sent()
    provider.next("resend", Refused("9999", QUOTED), Unknown(QUOTED))
    with pytest.raises(InvalidState, match=r"\*\*\* / \*\*\* / \*\*\*$"):
        reception.operate("resend", request)
    assert reception.operate("resend", request).last_error == "*** / *** / ***"


@pytest.mark.parametrize("failure", [Refused("9999", QUOTED, Why.TRY_LATER), Unknown(QUOTED)])
def test_no_reason_to_wait_quotes_the_guest(reception: Reception, provider: FakeProvider, failure: Any) -> None:
    provider.next("read", failure)
    reason = reception.attend(reception.sent(), ask_first=True).reason
    assert reason is not None
    assert reason.removeprefix("9999: ") == "*** / *** / ***"
