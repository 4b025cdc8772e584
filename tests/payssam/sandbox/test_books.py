"""The sandbox's books, and that they survive: a restart, and the end of the process by kill -9."""

import subprocess
import sys
from pathlib import Path

import httpx

from services.payssam.sandbox import SandboxSettings, running_sandbox
from tests.payssam.sandbox.partner import Partner, listening_socket, new_bill_id, v2_about, v2_send

PROGRAM = """
import asyncio, socket, sys
from pathlib import Path
from services.payssam.sandbox import SandboxSettings, serve_sandbox
listening = socket.socket(fileno=int(sys.argv[1]))
asyncio.run(serve_sandbox(SandboxSettings(data=Path(sys.argv[2])), listening))
"""


async def test_totals_are_the_sums_of_what_happened(partner: Partner) -> None:
    refunded, paid = await partner.paid(), await partner.paid(price="700")
    await partner.pay(await partner.sent(), amount=60_000)
    await partner.code("/bill/resend", v2_about(await partner.sent()))
    await partner.code("/bill/cancel", v2_about(refunded, "50000"))
    await partner.code("/bill", v2_send(paid))
    assert await partner.look("totals") == {
        "bills": 4,
        "paid": 2,
        "paidAmount": 60_700,
        "refundedAmount": 50_000,
        "sends": 4,
        "resends": 1,
        "pointsSpent": 275,
        "callbacksDelivered": 0,
        "callbacksWaiting": 0,
    }


async def test_bills_are_listed_in_the_order_they_were_sent_a_page_at_a_time(partner: Partner) -> None:
    assert await partner.look("bills") == {"bills": [], "next": None}
    sent = [await partner.sent() for _ in range(5)]
    await partner.pay(sent[0])
    listed: list[str] = []
    after: int | None = 0
    while after is not None:
        page = await partner.look(f"bills?after={after}&limit=2")
        listed += [bill["billId"] for bill in page["bills"]]
        after = page["next"]
    assert listed == sent
    assert (await partner.client.get("/sandbox/bills?limit=x")).status_code == 400


async def test_one_bill_is_shown_with_everything(partner: Partner) -> None:
    shown = await partner.look(f"bills/{await partner.paid(message='감사합니다')}")
    assert (shown["price"], shown["state"], shown["message"]) == (50_000, "F", "감사합니다")
    assert shown["approval"]["amount"] == 50_000
    assert (await partner.client.get("/sandbox/bills/NOBODYS")).status_code == 404


async def test_a_history_keeps_the_last_200_calls(partner: Partner) -> None:
    bill_id = await partner.sent()
    for _ in range(201):
        await partner.state(bill_id)
    history = (await partner.look(f"bills/{bill_id}"))["history"]
    assert [call["operation"] for call in history] == ["read"] * 200


async def test_everything_is_there_after_a_restart(data: Path) -> None:
    before = {}
    for run in range(2):
        listening = listening_socket()
        settings = SandboxSettings(data=data, points=1_000)
        async with running_sandbox(settings, listening), Partner(listening.getsockname()[1]) as partner:
            if run == 0:
                bill_id = await partner.paid()
                await partner.control("callbacks", mode="early", seconds=0)
                await partner.paid()
                await partner.sent()
                before = await partner.look("totals")
            else:
                assert await partner.look("totals") == before
                assert await partner.code("/bill", v2_send(bill_id)) == "9800"
                counted = await partner.call("/read/remain_count", {"apiKey": "sandbox-key"})
                assert counted["data"]["balance"] == 1_000 - 3 * 55


def _start(data: Path) -> tuple[subprocess.Popen[bytes], str]:
    with listening_socket() as listening:
        number = listening.fileno()
        command = [sys.executable, "-W", "error", "-c", PROGRAM, str(number), str(data)]
        process = subprocess.Popen(command, pass_fds=[number], stderr=subprocess.PIPE)
        return process, f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_what_was_answered_survives_kill_9_and_a_signal_ends_the_server_quietly(data: Path) -> None:
    bill_id = new_bill_id()
    process, address = _start(data)
    with process:
        assert httpx.post(f"{address}/bill", json=v2_send(bill_id), timeout=20).json()["code"] == "0000"
        assert httpx.post(f"{address}/p/{bill_id}").status_code == 303
        process.kill()
    process, address = _start(data)
    with process:
        read = httpx.post(f"{address}/bill/read", json=v2_about(bill_id), timeout=20)
        assert read.json()["data"]["apprState"] == "F"
        httpx.post(f"{address}/sandbox/faults", json={"fault": "drop_before"})
        try:
            httpx.post(f"{address}/bill/read", json=v2_about(bill_id))
        except httpx.TransportError as error:
            dropped = error
        process.terminate()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(20) == 0
    assert isinstance(dropped, httpx.RemoteProtocolError | httpx.ReadError)
