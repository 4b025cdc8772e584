"""Callbacks of a guest who is forgotten: erased, even those kept at the same moment, and known all the same."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg
import pytest

from services.store.connection import Pool, make_pool
from services.store.forgetting import Forgetting
from services.store.inbox import KEEP, StoredInbox
from services.store.linking import link_next

REQUEST = "REQUEST0000000000001"
OTHERS_REQUEST = "REQUEST0000000000002"
HEADERS = {"x-forwarded-for": "203.0.113.77"}
SELECT = "SELECT body, headers, encode(digest, 'hex'), state, folio_id FROM collection.callbacks ORDER BY number"
KEPT_BEFORE = """
    INSERT INTO collection.callbacks (digest, body, headers, source, request_id, says_paid)
    VALUES (sha256(%s), %s, '{"x-forwarded-for": "203.0.113.77"}', '10.0.0.1', %s, true)
"""
INSERT_EVENT = "INSERT INTO ledger.events VALUES (%s, %s, %s, %s, %s, now())"


def append(
    connection: psycopg.Connection, position: int, stream: str, topic: str, state: Any, version: int = 1
) -> None:
    """An event, past the domain."""
    connection.execute(INSERT_EVENT, [position, stream, version, topic, json.dumps(state).encode()])


def forget(connection: psycopg.Connection, position: int = 9) -> None:
    """The event that forgets the guest."""
    append(connection, position, "folio/FOLIO-1", "folio.guest_forgotten", {"folio_id": "FOLIO-1"}, 2)


@pytest.fixture
def asked(database: str) -> str:
    """A ledger with a payment request of FOLIO-1, whose guest has a key."""
    with psycopg.connect(database) as connection:
        append(connection, 1, REQUEST, "payment_request.requested", {"asked": {"folio_id": "FOLIO-1"}})
        connection.execute("INSERT INTO ledger.personal_data_keys VALUES ('FOLIO-1', 'key')")
    return database


@pytest.fixture
async def pool(asked: str) -> AsyncIterator[Pool]:
    """Connections to that ledger."""
    async with make_pool(asked, "inbox") as opened:
        yield opened


def stored(conninfo: str) -> Sequence[Any]:
    """What is in the inbox."""
    with psycopg.connect(conninfo) as connection:
        return connection.execute(SELECT).fetchall()


async def test_a_callback_is_erased_with_its_guest_and_its_repeat_is_still_known(asked: str, pool: Pool) -> None:
    inbox = StoredInbox(pool)
    await inbox.keep(b"before", HEADERS, "10.0.0.1", REQUEST, says_paid=True)
    await inbox.keep(b"of nobody here", HEADERS, "10.0.0.1", "UNKNOWN", says_paid=True)
    with psycopg.connect(asked) as connection:
        forget(connection)
    await inbox.keep(b"before", HEADERS, "10.0.0.1", REQUEST, says_paid=True)
    await inbox.keep(b"later", HEADERS, "10.0.0.1", REQUEST, says_paid=True)
    digests = [hashlib.sha256(body).hexdigest() for body in (b"before", b"of nobody here", b"later")]
    assert stored(asked) == [
        (b"", {}, digests[0], "WAITING", "FOLIO-1"),
        (b"of nobody here", HEADERS, digests[1], "WAITING", None),
        (b"", {}, digests[2], "WAITING", "FOLIO-1"),
    ]
    assert [letter.digest for letter in await inbox.due(10)] == digests
    assert [kept.digest for kept in await inbox.of_folio("FOLIO-1")] == digests[::2]


@pytest.mark.parametrize("linked", [False, True])
async def test_callbacks_that_an_older_version_kept_are_found_by_their_requests(
    asked: str, pool: Pool, linked: bool
) -> None:
    with psycopg.connect(asked) as connection:
        append(connection, 2, OTHERS_REQUEST, "payment_request.requested", {"asked": {"folio_id": "FOLIO-2"}})
        for request_id in (REQUEST, OTHERS_REQUEST):
            connection.execute(KEPT_BEFORE, [request_id.encode(), request_id.encode(), request_id])
        while linked and link_next(connection):
            pass
    inbox = StoredInbox(pool)
    assert [kept.body for kept in await inbox.of_folio("FOLIO-1")] == [REQUEST.encode()]
    with psycopg.connect(asked) as connection:
        forget(connection, 3)
    assert [row[:2] for row in stored(asked)] == [(b"", {}), (OTHERS_REQUEST.encode(), HEADERS)]
    assert [kept.body for kept in await inbox.of_folio("FOLIO-1")] == [b""]


async def test_what_an_older_version_kept_after_the_forgetting_is_erased_by_forgetting_again(
    asked: str, pool: Pool
) -> None:
    with psycopg.connect(asked) as connection:
        forget(connection)
        for request_id in (REQUEST, "UNKNOWN"):
            connection.execute(KEPT_BEFORE, [request_id.encode(), request_id.encode(), request_id])
    await Forgetting(pool).see_done(["FOLIO-1", "FOLIO-2"])
    assert [row[:2] for row in stored(asked)] == [(b"", {}), (b"UNKNOWN", HEADERS)]


async def test_a_callback_that_is_kept_while_its_guest_is_forgotten_is_erased_as_well(asked: str, pool: Pool) -> None:
    inbox = StoredInbox(pool)
    with psycopg.connect(asked) as forgetting:
        forget(forgetting)
        keeping = asyncio.create_task(inbox.keep(b"meanwhile", HEADERS, "10.0.0.1", REQUEST, says_paid=True))
        await _waits_for_a_lock(asked)
        forgetting.commit()
        await keeping
    [(body, headers, *_)] = stored(asked)
    assert (body, headers) == (b"", {})


async def test_a_forgetting_waits_for_a_callback_that_is_just_being_kept(asked: str) -> None:
    row = {"body": [b"meanwhile"], "headers": [json.dumps(HEADERS)], "source": ["10.0.0.1"]}
    with psycopg.connect(asked) as keeping, psycopg.connect(asked) as forgetting:
        keeping.execute(KEEP, {**row, "request_id": [REQUEST], "says_paid": [True]})
        task = asyncio.create_task(asyncio.to_thread(forget, forgetting))
        await _waits_for_a_lock(asked)
        keeping.commit()
        await task
        forgetting.commit()
    [(body, headers, *_)] = stored(asked)
    assert (body, headers) == (b"", {})


async def _waits_for_a_lock(conninfo: str) -> None:
    """Return once a session of this database waits for another one's lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        async with asyncio.timeout(30):
            while connection.execute(waiting).fetchone() == (0,):
                await asyncio.sleep(0.01)
