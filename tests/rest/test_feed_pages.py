"""The feed in pages: every event once and in order, whoever writes, and to a limited key only its own."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest

from services.billing.feed import FeedFilter
from services.bootstrap import Service
from services.rest import feed
from services.store.feed import STEP_EVENTS
from tests.collection.front import MESSAGE, NAME, PHONE, Front, open_front
from tests.conftest import Desk
from tests.rest.following import EVENTS, STREAM, all_events, positions
from tests.rest.support import expect_problem, nothing_written
from tests.serving import MakeClient

WRITERS = 8
BILLS_OF_A_WRITER = 15
PAID = "2026-11-22T05:00:00Z"
CONFIGURED = "accommodation.configured"


@pytest.fixture
async def front(database: str) -> AsyncIterator[Front]:
    """A service that asks guests for money."""
    async with open_front(database) as opened:
        yield opened


async def test_pages_read_while_others_write_leave_nothing_out_and_repeat_nothing(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    async def write(number: int) -> None:
        for _ in range(BILLS_OF_A_WRITER):
            await desk.add_bill(f"FOLIO-{number}", payments=[{"paymentMethod": "CASH", "amount": 1, "paidAt": PAID}])

    writing = asyncio.gather(*(write(number) for number in range(WRITERS)))
    seen: list[dict[str, Any]] = []
    after, pages = 0, 0
    chance = random.Random(7)
    while not (writing.done() and after == await service.store.position()):
        parameters = {"after": after, "limit": chance.choice((1, 3, 20, 500))}
        page = desk.expect(200, await client.get(EVENTS, params=parameters))
        seen += page["items"]
        after = page["next"]
        pages += 1
    await writing
    assert positions(seen) == list(range(1, after + 1))
    assert len(seen) >= WRITERS * BILLS_OF_A_WRITER * 2
    assert pages > 10
    assert seen == await all_events(client)


async def busy_hotels(front: Front) -> None:
    """Two hotels with one of everything that payment requests bring about, in turn."""
    for hotel in ("HOTEL-1", "HOTEL-2", "HOTEL-1"):
        bill = await front.desk.add_bill(f"FOLIO-OF-{hotel}", accommodationId=hotel)
        await front.paid(bill)
        await front.operate("destroy", await front.sent(bill, amount=20_000))
        await front.desk.pay(
            bill, 10, paymentMethod="VIRTUAL_ACCOUNT",
            virtualAccounts=[{"bankCode": "088", "accountNumber": "110-222-333333", "accountHolder": NAME}],
        )  # fmt: skip


async def test_a_limited_key_gets_all_events_of_its_accommodations_and_no_others(front: Front) -> None:
    await busy_hotels(front)
    everything = await all_events(front.client)
    assert positions(everything) == list(range(1, len(everything) + 1))
    types = {event["type"] for event in everything}
    assert {"payment_request.sent", "payment_request.paid", "payment_request.destroyed", "bill.added"} <= types
    for hotel in ("HOTEL-1", "HOTEL-2"):
        own = [event for event in everything if event["accommodationid"] == hotel]
        assert {event["type"] for event in own} == types
        assert all(event["folioid"] == f"FOLIO-OF-{hotel}" for event in own if event["type"] != CONFIGURED)
        async with front.client_of(hotel, "auditor", [hotel]) as limited:
            for limit in (1, 7, 500):
                assert await all_events(limited, limit) == own
            assert await all_events(limited, accommodationId=hotel) == own
            other = {"HOTEL-1": "HOTEL-2", "HOTEL-2": "HOTEL-1"}[hotel]
            assert await all_events(limited, folioId=f"FOLIO-OF-{other}") == []
            answer = await limited.get(EVENTS, params={"accommodationId": other})
            expect_problem(answer, 404, "DATA_NOT_FOUND_ON_ID", "/accommodationId")
    async with front.client_of("both", "pms", ["HOTEL-1", "HOTEL-2", "HOTEL-9"]) as both:
        assert await all_events(both) == everything
    async with front.client_of("elsewhere", "pms", ["HOTEL-9"]) as elsewhere:
        assert await all_events(elsewhere) == []


async def test_no_guest_leaves_in_the_feed(front: Front) -> None:
    await busy_hotels(front)
    text = (await front.client.get(EVENTS, params={"limit": 500})).text
    for secret in (NAME, PHONE, "010-9876-5432", MESSAGE, "110-222-333333", "sealed", '"v1.'):
        assert secret not in text
    assert '"guest":"***"' in text
    assert '"accountNumber":"***"' in text


async def test_filters_find_what_they_name_and_nothing_else(desk: Desk, client: httpx.AsyncClient) -> None:
    for number in range(4):
        bill = await desk.add_bill(f"FOLIO-{number % 2}", accommodationId=f"HOTEL-{number % 2}")
        await desk.pay(bill, 5)
    everything = await all_events(client)
    for parameters, attribute in (({"type": "bill.added"}, "type"), ({"folioId": "FOLIO-1"}, "folioid"),
                                  ({"accommodationId": "HOTEL-0"}, "accommodationid")):  # fmt: skip
        (value,) = parameters.values()
        wanted = [event for event in everything if event.get(attribute) == value]
        assert 0 < len(wanted) < len(everything)
        for limit in (1, 2, 500):
            assert await all_events(client, limit, **parameters) == wanted
    assert await all_events(client, type="payment.recorded", folioId="FOLIO-1", accommodationId="HOTEL-0") == []


async def test_rare_events_far_apart_are_found_step_by_step(
    client: httpx.AsyncClient, service: Service, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.store.feed.STEP_EVENTS", 2)
    for _ in range(5):
        await desk.add_bill("FOLIO-1")
    await desk.add_bill("RARE", accommodationId="HOTEL-2")
    await desk.add_bill("FOLIO-1")
    rare = [event for event in await all_events(client) if event["accommodationid"] == "HOTEL-2"]
    assert await all_events(client, accommodationId="HOTEL-2") == rare
    monkeypatch.setattr(feed, "SCAN_SECONDS_MAX", 0.0)
    page = desk.expect(200, await client.get(EVENTS, params={"accommodationId": "HOTEL-2"}))
    assert (page["items"], page["next"]) == ([], 2), "a page without events still leads on"
    assert await all_events(client, accommodationId="HOTEL-2") == rare


async def test_positions_of_any_size_are_read(database: str, service: Service) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE ledger.log_head SET position = 10^12")
    for after in (0, 2**15 - 1, 2**15 - STEP_EVENTS // 2, 2**31 - 1, 2**31 - STEP_EVENTS // 2):
        for wanted, step in ((FeedFilter(), 100), (FeedFilter(topic="bill.added"), STEP_EVENTS)):
            stretch = await service.events.read(after, 100, wanted)
            assert (stretch.events, stretch.reached, stretch.head) == ([], after + step, 10**12)


async def test_an_empty_log_is_an_empty_page(client: httpx.AsyncClient) -> None:
    answer = await client.get(EVENTS)
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next": 0, "head": 0})
    assert answer.headers["Folio-Position"] == "0"


async def test_a_page_holds_a_hundred_events_unless_told_otherwise(desk: Desk, client: httpx.AsyncClient) -> None:
    for _ in range(60):
        await desk.add_bill(payments=[{"paymentMethod": "CASH", "amount": 1, "paidAt": PAID}])
    page = desk.expect(200, await client.get(EVENTS))
    assert positions(page["items"]) == list(range(1, 101))
    assert (page["next"], page["head"]) == (100, 122)


async def test_wrong_parameters_are_refused_by_name(desk: Desk, client: httpx.AsyncClient, service: Service) -> None:
    await desk.add_bill()
    wrong = {
        "after": ["", "-1", "1.5", "abc", "9" * 19, "1%0A", "%D9%A1", "4"],
        "type": ["", "bill", "bill.added%0A", "BILL.ADDED", "%00"],
        "folioId": ["", "a%20b", "a" * 65],
        "accommodationId": ["", "a%20b", "a" * 65],
        "consistency": ["", "stale"],
        "cursor": ["x"],
    }
    async with nothing_written(service):
        for path in (EVENTS, STREAM):
            for name, values in wrong.items():
                for value in values:
                    answer = await client.get(f"{path}?{name}={value}")
                    expect_problem(answer, 400, "INVALID_PARAMETER", f"/{name}")
            expect_problem(await client.get(f"{path}?after=1&after=2"), 400, "INVALID_PARAMETER", "/after")
        for limit in ("0", "501", "x"):
            answer = await client.get(f"{EVENTS}?limit={limit}")
            expect_problem(answer, 400, "INVALID_PARAMETER", "/limit")
        expect_problem(await client.get(f"{STREAM}?limit=5"), 400, "INVALID_PARAMETER", "/limit")
        for position in ("", "-1", "abc", "4", "9" * 19):
            answer = await client.get(f"{STREAM}?after=0", headers={"Last-Event-ID": position})
            expect_problem(answer, 400, "INVALID_PARAMETER", "/Last-Event-ID")


async def test_the_feed_needs_a_key(client: httpx.AsyncClient, client_of: MakeClient) -> None:
    for role in ("pms", "auditor", "admin"):
        reader = await client_of(role, role, None)
        assert (await reader.get(EVENTS)).status_code == 200
    client.headers.pop("Authorization")
    for path in (EVENTS, STREAM):
        expect_problem(await client.get(path), 401, "UNAUTHENTICATED")
        expect_problem(await client.post(path), 405, "METHOD_NOT_ALLOWED")


async def test_who_follows_waits_before_an_event_that_this_version_cannot_read(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    await desk.add_bill()
    head = await service.store.position()
    append = """
        SELECT ledger.append_together(
            '[{"events": [["newer", 1, "newer.happened", "{}", null]], "aliases": {}, "outcomes": [], "reads": {}}]',
            interval '1 second')
    """
    with psycopg.connect(service.conninfo, autocommit=True) as connection:
        connection.execute(append.encode())
    await desk.add_bill()
    page = desk.expect(200, await client.get(EVENTS))
    assert [each["id"] for each in page["items"]] == [str(position) for position in range(1, head + 1)]
    assert (page["next"], page["head"]) == (head, await service.store.position())
    answer = await client.get(EVENTS, params={"after": page["next"]})
    detail = expect_problem(answer, 503, "SERVICE_UNAVAILABLE")["detail"]
    assert f"position {head + 1} cannot be read by this version" in detail
    later = desk.expect(200, await client.get(EVENTS, params={"after": head + 1}))
    assert [each["type"] for each in later["items"]] == ["bill.added"]


async def test_a_page_answers_from_the_position_that_is_asked_for_or_says_that_it_is_not_there(
    desk: Desk, client: httpx.AsyncClient, service: Service
) -> None:
    await desk.add_bill()
    head = await service.store.position()
    for minimum, status in ((head, 200), (head + 1, 503)):
        answer = await client.get(EVENTS, headers={"Folio-Min-Position": str(minimum)})
        assert answer.status_code == status, answer.text
    expect_problem(answer, 503, "NOT_CAUGHT_UP")
    expect_problem(await client.get(EVENTS, headers={"Folio-Min-Position": "-4"}), 400, "INVALID_PARAMETER")
    assert (await client.get(f"{EVENTS}?consistency=eventual")).status_code == 200
