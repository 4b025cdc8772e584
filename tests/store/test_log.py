"""The log: dense, in the order of commits, never changed, and never skipped by who follows it."""

import asyncio
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from services.billing.ports import Conflict
from services.billing.stamp import Clock
from services.store.commit import Commit
from services.store.committer import Committer
from services.store.recorder import APPEND, CHANNEL, NOTHING_ELSE, LedgerRecorder
from tests.store.test_recorder import open_datastore

PROJECT = Path(__file__).parents[2]
WRITERS = 16
EVENTS_OF_A_WRITER = 1_250
COMMIT_SIZES = (1, 2, 3, 4, 5, 10)
SECONDS_MAX = 100
STALE_MOMENT = "P0F01"
WRITE = "import sys; from tests.store.test_log import write_through_committers as w; w(sys.argv[1], sys.argv[2:])"

SELECT_AFTER = """
    SELECT notification_id, originator_id, originator_version, recorded_at FROM ledger.events
     WHERE notification_id > %s ORDER BY notification_id LIMIT 1000
"""


def new_event(stream: str, version: int) -> StoredEvent:
    return StoredEvent(stream, version, "test.happened", b'{"amount":1}')


def stacks_of(stream: str, sizes: Sequence[int] = COMMIT_SIZES) -> list[list[StoredEvent]]:
    """A writer's events, in commits of changing size."""
    stacks: list[list[StoredEvent]] = []
    version = 1
    while version <= EVENTS_OF_A_WRITER:
        size = min(sizes[len(stacks) % len(sizes)], EVENTS_OF_A_WRITER - version + 1)
        stacks.append([new_event(stream, number) for number in range(version, version + size)])
        version += size
    return stacks


async def commit_in_time(committer: Committer, clock: Clock, events: Sequence[StoredEvent]) -> int | None:
    """Commit as the service does: at a later moment when another commit was first."""
    while True:
        moment = clock.next()
        try:
            return await committer.commit(Commit(events, [moment] * len(events)))
        except Conflict as conflict:
            if conflict.newest is None:
                raise  # nobody else writes to this stream
            clock.advance(conflict.newest)


async def _write(conninfo: str, stream: str) -> None:
    committer, clock = Committer(conninfo), Clock()
    await committer.start()
    for events in stacks_of(stream):
        position = await commit_in_time(committer, clock, events)
        assert position is not None
        assert position >= len(events)
    await committer.close()


def write_through_committers(conninfo: str, streams: Sequence[str]) -> None:
    """Several writers in one process, each with a committer and a clock of its own."""

    async def write_all() -> None:
        await asyncio.gather(*(_write(conninfo, stream) for stream in streams))

    asyncio.run(write_all())


def write_in_a_process(conninfo: str, streams: Sequence[str]) -> None:
    command = [sys.executable, "-c", WRITE, conninfo, *streams]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stderr


def write_through_the_recorder(conninfo: str, streams: Sequence[str]) -> None:
    """A thread for each stream, all on the library's recorder, each event sent as the library sends it."""
    with open_datastore(conninfo, "ledger") as datastore, ThreadPoolExecutor(len(streams)) as pool:
        recorder = LedgerRecorder(datastore)
        with datastore.get_connection():
            pass  # the first connection opens the pool, which several threads at once cannot do

        def write(stream: str) -> None:
            for events in stacks_of(stream):
                positions = list(recorder.insert_events(events))
                assert positions == list(range(positions[0], positions[0] + len(events)))

        list(pool.map(write, streams))


def follow(conninfo: str, wanted: int, give_up: threading.Event) -> list[tuple[Any, ...]]:
    """Read what is new, again and again, as a projection does; never look back."""
    seen: list[tuple[Any, ...]] = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        while len(seen) < wanted and not give_up.is_set():
            last = seen[-1][0] if seen else 0
            seen.extend(connection.execute(SELECT_AFTER, [last]).fetchall())
    return seen


def test_a_reader_that_follows_sixteen_writers_misses_nothing(database: str) -> None:
    streams = [f"writer-{number}" for number in range(WRITERS)]
    ways: list[Callable[[str, Sequence[str]], None]] = [
        write_in_a_process, write_in_a_process, write_through_committers, write_through_the_recorder
    ]  # fmt: skip
    give_up = threading.Event()
    with ThreadPoolExecutor(len(ways) + 1) as pool:
        reading: Future[list[tuple[Any, ...]]] = pool.submit(follow, database, WRITERS * EVENTS_OF_A_WRITER, give_up)
        try:
            writing = [pool.submit(way, database, streams[index::4]) for index, way in enumerate(ways)]
            for each in writing:
                each.result(SECONDS_MAX)
            seen = reading.result(SECONDS_MAX)
        finally:
            give_up.set()

    assert [position for position, *_ in seen] == list(range(1, WRITERS * EVENTS_OF_A_WRITER + 1))
    moments = [moment for *_, moment in seen]
    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert Counter(stream for _, stream, *_ in seen) == dict.fromkeys(streams, EVENTS_OF_A_WRITER)
    for stream in streams:
        versions = [version for _, each, version, _ in seen if each == stream]
        assert versions == list(range(1, EVENTS_OF_A_WRITER + 1))


def append(connection: psycopg.Connection[Any], *events: StoredEvent, at: datetime | None = None, **more: Any) -> Any:
    """Call the one function that writes, in the connection's transaction."""
    parameters = {
        "stream_ids": [event.originator_id for event in events],
        "versions": [event.originator_version for event in events],
        "topics": [event.topic for event in events],
        "states": [event.state for event in events],
        "recorded_ats": [at] * len(events),
    }
    row = connection.execute(APPEND, {**parameters, **NOTHING_ELSE, **more}).fetchone()
    assert row is not None
    return row[0]


CHANGES = (
    "UPDATE ledger.events SET state = ''",
    "UPDATE ledger.events SET state = '' WHERE false",
    "DELETE FROM ledger.events",
    "DELETE FROM ledger.events WHERE notification_id = 1",
    "TRUNCATE ledger.events",
    "TRUNCATE ledger.events CASCADE",
    "INSERT INTO ledger.events SELECT * FROM ledger.events"
    " ON CONFLICT (notification_id) DO UPDATE SET state = excluded.state",
    "MERGE INTO ledger.events e USING ledger.events o ON e.notification_id = o.notification_id"
    " WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM ledger.events RETURNING *) SELECT * FROM gone",
)


@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_refuses_to_change_the_log(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        append(connection, new_event("bill", 1))
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="the log is never changed"):
            connection.execute(statement.encode())
        rows = connection.execute("SELECT originator_id, state FROM ledger.events").fetchall()
    assert rows == [("bill", b'{"amount":1}')]


def test_replication_does_not_open_the_log_for_changes(database: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'ledger.events'::regclass AND NOT tgisinternal"
        ).fetchall()
    assert {enabled for (enabled,) in rows} == {"A"}  # always, whatever session_replication_role says


def test_a_moment_that_is_not_later_than_the_newest_is_refused(database: str) -> None:
    now = datetime.now(UTC)
    with psycopg.connect(database, autocommit=True) as connection:
        assert append(connection, new_event("a", 1), at=now) == 1
        for stale in (now, now - timedelta(microseconds=1), now - timedelta(days=400)):
            with pytest.raises(psycopg.Error, match="older than the newest") as caught:
                append(connection, new_event("b", 1), at=stale)
            assert caught.value.sqlstate == STALE_MOMENT
            assert datetime.fromisoformat(str(caught.value.diag.message_detail)) == now
        assert append(connection, new_event("b", 1), at=now + timedelta(microseconds=1)) == 2


def test_the_servers_own_clock_never_falls_behind_the_log(database: str) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with psycopg.connect(database, autocommit=True) as connection:
        append(connection, new_event("a", 1), at=tomorrow)
        append(connection, new_event("b", 1))
        rows = connection.execute("SELECT recorded_at FROM ledger.events ORDER BY notification_id").fetchall()
    assert rows == [(tomorrow,), (tomorrow + timedelta(microseconds=1),)]


def test_a_commit_is_told_to_listeners_once_and_a_rolled_back_one_never(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as listener, psycopg.connect(database) as writer:
        listener.execute(f"LISTEN {CHANNEL}".encode())
        append(writer, new_event("a", 1))
        writer.rollback()
        append(writer, *(new_event("b", version) for version in range(1, 6)))
        writer.commit()
        told = list(listener.notifies(timeout=1, stop_after=2))
        positions = listener.execute("SELECT notification_id FROM ledger.events ORDER BY 1").fetchall()
    assert len(told) == 1
    assert positions == [(number,) for number in range(1, 6)], "what was rolled back leaves no gap"


def test_a_key_without_events_is_kept_without_a_position(database: str) -> None:
    keys: dict[str, Any] = {"holders": ["h"], "keys": ["k"], "fingerprints": [b"f"], "outcomes": [b"o"]}
    with psycopg.connect(database, autocommit=True) as connection:
        assert append(connection, **keys, outcome_events=[None]) is None
        rows = connection.execute("SELECT holder, key, outcome, position FROM ledger.idempotency_keys").fetchall()
        head = connection.execute("SELECT position FROM ledger.log_head").fetchall()
    assert (rows, head) == ([("h", "k", b"o", None)], [(0,)])
