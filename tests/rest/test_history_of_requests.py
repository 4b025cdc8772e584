"""Payment requests in the history: what became of them, and the callbacks that they rest on."""

import hashlib
from collections.abc import AsyncIterator

import pytest

from tests.collection.front import NAME, PHONE, Front, open_front
from tests.rest.past import check_chain, history
from tests.rest.test_payment_requests_callbacks import call, none_waits, reported

FOLIO = "/v1/folios/FOLIO-1"


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves reading the inbox to the test."""
    async with open_front(database) as opened:
        yield opened


async def paid_by_callback(front: Front) -> str:
    """A request that a guest has paid, as a callback told; the SHA-256 of the callback."""
    request = await front.sent()
    front.provider.pay(request["id"])
    body = reported(request["id"])
    await call(front, body)
    await front.read_inbox_until(lambda: none_waits(front))
    return hashlib.sha256(body).hexdigest()


async def test_the_history_follows_a_request_to_its_payment_and_back(front: Front) -> None:
    digest = await paid_by_callback(front)
    calls = len(front.provider.calls)
    entries = await history(front.client, FOLIO)
    assert [entry["event"] for entry in entries[:5]] == [
        "folio.opened", "bill.added", "bill.request_opened", "payment_request.requested", "payment_request.sent",
    ]  # fmt: skip
    assert {entry["event"] for entry in entries[5:]} == {"payment.recorded", "payment_request.paid"}
    check_chain(entries, (await front.desk.folio("FOLIO-1"))["balanceAmount"])
    requests = {entry["paymentRequestId"] for entry in entries[2:]}
    assert len(requests) == 1
    assert {entry["billId"] for entry in entries[1:]} == {entries[1]["billId"]}
    resting = [entry for entry in entries if entry["callback"] is not None]
    assert {entry["event"] for entry in resting} == {"payment.recorded", "payment_request.paid"}
    for entry in resting:
        assert entry["callback"]["sha256"] == digest
        assert entry["callback"]["number"] == 1
        assert entry["callback"]["receivedAt"] <= entry["recordedAt"]
    [paid] = [entry for entry in entries if entry["event"] == "payment_request.paid"]
    changes = {each["field"]: (each["before"], each["after"]) for each in paid["changes"]}
    assert changes["status"] == ("SENT", "PAID")
    assert changes["paidAmount"] == (None, 30_000)
    assert await history(front.client, f"/v1/bills/{entries[1]['billId']}") == entries[1:]
    assert len(front.provider.calls) == calls, "looking back calls nobody"


async def test_guests_stay_masked_and_digests_stay_with_those_who_may_have_them(front: Front) -> None:
    digest = await paid_by_callback(front)
    async with (
        front.client_of("desk", "pms") as pms,
        front.client_of("auditor", "auditor") as auditor,
    ):
        for client, told in ((pms, False), (auditor, True), (front.client, True)):
            text = (await client.get(f"{FOLIO}/history")).text
            assert (digest in text) is told
            for secret in (NAME, PHONE, "sealed", "callback-key", "apikey"):
                assert secret not in text
        shown = await history(pms, FOLIO)
    resting = [entry["callback"] for entry in shown if entry["callback"] is not None]
    assert [(callback["number"], callback["sha256"]) for callback in resting] == [(1, None)] * 2
    [asked] = [entry for entry in shown if entry["event"] == "payment_request.requested"]
    changes = {each["field"]: each["after"] for each in asked["changes"]}
    assert (changes["customerName"], changes["maskedPhone"], changes["amount"]) == ("***", "***", 30_000)


async def test_a_refund_is_told_of_the_request_and_of_its_payment(front: Front) -> None:
    request = await front.paid()
    front.desk.expect(200, await front.operate("refund", request))
    entries = await history(front.client, FOLIO)
    told = {entry["event"]: entry for entry in entries[-2:]}
    assert told.keys() == {"payment.cancelled", "payment_request.refunded"}
    assert {entry["paymentRequestId"] for entry in told.values()} == {request["id"]}
    assert {entry["callback"] is None for entry in told.values()} == {True}
    answer = (await front.client.get(f"{FOLIO}/diff?from=0")).json()
    assert sum(change["balanceEffect"] for change in answer["changes"]) == answer["balanceAmount"]["effect"] == 100_000
    sentences = [change["sentence"] for change in answer["changes"] if change["kind"].startswith("PAYMENT_REQUEST")]
    assert len(sentences) == 4
    assert sentences[-1].endswith("was paid back to the guest.")
    assert "30,000 KRW" in sentences[0]
