"""The committer: commits that wait at the same time share one transaction, one lock and one fsync.

Each commit stays all-or-nothing on its own: when one of a shared transaction conflicts, all of them are
sent again one by one, so that it fails alone.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg import errors

from services.billing.ports import Conflict, KeptOutcome, KeyTaken, StoreUnavailable
from services.store.connection import LimitedConnection, connect
from services.store.recorder import APPEND

EVENTS_MAX = 2_000
"""Events in one shared transaction; a larger commit goes alone."""
WAITING_MAX = 5_000
"""Commits that may wait at once; beyond that, callers are told to come again."""
RESEND_SECONDS_MAX = 5.0
"""How long a commit is sent again after a broken connection before its caller is told."""
RESEND_PAUSE_SECONDS = 0.1

STALE_MOMENT = "P0F01"
KEY_CONSTRAINT = "idempotency_keys_pkey"

SELECT_OWN_EVENT = """
    SELECT notification_id FROM ledger.events
     WHERE originator_id = %(stream)s AND originator_version = %(version)s AND state = %(state)s
"""

log = logging.getLogger(__name__)


@dataclass
class Commit:
    """Everything that one command stores."""

    events: Sequence[StoredEvent]
    recorded_ats: Sequence[datetime]
    aliases: Mapping[str, str] = field(default_factory=dict)
    outcomes: Sequence[KeptOutcome] = ()


@dataclass
class Member:
    """A commit that waits, its caller, and until when a broken connection is put up with for it."""

    commit: Commit
    future: "asyncio.Future[int | None]"
    deadline: float

    def answer(self, answer: int | Exception | None) -> None:
        """Tell the caller, unless it has gone."""
        if self.future.done():
            return
        if isinstance(answer, Exception):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)


class Committer:
    """Owns the one connection on which this process writes to the log."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: LimitedConnection | None = None
        self._waiting: deque[Member] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    async def start(self) -> None:
        """Begin to take commits; the connection is made with the first one."""
        self._task = asyncio.create_task(self._run(), name="committer")

    async def close(self) -> None:
        """Finish the commit under way, refuse those that wait, close the connection."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        self._refuse_waiting()
        await self._disconnect()

    async def commit(self, commit: Commit) -> int | None:
        """Store a commit; returns the position of its last event, None without events.

        Raises Conflict, KeyTaken; StoreUnavailable when the database stays away.
        """
        if self._closing or self._task is None or self._task.done():
            raise StoreUnavailable("the service is stopping")
        if len(self._waiting) >= WAITING_MAX:
            raise StoreUnavailable("too many commits are waiting")
        loop = asyncio.get_running_loop()
        member = Member(commit, loop.create_future(), loop.time() + RESEND_SECONDS_MAX)
        self._waiting.append(member)
        self._wake.set()
        return await member.future

    async def _run(self) -> None:
        while not self._closing:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting and not self._closing:
                await self._store(self._take())

    def _take(self) -> list[Member]:
        members = [self._waiting.popleft()]
        events = len(members[0].commit.events)
        while self._waiting and events + len(self._waiting[0].commit.events) <= EVENTS_MAX:
            members.append(self._waiting.popleft())
            events += len(members[-1].commit.events)
        return members

    async def _store(self, members: list[Member]) -> None:
        """Store all members together, or else each alone; every caller gets an answer."""
        resend = False
        if len(members) > 1:
            try:
                last = await self._append([member.commit for member in members])
            except psycopg.OperationalError as error:
                log.warning("the connection broke under a commit, which is sent again: %s", error)
                resend = True
            except Exception as error:
                log.debug("one of %d commits conflicts; each is sent alone: %s", len(members), error)
            else:
                _answer_all(members, last)
                return
        for number, member in enumerate(members):
            try:
                await self._store_alone(member, resend=resend)
            except StoreUnavailable as away:
                for waiting in members[number:]:
                    waiting.answer(away)
                return

    async def _store_alone(self, member: Member, *, resend: bool) -> None:
        """Send one commit until it is answered: sent twice it cannot count twice, its versions are unique.

        Raises StoreUnavailable when the database stays away for longer than the caller is to wait.
        """
        while not member.future.done():
            try:
                member.answer(await self._append_or_recognise(member.commit, resend=resend))
            except psycopg.OperationalError as error:
                resend = True
                if asyncio.get_running_loop().time() > member.deadline:
                    raise StoreUnavailable(str(error)) from error
                await asyncio.sleep(RESEND_PAUSE_SECONDS)
            except Exception as error:
                member.answer(error)

    async def _append_or_recognise(self, commit: Commit, *, resend: bool) -> int | None:
        """Append a commit; one that was sent before may find itself in the log, and that is its answer."""
        try:
            return await self._append([commit])
        except psycopg.OperationalError:
            raise
        except Exception as error:
            own = await self._own_position(commit) if resend and commit.events else None
            if own is None:
                raise _reason(error) from error
            return own

    async def _own_position(self, commit: Commit) -> int | None:
        event = commit.events[-1]
        row = await self._execute(
            SELECT_OWN_EVENT,
            {"stream": event.originator_id, "version": event.originator_version, "state": event.state},
        )
        return None if row is None else row[0]

    async def _append(self, commits: Sequence[Commit]) -> int | None:
        row = await self._execute(APPEND, _parameters(commits))
        return None if row is None else row[0]

    async def _execute(self, statement: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
        connection = await self._connect()
        try:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchone()
        except psycopg.OperationalError:
            await self._disconnect()
            raise
        except errors.ReadOnlySqlTransaction as error:  # a standby: another server may be the first one by now
            await self._disconnect()
            raise psycopg.OperationalError("the database takes no writes now") from error

    async def _connect(self) -> LimitedConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._conninfo, "folio committer")
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()

    def _refuse_waiting(self) -> None:
        while self._waiting:
            self._waiting.popleft().answer(StoreUnavailable("the service is stopping"))


def _parameters(commits: Sequence[Commit]) -> dict[str, list[Any]]:
    events = [event for commit in commits for event in commit.events]
    aliases = [item for commit in commits for item in commit.aliases.items()]
    outcomes: list[tuple[KeptOutcome, int | None]] = []
    ends_after = 0
    for commit in commits:
        ends_after += len(commit.events)
        outcomes.extend((outcome, ends_after if commit.events else None) for outcome in commit.outcomes)
    return {
        "stream_ids": [event.originator_id for event in events],
        "versions": [event.originator_version for event in events],
        "topics": [event.topic for event in events],
        "states": [event.state for event in events],
        "recorded_ats": [moment for commit in commits for moment in commit.recorded_ats],
        "aliases": [alias for alias, _ in aliases],
        "alias_streams": [stream for _, stream in aliases],
        "holders": [outcome.holder for outcome, _ in outcomes],
        "keys": [outcome.key for outcome, _ in outcomes],
        "fingerprints": [outcome.fingerprint for outcome, _ in outcomes],
        "outcomes": [outcome.outcome for outcome, _ in outcomes],
        "outcome_events": [after for _, after in outcomes],
    }


def _answer_all(members: list[Member], last: int | None) -> None:
    position = (last or 0) - sum(len(member.commit.events) for member in members)
    for member in members:
        position += len(member.commit.events)
        member.answer(position if member.commit.events else None)


def _reason(error: Exception) -> Exception:
    if isinstance(error, psycopg.Error) and error.sqlstate == STALE_MOMENT:
        return Conflict(newest=datetime.fromisoformat(str(error.diag.message_detail)))
    if isinstance(error, errors.UniqueViolation):
        return KeyTaken() if error.diag.constraint_name == KEY_CONSTRAINT else Conflict()
    return error
