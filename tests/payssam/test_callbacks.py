"""Callbacks, which are only hints; and that nothing whatever from the provider's side raises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.provider import Done, Refused, Unknown
from services.payssam.wire import Callback, Fields, bill_of, callback_of, fields_of, points_of, reply_of
from tests.payssam.given import KEY, NOT_JSON, bill_in, encoded

CALLBACKS = {
    "as documented": {"apikey": KEY, "bill_id": "AB12CD34EF", "appr_state": "F", "appr_price": "154000"},
    "camel case": {"apiKey": KEY, "billId": "AB12CD34EF", "apprState": "F"},
    "in data": {"apikey": KEY, "data": {"billId": "AB12CD34EF", "data": {"appr_state": "F"}}},
}


@pytest.mark.parametrize("body", CALLBACKS.values(), ids=CALLBACKS)
def test_a_callback_is_read_however_it_is_written(body: dict[str, Any]) -> None:
    assert callback_of(json.dumps(body).encode()) == Callback(KEY, "AB12CD34EF", "F")


def test_a_callback_may_claim_nothing() -> None:
    assert callback_of(b'{"apikey": [], "bill_id": {}}') == Callback(None, None, None)


def test_a_callback_does_not_show_its_key() -> None:
    assert KEY not in repr(callback_of(encoded(apikey=KEY, bill_id="A")))


@pytest.mark.parametrize("raw", NOT_JSON, ids=range(len(NOT_JSON)))
def test_what_is_no_json_object_is_no_callback(raw: bytes) -> None:
    assert callback_of(raw) is None


def test_data_may_be_nested_as_deep_as_json_goes() -> None:
    depth = 500
    raw = b'{"data":' * depth + encoded(apikey=KEY, bill_id="A", appr_state="W") + b"}" * depth
    assert callback_of(raw) == Callback(KEY, "A", "W")


NAMES = st.sampled_from(["code", "data", "billId", "bill_id", "appr_state", "apprDt", "appr_price", "apikey", "msg"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["0000", "F", "C", "W"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(), inner, max_size=6),
    max_leaves=20,
)
BODIES = st.binary() | VALUES.map(lambda value: json.dumps(value).encode())


@given(raw=BODIES, status=st.integers(100, 999))
def test_nothing_that_the_provider_could_send_raises(raw: bytes, status: int) -> None:
    callback = callback_of(raw)
    reply = reply_of(status, raw, state_suffices=True)
    assert callback is not None or isinstance(reply, Refused | Unknown)
    if isinstance(reply, Fields):
        assert isinstance(bill_of(reply, "AB12CD34EF"), Done | Unknown)
        assert isinstance(points_of(reply), Done | Unknown)


@given(
    st.dictionaries(st.sampled_from(["appr_dt", "appr_price", "appr_num", "shortUrl"]), VALUES),
    st.sampled_from(["W", "F", "C", "D"]),
)
def test_a_bill_of_a_known_state_is_relied_upon_unless_it_is_paid_without_an_amount(
    values: dict[str, Any], letter: str
) -> None:
    answer = bill_in(json.dumps({**values, "code": "0000", "appr_state": letter}).encode())
    if isinstance(answer, Done):
        assert answer.value.state != "PAID" or answer.value.amount
        assert answer.value.paid_at is None or answer.value.paid_at.utcoffset() is not None
    else:
        assert letter == "F" or not_json(values)


def not_json(values: dict[str, Any]) -> bool:
    """Whether Python writes these in a way that JSON does not know, such as NaN or half a surrogate pair."""
    return fields_of(json.dumps(values).encode()) is None
