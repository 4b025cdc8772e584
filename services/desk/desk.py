"""The desk: takes commands, decides them with the ledger, keeps their outcomes with their keys."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel

from services.billing.errors import Refusal
from services.billing.event import Context
from services.billing.execution import Executor
from services.billing.ledger import Ledger
from services.billing.ports import KeptOutcome, KeyTaken, Wanted
from services.billing.work import NotLoaded, Work
from services.desk.commands import Command
from services.desk.outcomes import NO_CONTENT, Outcome
from services.desk.problems import Problem, problem_of
from services.desk.requests import PathValue

REPLAYS_MAX = 5
VERSION_MISMATCH_STATUS = 412
"""The one refusal that is not kept: nothing was decided, and the caller may ask again."""


@dataclass(frozen=True)
class Key:
    """An idempotency key of a request: whose, which, and the digest of what was asked under it."""

    holder: str
    key: str
    fingerprint: bytes

    def of_part(self, kind: str, number: int) -> "Key":
        """The key of one of several commands that were asked for together under this one."""
        fingerprint = hashlib.sha256(self.fingerprint + number.to_bytes(4)).digest()
        return Key(f"{self.holder}/{kind}", f"{self.key}/{number}", fingerprint)

    def keep(self, outcome: Outcome) -> KeptOutcome:
        """The outcome, to be committed with the key."""
        return KeptOutcome(self.holder, self.key, self.fingerprint, outcome.encode())


@dataclass(frozen=True)
class Call:
    """One command that was asked for; `path` are the values in its path, in their order."""

    command: Command
    path: tuple[PathValue, ...]
    body: BaseModel
    context: Context
    key: Key | None = None

    @property
    def id(self) -> str:
        """The id of the thing that the path names first, empty when it names none."""
        return str(self.path[0]) if self.path else ""


class AnsweredMeanwhile(Exception):
    """Another process has carried the command out under this key while this one waited to begin."""


class OutcomeFinder(Protocol):
    """Finds the outcome that was kept with a key."""

    async def find_outcome(self, holder: str, key: str) -> tuple[KeptOutcome, int | None] | None:
        """The outcome and its position, None when the key is new. Raises StoreUnavailable."""
        ...

    async def position(self) -> int:
        """The position of the newest event. Raises StoreUnavailable."""
        ...


def fingerprint_of(method: str, path: str, body: BaseModel) -> bytes:
    """What makes two requests the same: method, path and the body's values, not its spaces or order."""
    return hashlib.sha256(f"{method}\n{path}\n{body.model_dump_json()}".encode()).digest()


class Desk:
    """Where every command is carried out, alone or in a batch."""

    def __init__(self, ledger: Ledger, executor: Executor, outcomes: OutcomeFinder) -> None:
        self._ledger = ledger
        self._executor = executor
        self._outcomes = outcomes
        self._running: set[tuple[str, str]] = set()

    async def run(self, call: Call) -> Outcome:
        """Carry out one command, once under its key. A refusal is an outcome too.

        Raises Problem for a key that is in use or another request's, StoreUnavailable, TooBusy.
        """
        with self._holding([call.key]):
            return await self._run(call)

    async def run_held(self, key: Key | None, preparing: AbstractAsyncContextManager[Call]) -> Outcome:
        """Carry out a command that is prepared by dealings with others, which do not happen again under its key.

        Raises as `run`, and what the preparation raises.
        """
        with self._holding([key]):
            earlier = await self.replay(key)
            if earlier is not None:
                return await self._positioned(earlier)
            try:
                async with preparing as call:
                    return await self._run(call)
            except AnsweredMeanwhile:
                earlier = await self.replay(key)
                assert earlier is not None
                return await self._positioned(earlier)

    async def _run(self, call: Call) -> Outcome:
        try:
            outcome, position = await self._execute(lambda work: self._decide_alone(work, call))
        except KeyTaken:
            outcome, position = None, None
        if outcome is None or outcome.status == VERSION_MISMATCH_STATUS:
            earlier = await self.replay(call.key)
            outcome = outcome if earlier is None else earlier
            position = None if outcome is None else outcome.position
        if outcome is None:
            raise RuntimeError("an idempotency key is taken, yet has no outcome")
        return await self._positioned(outcome.at(position))

    async def run_atomic(self, calls: Sequence[Call], key: Key | None) -> Outcome:
        """Carry out commands in one commit, all or none. Raises as `run`."""
        with self._holding([key, *(call.key for call in calls)]):
            for _ in range(REPLAYS_MAX):
                earlier = await self.replay(key)
                if earlier is not None:
                    return await self._positioned(earlier)
                known = {index: await self._known(call) for index, call in enumerate(calls) if call.key}
                try:
                    outcome, position = await self._execute(
                        lambda work, known=known: self._decide_atomic(work, calls, known, key)  # type: ignore[misc]
                    )
                except KeyTaken:
                    continue
                return await self._positioned(outcome.at(position))
        raise RuntimeError("an idempotency key of a batch is taken, yet has no outcome")

    async def _execute(self, decide: Callable[[Work], Outcome]) -> tuple[Outcome, int | None]:
        """Decide and commit; the outcome says when that was recorded. Raises as the executor."""
        work: Work | None = None

        def decided(current: Work) -> Outcome:
            nonlocal work
            work = current
            return decide(current)

        outcome, position = await self._executor.execute(decided)
        if work is not None and work.moved_to is not None:
            outcome = outcome.moved(work.now, work.moved_to)
        return outcome, position

    async def _known(self, call: Call) -> Outcome | None:
        """What a command of an atomic batch was answered before; another request's key is a refusal as well."""
        try:
            return await self.replay(call.key)
        except Problem as problem:
            return Outcome(problem.status, problem.body(call.context.request_id), replayed=True, problem=True)

    async def keep(self, key: Key, outcome: Outcome) -> Outcome:
        """Keep an outcome that was put together from others. Raises as `run`."""
        with contextlib.suppress(KeyTaken):
            await self._executor.execute(lambda work: work.keep(key.keep(outcome)))
        return outcome

    async def note(self, key: Key) -> None:
        """Note what was asked under a key, so that nothing else can be. Raises Problem for another request's key."""
        if await self.replay(key) is None:
            await self.keep(key, NO_CONTENT)
            await self.replay(key)  # another request may have been quicker

    async def replay(self, key: Key | None) -> Outcome | None:
        """The outcome that a key has already, None when it is new. Raises Problem for another request's key."""
        found = None if key is None else await self._outcomes.find_outcome(key.holder, key.key)
        if key is None or found is None:
            return None
        kept, position = found
        if bytes(kept.fingerprint) != key.fingerprint:
            raise Problem(
                "IDEMPOTENCY_KEY_REUSED",
                f"The key {key.key!r} was used with another request; take a new key for a new request.",
            )
        return Outcome.decode(kept.outcome, position)

    async def _positioned(self, outcome: Outcome) -> Outcome:
        """A success without events of its own is as current as the log."""
        if outcome.position is not None or outcome.problem:
            return outcome
        return outcome.at(await self._outcomes.position())

    def _decide(self, work: Work, call: Call) -> Outcome:
        work.begin(call.context)
        outcome = call.command.decide(self._ledger, work, *call.path, call.body)
        work.collect()
        return outcome

    def _decide_alone(self, work: Work, call: Call) -> Outcome:
        try:
            outcome = self._decide(work, call)
        except Refusal as refusal:
            work.discard()
            outcome = refused(refusal, call.context.request_id)
        if call.key and outcome.status != VERSION_MISMATCH_STATUS:
            work.keep(call.key.keep(outcome))
        return outcome

    def _decide_atomic(
        self, work: Work, calls: Sequence[Call], known: Mapping[int, Outcome | None], key: Key | None
    ) -> Outcome:
        results: list[Outcome] = []
        wanted = Wanted()
        for index, call in enumerate(calls):
            try:
                outcome = known.get(index) or self._decide(work, call)
            except NotLoaded as missing:
                wanted |= missing.wanted  # ask for what all the others need as well, in one go
                continue
            except Refusal as refusal:
                outcome = refused(refusal, call.context.request_id)
            if outcome.problem:
                if wanted != Wanted():
                    break
                return self._refuse_all(work, outcome, index, call.context.request_id, key)
            if call.key and not outcome.replayed:
                work.keep(call.key.keep(outcome))
            results.append(outcome)
        if wanted != Wanted():
            raise NotLoaded(wanted)
        outcome = batch_outcome(results)
        if key:
            work.keep(key.keep(outcome))
        return outcome

    def _refuse_all(self, work: Work, outcome: Outcome, index: int, request_id: str, key: Key | None) -> Outcome:
        """Nothing of a batch happens, because of the command at `index`."""
        work.discard()
        refusal = Outcome(outcome.status, {**outcome.body, "requestId": request_id, "index": index}, problem=True)
        if key:
            work.keep(key.keep(refusal))
        return refusal

    @contextmanager
    def _holding(self, keys: Sequence[Key | None]) -> Iterator[None]:
        held = {(key.holder, key.key) for key in keys if key is not None}
        if held & self._running:
            raise Problem("IDEMPOTENCY_KEY_IN_USE", "The first request with this key is still running; ask again.")
        self._running |= held
        try:
            yield
        finally:
            self._running -= held


def refused(refusal: Refusal, request_id: str) -> Outcome:
    """A refusal as the outcome of a command."""
    problem = problem_of(refusal)
    return Outcome(problem.status, problem.body(request_id), problem=True)


def batch_outcome(results: Sequence[Outcome]) -> Outcome:
    """The answer to a batch: status and body of each command, in order."""
    return Outcome(200, {"results": [{"status": result.status, "body": result.body} for result in results]})
