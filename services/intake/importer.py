"""Many bills on their way at once, those of a folio in the order of the file, each once however often it comes."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from services.billing.errors import Refusal
from services.billing.ports import StoreUnavailable, TooBusy
from services.desk.desk import Call, Desk
from services.desk.outcomes import Outcome
from services.desk.problems import Problem
from services.intake.bills import Refused, Reject, read_call, refused, reject
from services.intake.formats import Entry
from services.intake.progress import ImportProgress
from services.intake.rejects import RejectsFile

AT_ONCE_MAX = 64
"""Bills on their way at the same time; the committer stores those that wait together in one commit."""
RETRY_SECONDS_MAX = 20.0
"""How long a bill is tried again while the database does not answer."""
RETRY_PAUSE_SECONDS = 0.5

Importing = asyncio.Task[Outcome | Reject]


@dataclass(frozen=True)
class Summary:
    """What an import did. `already_there` are bills that an earlier run, or an earlier line, had added."""

    bills_added: int = 0
    payments_added: int = 0
    already_there: int = 0
    rejected: int = 0
    rejects_file: Path | None = None

    def text(self) -> str:
        """The summary in up to three sentences."""
        sentences = [f"Bills added: {self.bills_added:,}, with {self.payments_added:,} payments."]
        if self.already_there:
            sentences.append(f"There already: {self.already_there:,}.")
        if self.rejected:
            sentences.append(f"Rejected: {self.rejected:,}; {self.rejects_file} says why.")
        return " ".join(sentences)


class Importer:
    """One import under way; `summary` is what it did so far."""

    def __init__(self, desk: Desk, rejects_file: RejectsFile, progress: ImportProgress) -> None:
        self.summary = Summary()
        self._desk = desk
        self._rejects_file = rejects_file
        self._progress = progress
        self._latest: dict[str, Importing] = {}

    async def import_all(self, entries: Iterable[Entry]) -> None:
        """Import bills, count them and write their rejects in the order of the file.

        Raises an ExceptionGroup of what ended it: StoreUnavailable, TooBusy, ImportFailed, OSError.
        """
        under_way: deque[tuple[Entry, Importing]] = deque()
        async with asyncio.TaskGroup() as tasks:
            for entry in entries:
                if len(under_way) == AT_ONCE_MAX:
                    await self._finish(*under_way.popleft())
                under_way.append((entry, self._start(tasks, entry)))
            while under_way:
                await self._finish(*under_way.popleft())

    def _start(self, tasks: asyncio.TaskGroup, entry: Entry) -> Importing:
        """Begin with a bill; it waits for earlier ones of its folio, and of its externalId."""
        call = read_call(entry)
        names = set() if isinstance(call, Reject) else {f"folio {call.id}", f"key {call.key.key if call.key else None}"}
        earlier = {self._latest[name] for name in names if name in self._latest}
        task = tasks.create_task(self._import(entry, call, earlier))
        self._latest.update(dict.fromkeys(names, task))
        task.add_done_callback(lambda _: self._forget(task, names))
        return task

    def _forget(self, task: Importing, names: Iterable[str]) -> None:
        for name in names:
            if self._latest.get(name) is task:
                del self._latest[name]

    async def _import(self, entry: Entry, call: Call | Reject, earlier: Iterable[Importing]) -> Outcome | Reject:
        if isinstance(call, Reject):
            return call
        if earlier:
            await asyncio.wait(earlier)
        try:
            return await self._add(call)
        except Problem as problem:
            return reject(entry, problem)
        except Refused as error:
            return refused(entry, error.refusal)
        except Refusal as refusal:
            return refused(entry, refusal)

    async def _add(self, call: Call) -> Outcome:
        """Add a bill, once. Raises Problem, Refused, Refusal; StoreUnavailable when the database stays away."""
        deadline = asyncio.get_running_loop().time() + RETRY_SECONDS_MAX
        tried = False
        while True:
            try:
                # To look a key up costs a read; to find it taken at the commit undoes that of all who share it.
                known = await self._desk.replay(call.key)
                if known is not None:
                    return replace(known, replayed=not tried)
                tried = True
                return await self._desk.run(call)
            except (StoreUnavailable, TooBusy):
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(RETRY_PAUSE_SECONDS)

    async def _finish(self, entry: Entry, task: Importing) -> None:
        """Count what came of a bill when it is its turn."""
        await asyncio.wait([task])  # not the task itself: a cancellation would be handed on to it, and might end there
        outcome = task.result()
        done = self.summary
        if isinstance(outcome, Reject):
            path = self._rejects_file.write(outcome)
            self.summary = replace(done, rejected=done.rejected + 1, rejects_file=path)
        elif outcome.replayed:
            self.summary = replace(done, already_there=done.already_there + 1)
        else:
            payments = done.payments_added + len(outcome.body["payments"])
            self.summary = replace(done, bills_added=done.bills_added + 1, payments_added=payments)
        self._progress.advance(entry.end)
