"""Faults on demand, as a partner sees them."""

import asyncio
import logging
import time
from typing import Any

import httpx
import pytest

from tests.payssam.sandbox.partner import Partner, new_bill_id, until, v1_about, v1_send, v2_about, v2_send
from tests.payssam.sandbox.shared import shared_partner

__all__ = ["shared_partner"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_call_dropped_before_acting_has_no_answer_and_no_bill(
    partner: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    bill_id = new_bill_id()
    await partner.control("faults", operation="send", fault="drop_before")
    with caplog.at_level(logging.WARNING), pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await partner.client.post("/bill", json=v2_send(bill_id))
    assert await partner.code("/bill/read", v2_about(bill_id)) == "BILL_003"
    assert await partner.code("/bill", v2_send(bill_id)) == "0000"
    assert not caplog.records


async def test_a_call_dropped_after_acting_has_no_answer_but_a_bill(
    partner: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    bill_id = new_bill_id()
    await partner.control("faults", operation="send", fault="drop_after")
    with caplog.at_level(logging.WARNING), pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await partner.client.post("/if/bill/send", json=v1_send(bill_id))
    assert (await partner.call("/if/bill/read", v1_about(bill_id)))["appr_state"] == "W"
    assert await partner.code("/if/bill/send", v1_send(bill_id)) == "9800"
    assert not caplog.records


@pytest.mark.parametrize(
    ("fault", "status", "begins", "acts"),
    [
        ("error_500", 500, "Internal", False),
        ("error_500_after", 500, "Internal", True),
        ("html", 200, "<!doctype html>", False),
        ("html_after", 200, "<!doctype html>", True),
    ],
)
async def test_an_answer_that_is_no_json_says_nothing_of_what_was_done(
    partner: Partner, fault: str, status: int, begins: str, acts: bool
) -> None:
    bill_id = new_bill_id()
    await partner.control("faults", operation="send", fault=fault)
    answer = await partner.client.post("/bill", json=v2_send(bill_id))
    assert answer.status_code == status
    assert answer.text.startswith(begins)
    assert await partner.code("/bill/read", v2_about(bill_id)) == ("0000" if acts else "BILL_003")


async def test_maintenance_has_a_code_in_each_version_and_acts_on_nothing(partner: Partner) -> None:
    bill_id = new_bill_id()
    await partner.control("faults", operation="any", fault="maintenance", times=2)
    assert await partner.code("/if/bill/send", v1_send(bill_id)) == "5000"
    assert await partner.code("/bill", v2_send(bill_id)) == "MAINTAINED_METHOD"
    assert await partner.code("/bill/read", v2_about(bill_id)) == "BILL_003"


async def test_a_late_answer_comes_after_the_bill_exists(partner: Partner) -> None:
    bill_id = new_bill_id()
    await partner.control("faults", operation="send", fault="delay", seconds=0.3)
    started = time.monotonic()
    sending = asyncio.create_task(partner.code("/bill", v2_send(bill_id)))

    async def exists() -> bool:
        return bool(await partner.code("/bill/read", v2_about(bill_id)) == "0000")

    await until(exists)
    assert await sending == "0000"
    assert time.monotonic() - started >= 0.3


async def test_a_partner_who_does_not_wait_for_a_late_answer_finds_the_bill_sent(partner: Partner) -> None:
    bill_id = new_bill_id()
    await partner.control("faults", operation="send", fault="delay", seconds=0.2)
    with pytest.raises(httpx.ReadTimeout):
        await partner.client.post("/bill", json=v2_send(bill_id), timeout=0.05)
    assert await partner.state(bill_id) == "W"


async def test_a_fault_befalls_only_its_operation_and_only_so_often(partner: Partner) -> None:
    bill_id = await partner.sent()
    await partner.control("faults", operation="points", fault="error_500", times=2)
    await partner.control("faults", operation="read", fault="html")
    statuses = [
        (await partner.client.post("/read/remain_count", json={"apiKey": "sandbox-key"})).status_code for _ in range(3)
    ]
    assert statuses == [500, 500, 200]
    assert (await partner.client.post("/bill/read", json=v2_about(bill_id))).text.startswith("<!doctype")
    assert await partner.state(bill_id) == "W"


async def test_deleted_faults_do_not_happen(partner: Partner) -> None:
    await partner.control("faults", operation="any", fault="drop_before", times=100)
    await partner.control("random", seed=1, rate=1)
    assert (await partner.client.delete("/sandbox/faults")).status_code == 204
    for _ in range(5):
        await partner.sent()


async def _outcomes(partner: Partner, seed: int) -> list[str]:
    await partner.control("random", seed=seed, rate=0.5, seconds=0.001)
    outcomes = []
    for _ in range(40):
        try:
            answer = await partner.client.post("/bill/read", json=v2_about("NOBODYS"))
            outcomes.append(f"{answer.status_code} {answer.text}")
        except httpx.TransportError:
            outcomes.append("dropped")
    await partner.control("random", rate=0)
    return outcomes


async def test_random_faults_repeat_with_their_seed_and_end_with_rate_0(partner: Partner) -> None:
    once, again, otherwise = [await _outcomes(partner, seed) for seed in (7, 7, 8)]
    assert once == again != otherwise
    assert len(set(once)) > 3
    assert [await partner.code("/bill/read", v2_about("NOBODYS")) for _ in range(20)] == ["BILL_003"] * 20


async def test_a_bill_remembers_its_calls_with_their_faults(partner: Partner) -> None:
    bill_id = new_bill_id()
    await partner.control("faults", operation="send", fault="error_500")
    await partner.client.post("/bill", json=v2_send(bill_id))
    await partner.code("/bill", v2_send(bill_id))
    await partner.call("/if/bill/read", v1_about(bill_id))
    await partner.pay(bill_id)
    await partner.code("/if/bill/cancel", v1_about(bill_id, "50001"))
    history = (await partner.look(f"bills/{bill_id}"))["history"]
    told = [(call["by"], call["operation"], call["code"], call["fault"]) for call in history]
    assert told == [
        ("v2", "send", None, "error_500"),
        ("v2", "send", "0000", None),
        ("v1", "read", "0000", None),
        ("control", "pay", "0000", None),
        ("v1", "cancel", "9999", None),
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"fault": "earthquake"}),
        ("faults", {"fault": "delay", "times": 0}),
        ("faults", {"fault": "delay", "operation": "dance"}),
        ("callbacks", {"mode": "unknown"}),
        ("random", {"rate": 1.5}),
        ("points", {"balance": -1}),
        ("points", {}),
    ],
)
async def test_an_order_that_is_wrong_is_refused_with_the_reason(
    partner: Partner, path: str, body: dict[str, Any]
) -> None:
    answer = await partner.client.post(f"/sandbox/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["detail"]
