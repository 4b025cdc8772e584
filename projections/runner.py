"""The engine: follows the log and writes the read models, exactly once, in batches.

A batch's rows and positions are written in one transaction, with the positions locked, so that an event
changes a row once whoever else runs; a batch that fails leaves no trace and is tried again. The read models that
this process keeps up move together, so that the log is read once; one that fails or is far behind moves alone
until it has caught up.
"""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from functools import partial

from projections.folding import Batch, BatchFailed, EventFailed, move, read_batch
from projections.following import Follower
from projections.leadership import Leadership
from projections.place import SERVING, Connection, OtherDefinition, set_up_writing
from projections.read_model import ReadModel
from services.store.codec import EventCodec
from services.store.connection import connect
from services.store.listening import Listener, Signal
from services.store.recorder import CHANNEL
from services.store.supervision import again_and_again
from services.store.tasks import end

BATCH_EVENTS_MAX = 500
BATCH_SECONDS_MAX = 0.05
"""How long events may wait for company; a query that waits for them ends this at once."""
POLL_SECONDS = 0.5
"""How often the log is looked at without a notification: one can be lost with its connection."""

WANTED, MOVED = "read_models_wanted", "read_models_moved"
"""What a process announces whose query waits for another's read models, and what that one answers."""
CHANNELS = (CHANNEL, WANTED, MOVED)
ANNOUNCE = f"NOTIFY {MOVED}"


class Runner:
    """Keeps read models up with the log, those that no other process keeps up.

    `listener` hears CHANNELS. `positions` are where the read models stood when this process last saw them move.
    """

    def __init__(self, conninfo: str, models: Sequence[ReadModel], codec: EventCodec, listener: Listener) -> None:
        self.names = [model.name for model in models]
        self.listener = listener
        self.positions: dict[str, int] = dict.fromkeys(self.names, 0)
        self._conninfo = conninfo
        self._models = models
        self._codec = codec
        self._leadership = Leadership(conninfo, models, self._take_up)
        self._alone: dict[str, asyncio.Task[None]] = {}
        self._arrived = asyncio.Event()
        self._hurried = asyncio.Event()
        self._announcing = False
        self._moved = Signal()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def position(self) -> int:
        """Where the last of the read models stands."""
        return min(self.positions.values())

    async def start(self) -> None:
        """Begin to follow the log."""
        attempts = {
            "projections: lead": self._leadership.lead,
            "projections: follow": self._follow,
            "projections: hear of events": self._hear_of_events,
            "projections: hear of queries": self._hear_of_queries,
        }
        self._tasks = [
            asyncio.create_task(again_and_again(name, attempt), name=name) for name, attempt in attempts.items()
        ]

    async def close(self) -> None:
        """Stop between two batches, or in the middle of one, which then leaves no trace."""
        await end(self._tasks)
        await end(list(self._alone.values()))

    def keeps_up(self, names: Collection[str]) -> bool:
        """Whether all these read models are kept up by this process."""
        return self._leadership.held.issuperset(names)

    async def wait_for(self, position: int, timeout_seconds: float, names: Collection[str] | None = None) -> bool:
        """Hurry, and wait until read models (all by default) that this process keeps up have reached a position.

        False when they have not in time.
        """
        self.hurry()
        waited_for = self.names if names is None else names
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while min(self.positions[name] for name in waited_for) < position:
                    await self._moved.wait(self._moved.count, timeout_seconds)
        return min(self.positions[name] for name in waited_for) >= position

    def hurry(self) -> None:
        """Look for events at once, and let none of them wait for company."""
        self._hurried.set()
        self._arrived.set()

    async def _hear_of_events(self) -> None:
        seen = 0
        while True:
            seen = await self.listener.signals[CHANNEL].wait(seen, POLL_SECONDS)
            self._arrived.set()

    async def _hear_of_queries(self) -> None:
        signal = self.listener.signals[WANTED]
        seen = 0
        while True:
            if (count := await signal.wait(seen, POLL_SECONDS)) > seen:
                self._announcing = True
                self.hurry()
            seen = count

    async def _follow(self) -> None:
        async with await connect(self._conninfo, "folio projections") as connection:
            await set_up_writing(connection)
            while True:
                company = self._company()
                if not company or not await self._move_together(connection, company):
                    await self._wait_for_events()

    async def _wait_for_events(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), POLL_SECONDS)
        with contextlib.suppress(TimeoutError):
            if self._arrived.is_set():
                await asyncio.wait_for(self._hurried.wait(), BATCH_SECONDS_MAX)
        self._arrived.clear()
        self._hurried.clear()

    def _company(self) -> list[ReadModel]:
        """The read models that move together; those that are too far behind for it begin to catch up alone."""
        held = [model for model in self._models if model.name in self._leadership.held]
        together = [model for model in held if model.name not in self._alone]
        for model in together:
            if not self._near(model):
                self._part_with(model)
        return [model for model in together if model.name not in self._alone]

    def _near(self, model: ReadModel) -> bool:
        newest = max((self.positions[name] for name in self._leadership.held), default=0)
        return self.positions[model.name] >= newest - BATCH_EVENTS_MAX

    async def _move_together(self, connection: Connection, company: Sequence[ReadModel]) -> bool:
        """Apply the next batch; False when there were no events. Raises psycopg.Error."""

        async def source(after: int) -> Batch:
            return await self._read(connection, after, after + BATCH_EVENTS_MAX)

        announcing, self._announcing = self._announcing, False
        try:
            positions = await move(connection, SERVING, company, source, ANNOUNCE if announcing else None)
        except OtherDefinition as error:
            self._leadership.let_go(error.name)
            return True
        except (EventFailed, BatchFailed) as failed:
            self._announcing = announcing
            self._part_with(next(model for model in company if model.name == failed.read_model), failed)
            return True
        return self._moved_to(positions)

    def _moved_to(self, positions: dict[str, int]) -> bool:
        moved = any(position > self.positions[name] for name, position in positions.items())
        self.positions.update(positions)
        if moved:
            self._moved.send()
        return moved

    def _take_up(self, positions: dict[str, int]) -> None:
        self.positions.update(positions)
        self._moved.send()
        self.hurry()

    async def _read(self, connection: Connection, after: int, until: int) -> Batch:
        return await read_batch(self._codec, connection, after, until)

    def _part_with(self, model: ReadModel, failed: EventFailed | BatchFailed | None = None) -> None:
        follower = Follower(SERVING, [model], self._read, BATCH_EVENTS_MAX)
        failures = [] if failed is None else [failed]
        attempt = partial(self._follow_alone, model, follower, failures)
        name = f"projections: {model.name} alone"
        task = asyncio.create_task(again_and_again(name, attempt), name=name)
        self._alone[model.name] = task
        task.add_done_callback(lambda _: self._alone.pop(model.name, None))

    async def _follow_alone(
        self, model: ReadModel, follower: Follower, failures: list[EventFailed | BatchFailed]
    ) -> None:
        """Follow the log until the read model is where the others are."""
        async with await connect(self._conninfo, "folio projections") as connection:
            await set_up_writing(connection)
            try:
                while failures:
                    await follower.failed(connection, failures.pop())
                while self.keeps_up([model.name]):
                    positions = await follower.step(connection)
                    moved = positions is not None and self._moved_to(positions)
                    if follower.sound and (self._near(model) or not moved):
                        return
            except OtherDefinition as error:
                self._leadership.let_go(error.name)
