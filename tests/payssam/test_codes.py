"""What the provider's codes decide, and what happens where there is none."""

import json
from typing import Any

import pytest

from services.collection.provider import Refused, Unknown, Why
from services.payssam.codes import WHY_OF_CODE, leaves_open, why_of
from services.payssam.wire import Fields, reply_of
from tests.payssam.given import NOT_JSON, encoded

DOCUMENTED = {
    Why.ALREADY_USED: ["9800"],
    Why.NOT_FOUND: ["9980", "BILL_003"],
    Why.NO_POINTS: ["1201", "POINT_001"],
    Why.TRY_LATER: ["BILL_006", "PAYMENT_001", "PAYMENT_002", "5000", "ERROR", "MAINTAINED_METHOD"],
    Why.OTHER: [
        *["9970", "9971", "9870", "1003", "1020", "9999", "1010", "1205", "VALIDATION_001", "VALIDATION_002"],
        *[f"PARTNER_00{number}" for number in range(1, 8)],
    ],
}
ROWS = [(code, why) for why, codes in DOCUMENTED.items() for code in codes]


@pytest.mark.parametrize(("code", "why"), ROWS)
def test_a_documented_code_is_a_refusal_of_its_kind(code: str, why: Why) -> None:
    assert reply_of(200, encoded(code=code, msg="no")) == Refused(code, "no", why)


def test_the_table_of_codes_has_no_row_that_is_not_documented() -> None:
    assert dict(ROWS) == WHY_OF_CODE


@pytest.mark.parametrize("code", ["BILL_001", "9801", "0", "000", "00000", "ok", "POINT_002", "try later"])
def test_a_code_that_nobody_documents_is_a_refusal_and_no_reason_to_try_again(code: str) -> None:
    assert why_of(code) is Why.OTHER
    assert reply_of(200, encoded(code=code, message="?")) == Refused(code, "?", Why.OTHER)


@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 422])
@pytest.mark.parametrize("code", ["9800", "5000", "ERROR", "UNHEARD_OF"])
def test_the_code_decides_whatever_the_status_short_of_a_breakdown(status: int, code: str) -> None:
    assert reply_of(status, encoded(code=code, msg="no")) == Refused(code, "no", why_of(code))


def test_success_is_success_even_with_a_status_of_refusal() -> None:
    assert isinstance(reply_of(400, encoded(code="0000")), Fields)


@pytest.mark.parametrize("status", [302, 500, 502, 503, 504])
@pytest.mark.parametrize("code", ["0000", "5000", "ERROR", "9999", "UNHEARD_OF"])
def test_a_breakdown_with_a_code_that_names_no_cause_is_unknown(status: int, code: str) -> None:
    assert leaves_open(status, code)
    assert reply_of(status, encoded(code=code)) == Unknown(f"HTTP {status} with the code {code}")


@pytest.mark.parametrize("code", ["9800", "BILL_003", "POINT_001", "MAINTAINED_METHOD", "9971"])
def test_a_breakdown_with_a_documented_cause_is_a_refusal(code: str) -> None:
    assert reply_of(503, encoded(code=code, msg="no")) == Refused(code, "no", why_of(code))


@pytest.mark.parametrize("raw", [b"", b"<html>Not found</html>", b"{}", b'{"path": "/nowhere"}', b"[]"])
@pytest.mark.parametrize("status", [400, 404])
def test_the_documented_statuses_refuse_without_a_code(status: int, raw: bytes) -> None:
    reply = reply_of(status, raw)
    assert isinstance(reply, Refused)
    assert (reply.code, reply.why) == (f"HTTP_{status}", Why.OTHER)
    assert reply.message


@pytest.mark.parametrize("raw", NOT_JSON, ids=range(len(NOT_JSON)))
@pytest.mark.parametrize("status", [200, 302, 401, 403, 429, 500, 502])
def test_what_is_no_json_object_is_unknown(status: int, raw: bytes) -> None:
    assert reply_of(status, raw, state_suffices=True) == Unknown(f"HTTP {status}, and no JSON object")


@pytest.mark.parametrize("body", [{}, {"code": None}, {"code": ""}, {"code": True}, {"code": {"code": "0000"}}])
def test_json_without_a_code_is_unknown(body: dict[str, Any]) -> None:
    assert reply_of(200, json.dumps(body).encode()) == Unknown("HTTP 200, and no code")


def test_a_state_stands_for_the_code_only_where_that_is_asked_for_and_the_status_is_good() -> None:
    raw = encoded(appr_state="W")
    assert isinstance(reply_of(200, raw, state_suffices=True), Fields)
    assert reply_of(200, raw) == Unknown("HTTP 200, and no code")
    assert reply_of(500, raw, state_suffices=True) == Unknown("HTTP 500, and no code")
    assert isinstance(reply_of(400, raw, state_suffices=True), Refused)


def test_a_code_of_refusal_is_stronger_than_a_state() -> None:
    reply = reply_of(200, encoded(code="9980", msg="none", appr_state="F"), state_suffices=True)
    assert reply == Refused("9980", "none", Why.NOT_FOUND)
