"""A send whose answer was lost, and what became of it: known to the provider, not known, or known only later."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.payssam.faults.books import check_books
from tests.payssam.faults.town import Town, open_town, until

AMOUNT = 1_000
PHONE_DIGITS = "01012345678"


@pytest.fixture
async def town(tmp_path: Path, database: str) -> AsyncIterator[Town]:
    """A town where only what the test orders fails."""
    async with open_town(tmp_path, database) as opened:
        yield opened


async def ask_in_doubt(town: Town, fault: str) -> str:
    """A request of which nothing is known: the answers to its send and to what asked about it were lost."""
    bill = await town.hotel.add_bill()
    await town.provider.order("/faults", fault=fault, operation="send")
    await town.provider.order("/faults", fault="drop_before", operation="read", times=100)
    request_id = await town.hotel.ask(bill, AMOUNT)
    await town.hotel.become(request_id, "UNKNOWN")
    return request_id


async def destroy(town: Town, request_id: str) -> None:
    """Destroy a request, as soon as the provider answers again."""
    await town.provider.spare()
    answer = await town.hotel.operate(request_id, "destroy")
    assert (answer.status_code, answer.json()["status"]) == (200, "DESTROYED"), answer.text


async def arrive(town: Town, request_id: str) -> None:
    """The send that was on its way all the time reaches the provider."""
    bill = {
        "billId": request_id,
        "sendType": "TALK",
        "productName": "Room",
        "memberName": "홍길동",
        "phone": PHONE_DIGITS,
        "price": str(AMOUNT),
        "hash": hashlib.sha256(f"{request_id},{PHONE_DIGITS},{AMOUNT}".encode()).hexdigest(),
        "callbackUrl": f"{town.server.address}/callbacks/payssam",
    }
    address = f"http://127.0.0.1:{town.provider.port}/bill"
    async with httpx.AsyncClient() as network:
        answer = await network.post(address, json={"apiKey": "sandbox-key", "bill": bill})
    assert answer.json()["code"] == "0000", answer.text


async def test_a_request_in_doubt_that_the_provider_has_is_destroyed_there_and_its_points_count(town: Town) -> None:
    request_id = await ask_in_doubt(town, "drop_after")
    await destroy(town, request_id)
    assert (await town.provider.look(f"/bills/{request_id}"))["state"] == "D"
    await town.reconcile()
    await check_books(town, "destroyed in doubt")


async def test_a_request_in_doubt_that_the_provider_has_not_is_destroyed_without_it(town: Town) -> None:
    request_id = await ask_in_doubt(town, "drop_before")
    await destroy(town, request_id)
    await town.reconcile()
    assert await town.provider.bills() == {}
    await check_books(town, "destroyed before it was sent")


async def test_a_send_that_arrives_after_its_request_was_destroyed_is_voided_at_the_next_look(town: Town) -> None:
    request_id = await ask_in_doubt(town, "drop_before")
    await destroy(town, request_id)
    await arrive(town, request_id)
    assert (await town.hotel.operate(request_id, "sync")).json()["status"] == "DESTROYED"
    assert (await town.provider.look(f"/bills/{request_id}"))["state"] == "D"


async def test_a_late_send_that_is_paid_before_the_next_look_is_money_that_somebody_should_look_at(town: Town) -> None:
    request_id = await ask_in_doubt(town, "drop_before")
    await destroy(town, request_id)
    await arrive(town, request_id)
    assert await town.provider.pay(request_id) == 200
    await town.hotel.become(request_id, "PAID")
    request = await town.hotel.request(request_id)
    assert (request["paidAmount"], request["flags"]) == (AMOUNT, ["PAID_AFTER_END"])
    folio = await town.hotel.get(f"/folios/{request['folioId']}")
    assert folio["paidAmount"] == AMOUNT


async def test_a_request_in_doubt_is_sent_once_when_the_provider_answers_again(town: Town) -> None:
    lost, never = await ask_in_doubt(town, "drop_after"), await ask_in_doubt(town, "drop_before")
    await town.provider.spare()
    for each in (lost, never):
        await town.hotel.become(each, "SENT")

    async def both_there() -> bool:
        return (await town.provider.bills()).keys() == {lost, never}

    await until(both_there, "the provider has both")
    await town.reconcile()
    await check_books(town, "doubt that was settled")
