"""The committer: each commit whole or not at all, alone or in company, and once whatever the network does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import msgspec
import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from psycopg.conninfo import make_conninfo

from services.billing.ports import Conflict, KeptOutcome, KeyTaken, StoreUnavailable
from services.billing.stamp import Clock
from services.store import committer as committers
from services.store.commit import Commit
from services.store.committer import Committer
from tests.faults.proxy import Proxy
from tests.store.test_log import new_event

APPENDING = b"ledger.append"
LOOKING_FOR_OWN = b"SELECT notification_id, recorded_at FROM ledger.events"
TRANSACTIONS = """
    SELECT xmin::text FROM ledger.events UNION SELECT xmin::text FROM ledger.aliases
    UNION SELECT xmin::text FROM ledger.idempotency_keys UNION SELECT xmin::text FROM ledger.log_head
"""
SECONDS_MAX = 15
CLOCK = Clock()


@pytest.fixture
async def committer(database: str) -> AsyncIterator[Committer]:
    """A committer that has started."""
    started = Committer(database)
    await started.start()
    yield started
    await started.close()


@pytest.fixture
async def proxy(database: str) -> AsyncIterator[Proxy]:
    """A network between the committer and the database that loses answers."""
    async with Proxy(database) as between:
        yield between


@pytest.fixture
async def distant(proxy: Proxy) -> AsyncIterator[Committer]:
    """A committer behind that network."""
    started = Committer(proxy.conninfo)
    await started.start()
    yield started
    await started.close()


def key(name: str, outcome: bytes = b"answer") -> KeptOutcome:
    return KeptOutcome("holder", name, b"fingerprint", outcome)


def commit_of(*events: StoredEvent, at: datetime | None = None, **more: Any) -> Commit:
    """A commit recorded now, or at a moment of the test's."""
    moment = at or CLOCK.next()
    return Commit(events, [moment] * len(events), **more)


def ask(conninfo: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def log_of(conninfo: str) -> list[tuple[Any, ...]]:
    statement = "SELECT notification_id, originator_id, originator_version FROM ledger.events ORDER BY 1"
    return ask(conninfo, statement)


def keys_of(conninfo: str) -> list[tuple[Any, ...]]:
    return ask(conninfo, "SELECT key, position FROM ledger.idempotency_keys ORDER BY key")


async def all_of(committer: Committer, commits: Sequence[Commit]) -> list[int | BaseException | None]:
    """Commit at the same time; every answer, refusals included, or TimeoutError."""
    async with asyncio.timeout(SECONDS_MAX):
        return await asyncio.gather(*(committer.commit(each) for each in commits), return_exceptions=True)


async def test_several_aggregates_their_names_and_keys_are_one_commit(database: str, committer: Committer) -> None:
    events = [new_event("bill-1", 1), new_event("bill-2", 1), new_event("bill-1", 2)]
    commit = commit_of(*events, aliases={"CODE-1": "bill-1", "CODE-2": "bill-2"}, outcomes=[key("a"), key("b")])
    assert await committer.commit(commit) == 3
    assert log_of(database) == [(1, "bill-1", 1), (2, "bill-2", 1), (3, "bill-1", 2)]
    assert keys_of(database) == [("a", 3), ("b", 3)]
    assert ask(database, "SELECT alias, stream FROM ledger.aliases ORDER BY 1") == [
        ("CODE-1", "bill-1"), ("CODE-2", "bill-2")
    ]  # fmt: skip
    assert len(ask(database, TRANSACTIONS)) == 1


@pytest.mark.parametrize(
    ("colliding", "error"),
    [
        (commit_of(new_event("new", 1), new_event("bill", 1), outcomes=[key("new")]), Conflict),
        (commit_of(new_event("new", 1), aliases={"fresh": "new", "CODE": "new"}, outcomes=[key("new")]), Conflict),
        (commit_of(new_event("new", 1), aliases={"fresh": "new"}, outcomes=[key("new"), key("taken")]), KeyTaken),
        (Commit([], [], outcomes=[key("new"), key("taken")]), KeyTaken),
    ],
)
async def test_a_commit_that_collides_leaves_nothing(
    database: str, committer: Committer, colliding: Commit, error: type[Exception]
) -> None:
    colliding.recorded_ats = [CLOCK.next()] * len(colliding.events)
    await committer.commit(
        commit_of(new_event("bill", 1), at=CLOCK.next(), aliases={"CODE": "bill"}, outcomes=[key("taken")])
    )
    colliding.recorded_ats = [CLOCK.next()] * len(colliding.events)
    with pytest.raises(error):
        await committer.commit(colliding)
    assert log_of(database) == [(1, "bill", 1)]
    assert keys_of(database) == [("taken", 1)]
    assert ask(database, "SELECT alias FROM ledger.aliases") == [("CODE",)]
    assert await committer.commit(commit_of(new_event("bill", 2))) == 2, "a refused commit takes no position"


async def test_commits_that_wait_together_share_a_transaction_and_know_their_own_positions(
    database: str, committer: Committer
) -> None:
    commits = [
        commit_of(*(new_event(f"bill-{n}", version) for version in range(n % 3 + 1)), outcomes=[key(f"{n:02}")])
        for n in range(30)
    ]
    positions = await all_of(committer, [*commits, Commit([], [], outcomes=[key("without events")])])
    assert positions == [*accumulate(n % 3 + 1 for n in range(30)), None]
    assert keys_of(database) == [*((f"{n:02}", positions[n]) for n in range(30)), ("without events", None)]
    assert ask(database, "SELECT count(DISTINCT xmin::text) FROM ledger.events") == [(1,)]


async def test_who_conflicts_in_a_shared_transaction_fails_alone(database: str, committer: Committer) -> None:
    await committer.commit(commit_of(new_event("bill", 1), outcomes=[key("taken")]))
    commits = [commit_of(new_event(f"bill-{number}", 1), outcomes=[key(f"{number:02}")]) for number in range(20)]
    commits[3] = commit_of(new_event("bill", 1), outcomes=[key("a")], at=commits[3].recorded_ats[0])
    commits[11] = commit_of(new_event("other", 1), outcomes=[key("taken")], at=commits[11].recorded_ats[0])
    answers = await all_of(committer, commits)
    assert isinstance(answers[3], Conflict)
    assert isinstance(answers[11], KeyTaken)
    assert [each for index, each in enumerate(answers) if index not in {3, 11}] == list(range(2, 20))
    assert [position for position, *_ in log_of(database)] == list(range(1, 20))


async def test_a_commit_of_very_many_events_goes_alone_and_whole(database: str, committer: Committer) -> None:
    many = commit_of(*(new_event("many", version) for version in range(1, committers.EVENTS_MAX + 101)))
    before, after = commit_of(new_event("before", 1)), commit_of(new_event("after", 1))
    before.recorded_ats, many.recorded_ats = [many.recorded_ats[0]], [before.recorded_ats[0]] * len(many.events)
    assert await all_of(committer, [before, many, after]) == [1, 2_101, 2_102]


async def test_a_stale_moment_is_a_conflict_that_names_the_newest_one(database: str, committer: Committer) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await committer.commit(commit_of(new_event("a", 1), at=tomorrow))
    with pytest.raises(Conflict) as caught:
        await committer.commit(commit_of(new_event("b", 1), outcomes=[key("k")]))
    assert caught.value.newest == tomorrow
    again = commit_of(new_event("b", 1), outcomes=[key("k")], at=tomorrow + timedelta(microseconds=1))
    assert await committer.commit(again) == 2


async def test_stale_moments_in_a_shared_transaction_are_conflicts_too(database: str, committer: Committer) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await committer.commit(commit_of(new_event("a", 1), at=tomorrow))
    answers = await all_of(committer, [commit_of(new_event(f"b-{number}", 1)) for number in range(5)])
    assert [answer.newest for answer in answers if isinstance(answer, Conflict)] == [tomorrow] * 5


async def test_connections_that_are_cut_under_load_lose_and_double_nothing(database: str, committer: Committer) -> None:
    async def cut() -> None:
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
            while True:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'folio committer'"
                )
                await asyncio.sleep(0.02)

    async def write(stream: str) -> list[int | None]:
        return [await committer.commit(commit_of(new_event(stream, version))) for version in range(1, 41)]

    cutting = asyncio.create_task(cut())
    try:
        async with asyncio.timeout(60):
            positions = await asyncio.gather(*(write(f"bill-{number}") for number in range(20)))
    finally:
        cutting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await cutting
    assert sorted(position for each in positions for position in each if position) == list(range(1, 801))
    assert [position for position, *_ in log_of(database)] == list(range(1, 801))


async def test_a_commit_whose_answer_was_lost_counts_once_and_is_answered(
    database: str, proxy: Proxy, distant: Committer
) -> None:
    proxy.lose_answers_to(APPENDING)
    async with asyncio.timeout(SECONDS_MAX):
        position = await distant.commit(commit_of(new_event("a", 1), new_event("b", 1), outcomes=[key("k")]))
    assert (position, proxy.lost) == (2, 1)
    assert log_of(database) == [(1, "a", 1), (2, "b", 1)]
    assert keys_of(database) == [("k", 2)]


async def test_a_shared_transaction_whose_answer_was_lost_counts_once_for_each(
    database: str, proxy: Proxy, distant: Committer
) -> None:
    proxy.lose_answers_to(APPENDING)
    answers = await all_of(
        distant, [commit_of(new_event(f"bill-{n}", 1), new_event(f"bill-{n}", 2)) for n in range(10)]
    )
    assert (answers, proxy.lost) == ([2 * n + 2 for n in range(10)], 1)
    assert len(log_of(database)) == 20


async def test_a_commit_whose_answer_was_lost_twice_counts_once_and_is_answered(
    database: str, proxy: Proxy, distant: Committer
) -> None:
    proxy.lose_answers_to(APPENDING, LOOKING_FOR_OWN)
    async with asyncio.timeout(SECONDS_MAX):
        position = await distant.commit(commit_of(new_event("a", 1)))
    assert (position, proxy.lost) == (1, 2), "a Conflict would have the command decided and stored once more"


async def test_a_conflict_is_told_even_when_its_first_answer_was_lost(
    database: str, proxy: Proxy, distant: Committer
) -> None:
    await distant.commit(commit_of(new_event("a", 1)))
    proxy.lose_answers_to(APPENDING)
    with pytest.raises(Conflict):
        await distant.commit(commit_of(StoredEvent("a", 1, "test.happened", b'{"amount":2}')))
    assert log_of(database) == [(1, "a", 1)]


async def test_many_commits_are_told_together_that_the_database_is_away(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committers, "RESEND_SECONDS_MAX", 0.5)
    away = Committer(make_conninfo(database, host="/nonexistent"))
    await away.start()
    answers = await all_of(away, [commit_of(new_event(f"bill-{number}", 1)) for number in range(10)])
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 10
    await away.close()


async def test_a_commit_that_cannot_be_sent_fails_alone_and_stops_nobody(committer: Committer) -> None:
    answers = await all_of(committer, [commit_of(new_event("\ud800", 1)), commit_of(new_event("good", 1))])
    assert isinstance(answers[0], Exception)
    assert answers[1] == 1
    async with asyncio.timeout(SECONDS_MAX):
        assert await committer.commit(commit_of(new_event("good", 2))) == 2


async def test_too_many_waiting_commits_are_told_to_come_again(
    committer: Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committers, "WAITING_MAX", 3)
    answers = await all_of(committer, [commit_of(new_event(f"bill-{number}", 1)) for number in range(5)])
    assert answers[:3] == [1, 2, 3]
    assert [type(answer) for answer in answers[3:]] == [StoreUnavailable] * 2


async def test_a_committer_that_closes_finishes_what_is_under_way_and_refuses_the_rest(database: str) -> None:
    closing = Committer(database)
    await closing.start()
    first = asyncio.create_task(closing.commit(commit_of(new_event("first", 1))))
    await asyncio.sleep(0)  # it waits
    await asyncio.sleep(0)  # it is under way
    waiting = asyncio.create_task(closing.commit(commit_of(new_event("waiting", 1))))
    await asyncio.sleep(0)
    async with asyncio.timeout(SECONDS_MAX):
        await closing.close()
        assert await first == 1
        for late in (waiting, closing.commit(commit_of(new_event("late", 1)))):
            with pytest.raises(StoreUnavailable):
                await late
    assert log_of(database) == [(1, "first", 1)]


async def test_a_commit_that_was_overtaken_on_its_way_is_recorded_right_after_what_overtook_it(
    database: str, committer: Committer
) -> None:
    decided = CLOCK.next()
    await committer.commit(commit_of(new_event("theirs", 1), at=decided + timedelta(milliseconds=300)))
    state = msgspec.json.encode({"timestamp": decided, "name": "checked out at noon"})
    ours = [commit_of(StoredEvent(f"ours-{number}", 1, "test.happened", state), at=decided) for number in range(3)]
    ours[0].outcomes = [key("moved", msgspec.json.encode({"createdAt": decided}))]
    later = commit_of(new_event("later", 1), at=decided + timedelta(milliseconds=301))
    assert await all_of(committer, [*ours, later]) == [2, 3, 4, 5]
    rows = ask(database, "SELECT recorded_at FROM ledger.events ORDER BY notification_id")
    after = decided + timedelta(milliseconds=300, microseconds=1)
    assert rows[1:] == [(after,), (after,), (after,), (decided + timedelta(milliseconds=301),)]
    assert ask(database, "SELECT recorded_at FROM ledger.log_head") == [rows[-1]]
    assert [commit.moved_to for commit in (*ours, later)] == [after, after, after, None]
    states = ask(database, "SELECT state FROM ledger.events WHERE originator_id LIKE 'ours%'")
    assert {bytes(state) for (state,) in states} == {
        msgspec.json.encode({"timestamp": after, "name": "checked out at noon"})
    }
    kept = ask(database, "SELECT outcome FROM ledger.idempotency_keys WHERE key = 'moved'")
    assert kept == [(msgspec.json.encode({"createdAt": after}),)]


async def test_an_overtaken_commit_whose_answer_was_lost_counts_once_and_is_answered(
    database: str, proxy: Proxy, distant: Committer
) -> None:
    decided = CLOCK.next()
    await distant.commit(commit_of(new_event("theirs", 1), at=decided + timedelta(milliseconds=300)))
    state = msgspec.json.encode({"timestamp": decided})
    ours = commit_of(StoredEvent("ours", 1, "test.happened", state), at=decided)
    proxy.lose_answers_to(APPENDING)
    async with asyncio.timeout(SECONDS_MAX):
        assert await distant.commit(ours) == 2
    assert (proxy.lost, len(log_of(database))) == (1, 2)
    assert ours.moved_to == decided + timedelta(milliseconds=300, microseconds=1)


async def test_a_commit_that_rests_on_a_stream_which_has_grown_is_refused_alone(
    database: str, committer: Committer
) -> None:
    await committer.commit(commit_of(new_event("hotel", 1), new_event("hotel", 2)))
    answers = await all_of(
        committer,
        [
            commit_of(new_event("a", 1), reads={"hotel": 2, "nobody": 0}),
            commit_of(new_event("b", 1), reads={"hotel": 1}),
            commit_of(new_event("c", 1), reads={"hotel": 0}),
            commit_of(new_event("d", 1)),
        ],
    )
    assert [type(answer) for answer in answers] == [int, Conflict, Conflict, int]
    assert [stream for _, stream, _ in log_of(database)] == ["hotel", "hotel", "a", "d"]


async def test_who_rests_on_what_another_of_the_same_transaction_writes_comes_after_it_and_is_refused(
    database: str, committer: Committer
) -> None:
    commits = [
        commit_of(new_event("hotel", 1)),
        commit_of(new_event("a", 1), reads={"hotel": 0}),
        commit_of(new_event("b", 1), reads={"hotel": 1}),
    ]
    answers = await all_of(committer, commits)
    assert [type(answer) for answer in answers] == [int, Conflict, int]
    assert log_of(database) == [(1, "hotel", 1), (2, "b", 1)]


async def test_of_two_in_one_transaction_that_write_the_same_version_the_first_wins(
    database: str, committer: Committer
) -> None:
    answers = await all_of(committer, [commit_of(new_event("bill", 1)), commit_of(new_event("bill", 1))])
    assert answers[0] == 1
    assert isinstance(answers[1], Conflict)
    assert log_of(database) == [(1, "bill", 1)]


async def test_one_of_many_that_asks_for_a_taken_key_and_a_taken_version_is_told_of_the_key(
    committer: Committer,
) -> None:
    await committer.commit(commit_of(new_event("bill", 1), outcomes=[key("taken")]))
    both = commit_of(new_event("bill", 1), outcomes=[key("taken")])
    answers = await all_of(committer, [both, commit_of(new_event("other", 1))])
    assert isinstance(answers[0], KeyTaken), "its caller gets the answer that is kept"
    assert answers[1] == 2


async def test_two_commits_of_one_key_in_one_transaction_are_one_commit_and_one_refusal(
    database: str, committer: Committer
) -> None:
    same = [commit_of(new_event(f"bill-{number}", 1), outcomes=[key("same")]) for number in range(3)]
    answers = await all_of(committer, same)
    assert sorted(type(answer).__name__ for answer in answers) == ["KeyTaken", "KeyTaken", "int"]
    assert len(log_of(database)) == len(keys_of(database)) == 1


async def test_what_is_stored_comes_back_byte_for_byte(database: str, committer: Committer) -> None:
    state = msgspec.json.encode(
        {"name": '홍길동 "the\\guest" \x00\x1f\x7f 🏨 \u2028 é e\u0301', "n": 10**15, "f": 1e-9}
    )
    fingerprint, outcome = bytes(range(256)), state + b'\n\t"'
    commit = commit_of(
        StoredEvent("bill-é", 1, "test.happened", state),
        aliases={"코드": "bill-é"},
        outcomes=[KeptOutcome("holder", 'key "1" \\ 키', fingerprint, outcome)],
    )
    await committer.commit(commit)
    assert ask(database, "SELECT originator_id, state FROM ledger.events") == [("bill-é", state)]
    assert ask(database, "SELECT alias, stream FROM ledger.aliases") == [("코드", "bill-é")]
    kept = ask(database, "SELECT key, fingerprint, outcome FROM ledger.idempotency_keys")
    assert kept == [('key "1" \\ 키', fingerprint, outcome)]
