"""The read model of payment requests: each row says what its events make, and comes out the same again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from eventsourcing.application import project_aggregate

from services.bootstrap import CODEC
from services.collection import collector
from services.collection.payment_request import PaymentRequest
from services.collection.provider import Refused
from services.collection.views import request_view
from services.desk.opening import encode
from services.store.data_keys import DataKeys
from services.store.past_log import PastLog
from tests.collection.fake_provider import TIMED_OUT
from tests.collection.front import Front, open_front
from tests.projections.books import read_models, rebuilt


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that leaves sending to the test."""
    async with open_front(database) as opened:
        yield opened


async def live(front: Front, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Requests of every status; returns their ids, newest first."""
    asked = await front.ask(sendType="URL", billIssuer="Seoul Garden", expiresOn=None)
    sent, unknown, refused, destroyed = await front.sent(), await front.ask(), await front.ask(), await front.sent()
    paid, refunded, expired = await front.paid(), await front.paid(), await front.sent()
    front.provider.next("resend", TIMED_OUT)
    front.desk.expect(200, await front.operate("resend", sent))
    front.provider.next("send", TIMED_OUT, Refused("PARTNER_002", "no such merchant"))
    for request in (unknown, refused):
        await front.office.collector.attend(request["id"], ask_first=False)
    front.desk.expect(200, await front.operate("destroy", destroyed))
    front.desk.expect(200, await front.operate("refund", refunded))

    class NextYear(datetime):
        """A year from now."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            """Then."""
            return datetime.now(UTC).astimezone(tz) + timedelta(days=400)

    with monkeypatch.context() as patch:
        patch.setattr(collector, "datetime", NextYear)
        await front.office.collector.attend(expired["id"], ask_first=True)
    requests = (asked, sent, unknown, refused, destroyed, paid, refunded, expired)
    return [request["id"] for request in reversed(requests)]


async def test_every_row_shows_what_its_events_make(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await live(front, monkeypatch)
    page = await front.client.get("/v1/accommodations/HOTEL-1/payment-requests")
    items = front.desk.expect(200, page)["items"]
    assert sorted(item["id"] for item in items) == sorted(ids)
    assert {item["status"] for item in items} == {
        "REQUESTED", "SENT", "UNKNOWN", "REFUSED", "PAID", "REFUNDED", "DESTROYED", "EXPIRED",
    }  # fmt: skip
    log = PastLog(front.service.pool, CODEC)
    for item in items:
        placed = await log.events_of([item["id"]], int(page.headers["Folio-Position"]))
        request: Any = project_aggregate(None, [each.event for each in placed])
        assert isinstance(request, PaymentRequest)
        shown = await front.client.get(f"/v1/payment-requests/{request.id}")
        assert shown.content == await encode(request_view(request), DataKeys(front.service.pool))
        assert shown.json() == item


async def test_the_rows_come_out_of_the_log_again_as_they_are(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    await live(front, monkeypatch)
    page = await front.client.get("/v1/accommodations/HOTEL-1/payment-requests")
    await front.service.runner.close()
    before = read_models(front.service.conninfo)
    assert len(before["payment_requests"]) == 8
    assert await rebuilt(front.service.conninfo, int(page.headers["Folio-Position"])) == before
