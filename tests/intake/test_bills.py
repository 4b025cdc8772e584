"""From a bill of the file to its command: everything that is wrong is named, by column and line."""

import json
from typing import Any

import pytest

from services.desk.desk import Call
from services.intake.bills import Reject, read_call
from services.intake.formats import Entry
from tests.conftest import PAID_AT
from tests.intake.exports import bill, csv, entries, entries_of_jsonl, jsonl, line


def payment(**other: Any) -> dict[str, Any]:
    return {"paymentMethod": "CASH", "amount": 1, "paidAt": PAID_AT, **other}


def call_of(entry: Entry) -> Call:
    call = read_call(entry)
    assert isinstance(call, Call), call
    return call


def fingerprint_of(entry: Entry) -> bytes:
    key = call_of(entry).key
    assert key is not None
    return key.fingerprint


def errors_of(entry: Entry) -> list[tuple[int, str | None, str]]:
    reject = read_call(entry)
    assert isinstance(reject, Reject)
    errors = json.loads(reject.encode())["errors"]
    return [(error["line"], error["column"], error["code"]) for error in errors]


def only(content: dict[str, Any]) -> Entry:
    (entry,) = entries_of_jsonl(jsonl(content))
    return entry


def test_a_bill_is_added_under_a_key_made_of_its_external_id() -> None:
    call = call_of(only(bill("A/1 객실", reason="PMS 이관")))
    assert call.key is not None
    assert (call.command.name, call.id, call.key.holder, call.key.key) == ("add_bill", "F1", "import", "HOTEL/A/1 객실")
    assert (call.context.key, call.context.reason, len(call.context.request_id)) == ("import", "PMS 이관", 26)


def test_a_bill_is_the_same_in_both_formats() -> None:
    (in_csv,) = entries(csv(line(paid=1)))
    assert fingerprint_of(in_csv) == fingerprint_of(only(bill(payments=[payment()], balanceAmount=None)))
    (unpaid,) = entries(csv(line()))
    assert fingerprint_of(unpaid) == fingerprint_of(only(bill(payments=[], settlements=[])))


def test_the_fingerprint_of_a_bill_stays_the_same_in_later_versions() -> None:
    paid = payment(virtualAccounts=[{"bankCode": "088", "accountNumber": "1"}], paymentMethod="VIRTUAL_ACCOUNT")
    assert fingerprint_of(only(bill(payments=[paid]))).hex() == (
        "8ada2b04cc826dcaf3bbfb23714406a1367da96cc95a4485fbae5ce4db116548"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"name": "다른"},
        {"totalAmount": 1001},
        {"folioId": "F2"},
        {"balanceAmount": 1000},
        {"payments": [payment()]},
        {"reservationId": "R"},
    ],
)
def test_a_bill_with_another_content_is_another(other: dict[str, Any]) -> None:
    assert fingerprint_of(only(bill())) != fingerprint_of(only({**bill(), **other}))


@pytest.mark.parametrize("name", ["externalId", "accommodationId", "folioId", "name", "totalAmount"])
def test_what_is_needed_is_said_to_be_missing(name: str) -> None:
    content = bill()
    del content[name]
    assert errors_of(only(content)) == [(1, name, "REQUIRED_PARAMETER")]


@pytest.mark.parametrize(
    "other",
    [
        {"externalId": "x" * 129},
        {"externalId": "A\n"},
        {"externalId": 7},
        {"folioId": "F/1"},
        {"folioId": "F1\n"},
        {"accommodationId": "호텔"},
        {"name": "two\nlines"},
        {"name": " "},
        {"totalAmount": 1000.0},
        {"totalAmount": "1000"},
        {"totalAmount": 10**15 + 1},
        {"guest": "홍길동"},
    ],
)
def test_what_is_wrong_is_said_to_be(other: dict[str, Any]) -> None:
    assert errors_of(only({**bill(), **other})) == [(1, next(iter(other)), "INVALID_PARAMETER")]


@pytest.mark.parametrize(
    "paid_at",
    [
        "2026-11-22T14:00:00",
        "2026-11-22",
        "20261122",
        "20261122140000",
        "1795323600",
        "2026-13-01T00:00:00Z",
        "2026-11-22T14:00:00 KST",
        "2026-11-22T25:00:00+09:00",
        " 2026-11-22T14:00:00Z",
    ],
)
def test_a_time_is_written_as_one_and_has_an_offset(paid_at: str) -> None:
    assert errors_of(only(bill(payments=[payment(paidAt=paid_at)]))) == [(1, "payments/0/paidAt", "INVALID_PARAMETER")]
    (entry,) = entries(csv(line(), f"A,,,,,CASH,5,{paid_at}"))
    assert errors_of(entry) == [(3, "paidAt", "INVALID_PARAMETER")]


@pytest.mark.parametrize("paid_at", ["2026-11-22T05:00:00Z", "2026-11-22 14:00:00.5+09:00", "2026-11-22t05:00:00z"])
def test_times_with_an_offset_are_taken(paid_at: str) -> None:
    assert call_of(only(bill(payments=[payment(paidAt=paid_at)])))


def test_everything_that_is_wrong_with_a_bill_is_named_at_once() -> None:
    (entry,) = entries(csv(line(folio="F 1", total='"1,000"', paid=1), f"A,,,,,cash,x,{PAID_AT}"))
    assert {(at, column) for at, column, _ in errors_of(entry)} == {
        (2, "totalAmount"),
        (2, "folioId"),
        (3, "paymentAmount"),
        (3, "paymentMethod"),
    }
    assert len(errors_of(entry)) == 4


def test_a_reject_says_why_in_the_words_of_the_file() -> None:
    (entry,) = entries(csv(line(total='"1,000"', paid=1), f"A,,,,,cash,5,{PAID_AT}"))
    reject = read_call(entry)
    assert isinstance(reject, Reject)
    said = json.loads(reject.encode())
    assert (said["line"], said["externalId"], said["code"]) == (2, "A", "INVALID_PARAMETER")
    assert said["reason"].startswith("totalAmount: '1,000' is no amount; write whole minor units")
    assert " Line 3: paymentMethod: string should match" in said["reason"]
    assert said["row"]["totalAmount"] == "1,000"
    assert said["row"]["payments"][1]["amount"] == 5


def test_of_lines_that_make_no_bill_nothing_more_is_said() -> None:
    (entry,) = entries(csv(line(paid=1), line(total=2000, paid="x")))
    assert errors_of(entry) == [(3, "totalAmount", "INVALID_PARAMETER")]


def test_a_line_that_is_no_object_is_a_reject() -> None:
    (entry,) = entries_of_jsonl(b"[1]\n")
    assert errors_of(entry) == [(1, None, "INVALID_PARAMETER")]
    reject = read_call(entry)
    assert isinstance(reject, Reject)
    assert json.loads(reject.encode())["reason"] == "The line must be a JSON object."
