"""The feed as a stream: from any position, over any number of connections, without a gap or a repeat."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client import REGISTRY
from starlette.types import Message as AsgiMessage

from services.billing.feed import FeedFilter, Stretch
from services.billing.ports import StoreUnavailable
from services.bootstrap import Service
from services.desk import following
from services.desk.following import Following
from services.rest import feed_stream
from services.store import api_keys
from tests.conftest import ADMIN_KEY, Desk
from tests.rest.following import EVENTS, STREAM, all_events, key_for, positions, stream, take
from tests.rest.support import expect_problem

Address = tuple[str, int]

WRITERS = 4
BILLS_OF_A_WRITER = 40
SECONDS_MAX = 30


async def post_many(client: httpx.AsyncClient, count: int) -> None:
    """Many bills in one commit."""
    body = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 1}
    command = {"method": "POST", "path": "/v1/folios/FOLIO-1/bills", "body": body}
    Desk.expect(200, await client.post("/v1/commands", json={"atomic": True, "commands": [command] * count}))


async def until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(SECONDS_MAX):
        while not holds():
            await asyncio.sleep(0.01)


async def test_a_stream_that_breaks_off_anywhere_goes_on_without_a_gap_or_a_repeat(
    desk: Desk, client: httpx.AsyncClient, address: Address
) -> None:
    async def write(number: int) -> None:
        for _ in range(BILLS_OF_A_WRITER):
            await desk.add_bill(f"FOLIO-{number}")

    writing = asyncio.gather(*(write(number) for number in range(WRITERS)))
    chance = random.Random(7)
    seen: list[dict[str, Any]] = []
    count = 1 + WRITERS + WRITERS * BILLS_OF_A_WRITER
    while len(seen) < count:
        resumed = {"Last-Event-ID": seen[-1]["id"]} if seen else {}
        async with stream(address, headers=resumed, after=0) as messages:
            seen += await take(messages, min(chance.choice((1, 2, 5, 30)), count - len(seen)))
    await writing
    assert positions(seen) == list(range(1, count + 1))
    assert seen == await all_events(client)


async def test_many_streams_get_the_same_while_others_write(desk: Desk, address: Address, service: Service) -> None:
    async with AsyncExitStack() as opened:
        streams = [await opened.enter_async_context(stream(address, after=0)) for _ in range(20)]
        readers = asyncio.gather(*(take(messages, 62) for messages in streams))
        await asyncio.gather(*(desk.add_bill("FOLIO-1") for _ in range(60)))
        for seen in await readers:
            assert positions(seen) == list(range(1, 63))


async def test_a_stream_begins_now_or_where_it_is_told_to(desk: Desk, address: Address) -> None:
    await desk.add_bill()
    async with (
        stream(address) as now,
        stream(address, after=1) as after,
        stream(address, after=1, headers={"Last-Event-ID": "2"}) as resumed,
        stream(address, after=3) as at_the_end,
    ):
        await desk.add_bill()
        assert positions(await take(now, 1)) == [4]
        assert positions(await take(after, 3)) == [2, 3, 4]
        assert positions(await take(resumed, 2)) == [3, 4]
        assert positions(await take(at_the_end, 1)) == [4]


async def test_a_limited_key_is_streamed_its_own_and_how_far_it_has_come(
    desk: Desk, address: Address, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_stream, "HEARTBEAT_SECONDS", 0.0)
    key = await asyncio.to_thread(key_for, service.conninfo, "limited", "HOTEL-2")
    async with stream(address, key, after=0) as messages:
        await desk.add_bill("FOLIO-1")
        head = await service.store.position()
        async for message in messages:
            assert (message.data, message.event, message.comments) == (None, None, ["alive"])
            if message.id == str(head):
                break
        bill = await desk.add_bill("FOLIO-2", accommodationId="HOTEL-2")
        own = await take(messages, 3)
    assert [event["accommodationid"] for event in own] == ["HOTEL-2"] * 3
    assert own[-1]["subject"] == bill["id"]
    async with stream(address, key, after=0, type="bill.added") as messages:
        assert await take(messages, 1) == own[-1:]


async def test_an_event_comes_although_its_announcement_was_lost(
    desk: Desk, address: Address, service: Service
) -> None:
    async with stream(address) as messages:
        await service.listener.close()
        await desk.add_bill()
        assert positions(await take(messages, 3)) == [1, 2, 3]


async def test_a_stream_lasts_over_an_outage_of_the_database(
    desk: Desk, address: Address, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = service.events.read
    failures = 2

    async def unreliable(after: int, limit: int, wanted: FeedFilter) -> Stretch:
        nonlocal failures
        if failures:
            failures -= 1
            raise StoreUnavailable("away")
        return await read(after, limit, wanted)

    async with stream(address) as messages:
        monkeypatch.setattr(service.events, "read", unreliable)
        await desk.add_bill()
        assert positions(await take(messages, 3)) == [1, 2, 3]
    assert failures == 0


async def test_a_stream_ends_with_its_key(
    desk: Desk, address: Address, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert following.ADMISSION_SECONDS <= 60
    monkeypatch.setattr(following, "ADMISSION_SECONDS", 0.0)
    monkeypatch.setattr(api_keys, "KNOWN_SECONDS_MAX", 0.0)
    await desk.add_bill()
    revoked, narrowed = [
        await asyncio.to_thread(key_for, service.conninfo, name, "HOTEL-1", "HOTEL-2")
        for name in ("revoked", "narrowed")
    ]
    async with stream(address, revoked, after=0) as first, stream(address, narrowed, after=0) as second:
        for messages in (first, second):
            await take(messages, 3)
        assert await asyncio.to_thread(api_keys.revoke_key, service.conninfo, "revoked")
        async with await psycopg.AsyncConnection.connect(service.conninfo, autocommit=True) as connection:
            await connection.execute("UPDATE ledger.api_keys SET accommodations = '{HOTEL-2}' WHERE name = 'narrowed'")
        async with asyncio.timeout(SECONDS_MAX):
            for messages in (first, second):
                assert [message async for message in messages if message.data] == []


async def test_only_so_many_streams_are_open_at_once_and_a_place_is_given_back(
    address: Address, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_now() -> float | None:
        return REGISTRY.get_sample_value("folio_event_streams")

    monkeypatch.setattr(following, "STREAMS_MAX", 2)
    async with stream(address):
        async with stream(address):
            assert open_now() == 2
            refused = await client.get(STREAM)
            expect_problem(refused, 429, "TOO_MANY_REQUESTS")
            assert refused.headers["Retry-After"] == "1"
            assert (await client.get(EVENTS)).status_code == 200
        await until(lambda: open_now() == 1)
        async with stream(address):
            assert open_now() == 2
    await until(lambda: open_now() == 0)


class Caller:
    """A stream on the application itself, whose reader takes a message only when the test lets it."""

    def __init__(self, service: Service, after: int = 0) -> None:
        self._service = service
        self._query = f"after={after}".encode()
        self._gone = asyncio.Event()
        self.takes = asyncio.Event()
        self.status = 0
        self.body = b""

    async def receive(self) -> AsgiMessage:
        """The caller says nothing until it goes."""
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: AsgiMessage) -> None:
        """What the caller gets; it holds up everything after the first message until it takes."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        if self.body:
            await self.takes.wait()
        self.body += message["body"]

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """The stream, while it is open."""
        scope = {
            "type": "http", "method": "GET", "path": STREAM, "raw_path": STREAM.encode(), "root_path": "",
            "query_string": self._query, "headers": [(b"authorization", f"Bearer {ADMIN_KEY}".encode())],
        }  # fmt: skip
        answering = asyncio.create_task(self._service.app(scope, self.receive, self.send))
        try:
            yield
        finally:
            self._gone.set()
            await answering


async def test_a_reader_that_takes_nothing_holds_a_page_and_no_connection_and_nobody_up(
    desk: Desk, client: httpx.AsyncClient, address: Address, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post_many(client, 500)
    reads: list[int] = []
    read = service.events.read

    async def counted(after: int, limit: int, wanted: FeedFilter) -> Stretch:
        reads.append(after)
        return await read(after, limit, wanted)

    monkeypatch.setattr(service.events, "read", counted)
    async with AsyncExitStack() as opened:
        lazy = [Caller(service) for _ in range(30)]
        for caller in lazy:
            await opened.enter_async_context(caller.calling())
        await until(lambda: all(caller.status == 200 for caller in lazy) and 0 in reads)
        async with stream(address, after=0) as messages:
            assert positions(await take(messages, 502)) == list(range(1, 503))
            await desk.add_bill()
            assert positions(await take(messages, 1)) == [503]
        assert service.pool.get_stats().get("requests_waiting", 0) == 0
        assert reads.count(100) == 1, "whoever has not taken its first page reads no second one"
        lazy[0].takes.set()
        await until(lambda: b"id: 503\n" in lazy[0].body)


async def test_a_reader_that_takes_nothing_for_long_loses_its_stream(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_stream, "SEND_SECONDS_MAX", 0.05)
    await post_many(client, 1)
    caller = Caller(service)
    async with caller.calling():
        await until(lambda: caller.status == 200)
        await until(lambda: REGISTRY.get_sample_value("folio_event_streams") == 0)
    assert caller.body.startswith(b": alive\nid: 0\n")


class SlowLog:
    """A log that reads only when it is told to, and counts."""

    def __init__(self) -> None:
        self.reads = 0
        self.may = asyncio.Event()

    async def read(self, after: int, limit: int, wanted: FeedFilter) -> Stretch:
        """Nothing, after a while; at position 13 not even that."""
        self.reads += 1
        await self.may.wait()
        if after == 13:
            raise StoreUnavailable("away")
        return Stretch([], after + 1, after + 1)

    async def head(self) -> int:
        """The end."""
        return 0

    async def wait_beyond(self, position: int, timeout_seconds: float) -> bool:
        """Never needed."""
        raise NotImplementedError


async def test_what_many_streams_want_at_once_is_read_once() -> None:
    log = SlowLog()
    feed = Following(log, len)

    def wanting(after: int, wanted: FeedFilter) -> list[Awaitable[Any]]:
        return [asyncio.ensure_future(feed.page(after, wanted)) for _ in range(50)]

    same, further, other = wanting(1, FeedFilter()), wanting(2, FeedFilter()), wanting(1, FeedFilter(topic="x"))
    failing = wanting(13, FeedFilter())
    await until(lambda: log.reads == 4)
    same[0].cancel()  # type: ignore[attr-defined]
    log.may.set()
    assert [page.reached for page in await asyncio.gather(*same[1:], *further, *other)] == [2] * 49 + [3] * 50 + [
        2
    ] * 50
    outcomes = await asyncio.gather(*failing, return_exceptions=True)
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert log.reads == 4
    assert (await feed.page(1, FeedFilter())).reached == 2
    assert log.reads == 5
