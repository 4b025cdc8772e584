"""The committer: commits that wait at the same time share one transaction, one lock and one fsync.

Each commit stays all-or-nothing on its own: the database says which members of a shared transaction it refuses,
and stores the others.
"""

import asyncio
import contextlib
import logging
from collections import deque
from typing import Any

import msgspec
import psycopg
from psycopg import errors

from services.billing.ports import Conflict, KeyTaken, StoreUnavailable
from services.store.commit import APPEND_TOGETHER, Commit, parameters_of, verdicts_of
from services.store.connection import LimitedConnection, connect

EVENTS_MAX = 2_000
"""Events in one shared transaction; a larger commit goes alone."""
WAITING_MAX = 5_000
"""Commits that may wait at once; beyond that, callers are told to come again."""
RESEND_SECONDS_MAX = 5.0
"""How long a commit is sent again after a broken connection before its caller is told."""
RESEND_PAUSE_SECONDS = 0.1
KEY_CONSTRAINT = "idempotency_keys_pkey"

SELECT_OWN_EVENT = """
    SELECT notification_id, recorded_at FROM ledger.events
     WHERE originator_id = %(stream)s AND originator_version = %(version)s
       AND convert_from(state, 'UTF8') IN (
           %(state)s,
           replace(%(state)s, %(moment)s, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
"""
"""A commit that was overtaken on its way stands there with another moment."""

log = logging.getLogger(__name__)


class Member:
    """A commit that waits, its caller, and until when a broken connection is put up with for it."""

    def __init__(self, commit: Commit, loop: asyncio.AbstractEventLoop) -> None:
        self.commit = commit
        self.future: asyncio.Future[int | None] = loop.create_future()
        self.deadline = loop.time() + RESEND_SECONDS_MAX
        self.writes = {str(event.originator_id) for event in commit.events}

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
        member = Member(commit, asyncio.get_running_loop())
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
        """Those who waited longest, up to the first that rests on a stream which one before it writes."""
        members: list[Member] = []
        events = 0
        written: set[str] = set()
        while self._waiting:
            member = self._waiting[0]
            events += len(member.commit.events)
            collides = not (written.isdisjoint(member.writes) and written.isdisjoint(member.commit.reads))
            if members and (collides or events > EVENTS_MAX):
                break
            members.append(self._waiting.popleft())
            written |= member.writes
        return members

    async def _store(self, members: list[Member], *, resend: bool = False) -> None:
        """Store all members together; every caller gets an answer.

        Sent again after a broken connection, no commit counts twice: its versions are unique.
        """
        while members := _patient(members):
            try:
                await self._append(members, resend=resend)
            except psycopg.OperationalError as error:
                resend = True
                log.warning("the connection broke under a commit, which is sent again: %s", error)
                _give_up(members, error)
                await asyncio.sleep(RESEND_PAUSE_SECONDS)
            except Exception as error:
                if len(members) == 1:
                    members[0].answer(_reason(error))
                    return
                log.debug("one of %d commits cannot be sent; each is sent alone: %s", len(members), error)
                for member in members:
                    await self._store([member], resend=resend)
                return

    async def _append(self, members: list[Member], *, resend: bool) -> None:
        """Append once, and answer; a commit that was sent before may find itself in the log."""
        row = await self._execute(APPEND_TOGETHER, parameters_of([member.commit for member in members]))
        for member, verdict in zip(members, verdicts_of([member.commit for member in members], row), strict=True):
            own = None
            if resend and isinstance(verdict, Exception) and member.commit.events:
                own = await self._own_position(member.commit)
            member.answer(verdict if own is None else own)

    async def _own_position(self, commit: Commit) -> int | None:
        event, moment = commit.events[-1], commit.recorded_ats[-1]
        parameters = {
            "stream": event.originator_id,
            "version": event.originator_version,
            "state": event.state.decode(),
            "moment": msgspec.to_builtins(moment),
        }
        row = await self._execute(SELECT_OWN_EVENT, parameters)
        if row is None:
            return None
        position: int = row[0]
        commit.moved_to = None if row[1] == moment else row[1]
        return position

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


def _reason(error: Exception) -> Exception:
    """Another process may have kept the same key at this very moment, which only the index notices."""
    if isinstance(error, errors.UniqueViolation):
        return KeyTaken() if error.diag.constraint_name == KEY_CONSTRAINT else Conflict()
    return error


def _patient(members: list[Member]) -> list[Member]:
    """Those who have no answer yet and still wait for one."""
    return [member for member in members if not member.future.done()]


def _give_up(members: list[Member], error: psycopg.OperationalError) -> None:
    """Tell those who have waited long enough for a database that does not answer."""
    now = asyncio.get_running_loop().time()
    for member in members:
        if now > member.deadline:
            member.answer(StoreUnavailable(str(error)))
