"""Callbacks: what they carry, when they count as delivered, and everything that can be wrong with them."""

from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from services.payssam.sandbox import SandboxSettings, running_sandbox
from tests.payssam.sandbox.partner import Partner, listening_socket, until, v1_about, v2_about
from tests.payssam.sandbox.receiver import ACCEPTING, Receiver


async def _callbacks(partner: Partner, bill_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await partner.look(f"bills/{bill_id}"))["callbacks"]
    return found


async def _settled(partner: Partner) -> None:
    async def nothing_waits() -> bool:
        return bool((await partner.look("totals"))["callbacksWaiting"] == 0)

    await until(nothing_waits)


async def test_a_payment_is_reported_with_the_fields_of_v1_read(partner: Partner, receiver: Receiver) -> None:
    bill_id = await partner.paid(callbackUrl=receiver.url)
    await _settled(partner)
    assert receiver.bodies == [await partner.call("/if/bill/read", v1_about(bill_id))]
    body = receiver.bodies[0]
    assert (body["apikey"], body["appr_state"], body["appr_price"]) == ("sandbox-key", "F", "50000")
    assert receiver.headers[0].startswith("POST /callback HTTP/1.1")
    [callback] = await _callbacks(partner, bill_id)
    assert (callback["outcome"], callback["attempts"]) == ("delivered", 1)
    [answer] = callback["answers"]
    assert (answer["status"], answer["body"], answer["exact"]) == (200, ACCEPTING, True)


async def test_any_other_answer_is_tried_again_after_an_hour(partner: Partner, receiver: Receiver) -> None:
    wrong = ["", "OK", "{}", '["0000"]', '{"code":"9999","msg":"x"}', '{"code":0}', '{"result":"0000"}', "[" * 4000]
    receiver.answers = list(wrong)
    bill_id = await partner.paid(callbackUrl=receiver.url)
    await _settled(partner)
    [callback] = await _callbacks(partner, bill_id)
    assert (callback["outcome"], callback["attempts"]) == ("delivered", 9)
    assert [each["body"] for each in callback["answers"]] == [*wrong, ACCEPTING]
    times = [each["at"] for each in callback["answers"]]
    assert all(later - earlier >= 0.05 for earlier, later in pairwise(times))


async def test_an_answer_with_the_code_counts_and_its_other_message_is_told(
    partner: Partner, receiver: Receiver
) -> None:
    receiver.answer = '{"code": "0000", "msg": "ok"}'
    bill_id = await partner.paid(callbackUrl=receiver.url)
    await _settled(partner)
    [callback] = await _callbacks(partner, bill_id)
    assert (callback["outcome"], callback["answers"][0]["exact"]) == ("delivered", False)


@pytest.mark.parametrize("status", ["302 Found\r\nLocation: /elsewhere", "500 Internal Server Error", "202 Accepted"])
async def test_the_right_body_with_another_status_does_not_count(
    partner: Partner, receiver: Receiver, status: str
) -> None:
    receiver.status = status
    bill_id = await partner.paid(callbackUrl=receiver.url)
    await until(lambda: len(receiver.bodies) >= 2)
    assert all(head.startswith("POST /callback ") for head in receiver.headers)
    receiver.status = "200 OK"
    await _settled(partner)
    assert (await _callbacks(partner, bill_id))[0]["outcome"] == "delivered"


async def test_after_24_tries_more_it_is_given_up(receiver: Receiver) -> None:
    receiver.answer = "no"
    listening = listening_socket()
    settings = SandboxSettings(hour_seconds=0.001)
    async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
        bill_id = await partner.paid(callbackUrl=receiver.url)
        await _settled(partner)
        assert len(receiver.bodies) == 25
        assert (await _callbacks(partner, bill_id))[0]["outcome"] == "given_up"
        totals = await partner.look("totals")
        assert (totals["callbacksDelivered"], totals["callbacksWaiting"]) == (0, 0)


async def test_a_callback_that_falls_due_between_two_looks_at_the_clock_is_sent(receiver: Receiver) -> None:
    receiver.answer = "no"
    ticks = count()
    listening = listening_socket()
    # Each look at the clock finds it 20 ms on, so that every next try falls due between two of them.
    settings = SandboxSettings(hour_seconds=0.03, clock=lambda: next(ticks) * 0.02)
    async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
        await partner.paid(callbackUrl=receiver.url)
        await until(lambda: len(receiver.bodies) == 25)


async def test_a_partner_who_cannot_be_reached_is_tried_again(partner: Partner) -> None:
    with listening_socket() as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
    bill_id = await partner.paid(callbackUrl=address)

    async def tried_twice() -> bool:
        return bool((await _callbacks(partner, bill_id))[0]["attempts"] >= 2)

    await until(tried_twice)
    answer = (await _callbacks(partner, bill_id))[0]["answers"][0]
    assert answer["status"] is None
    assert "ConnectError" in answer["error"]


async def test_without_an_address_nothing_is_reported(partner: Partner) -> None:
    assert await _callbacks(partner, await partner.paid()) == []


async def test_only_payments_are_reported(partner: Partner, receiver: Receiver) -> None:
    refunded, in_app = await partner.paid(callbackUrl=receiver.url), await partner.paid(callbackUrl=receiver.url)
    destroyed, voided = await partner.sent(callbackUrl=receiver.url), await partner.sent(callbackUrl=receiver.url)
    await _settled(partner)
    await partner.code("/bill/cancel", v2_about(refunded, "50000"))
    await partner.code("/bill/destroy", v2_about(destroyed, "50000"))
    await partner.control(f"bills/{in_app}/cancel")
    await partner.control(f"bills/{voided}/destroy")
    states = [await partner.state(each) for each in (refunded, in_app, destroyed, voided)]
    assert states == ["C", "C", "D", "D"]
    assert sorted(receiver.bill_ids) == sorted([refunded, in_app])
    assert (await partner.look("totals"))["callbacksWaiting"] == 0


async def test_duplicates_arrive_at_the_same_time(partner: Partner, receiver: Receiver) -> None:
    await partner.control("callbacks", mode="duplicate", copies=3)
    receiver.gate.clear()
    bill_id = await partner.paid(callbackUrl=receiver.url)
    await until(lambda: receiver.together_max == 4)
    receiver.gate.set()
    await _settled(partner)
    later = await partner.paid(callbackUrl=receiver.url)
    await _settled(partner)
    assert receiver.bill_ids == [bill_id] * 4 + [later]
    assert all(body == receiver.bodies[0] for body in receiver.bodies[:4])


async def test_reordered_callbacks_come_last_first_when_all_are_paid(partner: Partner, receiver: Receiver) -> None:
    await partner.control("callbacks", mode="reorder", times=3)
    first, second = await partner.paid(callbackUrl=receiver.url), await partner.paid(callbackUrl=receiver.url)
    assert (await partner.look("totals"))["callbacksWaiting"] == 2
    third = await partner.paid(callbackUrl=receiver.url)
    await _settled(partner)
    assert receiver.bill_ids == [third, second, first]


async def test_callbacks_held_for_others_that_never_come_go_when_the_faults_are_deleted(
    partner: Partner, receiver: Receiver
) -> None:
    await partner.control("callbacks", mode="reorder", times=9)
    bills = [await partner.paid(callbackUrl=receiver.url) for _ in range(2)]
    assert receiver.bodies == []
    await partner.client.delete("/sandbox/faults")
    await _settled(partner)
    assert receiver.bill_ids == bills[::-1]


async def test_an_early_callback_says_paid_while_read_does_not(partner: Partner, receiver: Receiver) -> None:
    await partner.control("callbacks", mode="early", seconds=0.4)
    bill_id = await partner.paid(callbackUrl=receiver.url)
    assert await partner.state(bill_id) == "W"
    assert await partner.code("/bill/destroy", v2_about(bill_id, "50000")) == "BILL_005"
    assert await partner.code("/bill/cancel", v2_about(bill_id, "50000")) == "BILL_007"
    await until(lambda: len(receiver.bodies) == 1)
    assert (receiver.bodies[0]["appr_state"], receiver.bodies[0]["appr_price"]) == ("F", "50000")

    async def paid() -> bool:
        return bool(await partner.state(bill_id) == "F")

    await until(paid)
    assert (await partner.look("totals"))["paidAmount"] == 50_000


async def test_a_wrong_amount_is_in_the_callback_only(partner: Partner, receiver: Receiver) -> None:
    await partner.control("callbacks", mode="wrong_amount", amount=1)
    bill_id = await partner.paid(callbackUrl=receiver.url)
    await _settled(partner)
    assert receiver.bodies[0]["appr_price"] == "1"
    assert (await partner.call("/if/bill/read", v1_about(bill_id)))["appr_price"] == "50000"


async def test_another_amount_may_really_be_paid(partner: Partner, receiver: Receiver) -> None:
    await partner.control("callbacks", mode="pays_other_amount")
    bill_id = await partner.paid(callbackUrl=receiver.url)
    await _settled(partner)
    assert receiver.bodies[0]["appr_price"] == "51000"
    assert (await partner.call("/if/bill/read", v1_about(bill_id)))["appr_price"] == "51000"
    assert await partner.code("/bill/cancel", v2_about(bill_id, "51000")) == "VALIDATION_002"
    assert await partner.code("/bill/cancel", v2_about(bill_id, "50000")) == "0000"
    assert (await partner.look("totals"))["refundedAmount"] == 51_000


async def test_a_missing_callback_is_missing_for_ordered_payments_only(partner: Partner, receiver: Receiver) -> None:
    await partner.control("callbacks", mode="missing", times=1)
    await partner.control("callbacks", mode="normal", times=1)
    await partner.control("callbacks", mode="missing", times=1)
    bills = [await partner.paid(callbackUrl=receiver.url) for _ in range(4)]
    await _settled(partner)
    assert sorted(receiver.bill_ids) == sorted([bills[1], bills[3]])
    assert [await partner.state(bill) for bill in bills] == ["F"] * 4


async def _arrivals(partner: Partner, receiver: Receiver, seed: int) -> list[int]:
    await partner.control("random", seed=seed, rate=0.7, seconds=0.001)
    bills = [await partner.sent_until_taken(callbackUrl=receiver.url) for _ in range(25)]
    for bill in bills:
        await partner.pay(bill)
    await partner.control("random", rate=0)
    await _settled(partner)
    return [receiver.bill_ids.count(bill) for bill in bills]


async def test_random_callbacks_repeat_with_their_seed(partner: Partner, receiver: Receiver) -> None:
    once, again, otherwise = [await _arrivals(partner, receiver, seed) for seed in (5, 5, 6)]
    assert once == again != otherwise
    assert {0, 1, 2} == set(once)


async def test_a_waiting_callback_survives_a_restart(data: Path, receiver: Receiver) -> None:
    settings = SandboxSettings(data=data, hour_seconds=0.05)
    listening = listening_socket()
    async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
        await partner.control("callbacks", mode="reorder", times=3)
        held = [await partner.paid(callbackUrl=receiver.url) for _ in range(2)]
    assert receiver.bodies == []
    listening = listening_socket()
    async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
        await _settled(partner)
    assert receiver.bill_ids == held[::-1]


async def test_a_callback_that_was_under_way_at_the_end_is_sent_again(data: Path, receiver: Receiver) -> None:
    settings = SandboxSettings(data=data, hour_seconds=0.05)
    receiver.gate.clear()
    listening = listening_socket()
    async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
        bill_id = await partner.paid(callbackUrl=receiver.url)
        await until(lambda: len(receiver.bodies) == 1)
    receiver.gate.set()
    listening = listening_socket()
    async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
        await _settled(partner)
        assert [callback["outcome"] for callback in await _callbacks(partner, bill_id)] == ["delivered"]
    assert receiver.bill_ids == [bill_id] * 2
