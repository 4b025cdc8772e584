"""What another version of this service would make of the same log: two replays side by side, and how they differ.

Each side runs in a process of its own (`shadow_side`) and folds the log folio by folio, in the same order; so one
line of each is compared at a time, and memory does not grow with the log.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from projections import shadow_side
from projections.building import Progress
from projections.read_model import Row
from projections.shadow_side import END, Failure, Folded, Offer, Order
from services.store.connection import with_network_limits

ABSENT = "absent"
"""Stands for the value of a column that one side does not have."""
PROGRESS_FOLIOS = 500
PIPE_BYTES = 1 << 20


class Counted(msgspec.Struct):
    """All that is looked at of a folio that is the same on both sides."""

    events: int


@dataclass(frozen=True)
class Version:
    """A version of the code: its folder, and the module in it that has its read models and its codec by these names."""

    folder: Path
    module: str
    read_models: str
    codec: str

    def order(self, conninfo: str, until: int) -> Order:
        """The order to replay the log up to a position with it."""
        return Order(str(self.folder), self.module, self.read_models, self.codec, conninfo, until)


class CannotCompare(Exception):
    """Why the two versions could not be compared."""


@dataclass(frozen=True)
class Difference:
    """A value that the other version would have otherwise.

    Without a column the row is on one side only, None on the other. With a `position`, one side could not take the
    event there and says why, None for the side that could; without a read model it could not read it at all.
    """

    folio: str
    read_model: str | None
    row: str | None
    column: str | None
    position: int | None
    here: Any
    there: Any

    @property
    def place(self) -> str:
        """Where it is, for counting: the read model with the column, or what else differs."""
        if self.read_model is None:
            return "unreadable events"
        if self.position is not None:
            return f"{self.read_model}: events not taken"
        return f"{self.read_model}: rows" if self.column is None else f"{self.read_model}.{self.column}"


@dataclass
class Comparison:
    """What was compared, and how much of it differs; `places` counts the differences by where they are."""

    position: int
    events: int = 0
    folios: int = 0
    differing_folios: int = 0
    places: Counter[str] = field(default_factory=Counter)
    only_here: Sequence[str] = ()
    only_there: Sequence[str] = ()

    @property
    def differences(self) -> int:
        """How many there are."""
        return self.places.total()


class Side:
    """A process that replays the log with the code of one folder. Used as a context: the process ends with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._said = stack.enter_context(tempfile.TemporaryFile())
            # -P: nothing but the folder goes before what is installed. -B: nothing is written there.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-B", str(Path(shadow_side.__file__).resolve())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                bufsize=PIPE_BYTES,
            )
            stack.callback(self._end)
            self._open = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def prepare(self, order: Order) -> None:
        """Let it load its code and see the log, without waiting for that."""
        self._tell(order)

    def offer(self) -> dict[str, list[str]]:
        """Its read models with their columns. Raises CannotCompare."""
        offer = msgspec.json.decode(self._line(), type=Offer)
        if offer.cannot is not None:
            raise CannotCompare(f"The version in {self._folder} cannot be compared: {offer.cannot}.")
        return offer.read_models

    def fold(self, read_models: Sequence[str]) -> Iterator[bytes]:
        """The folios with their rows of these read models, each a line. Raises CannotCompare."""
        self._tell(read_models)
        while (line := self._line()) != END:
            yield line

    def _tell(self, what: Any) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # why it has ended shows when it is read from
            self._process.stdin.write(msgspec.json.encode(what) + b"\n")
            self._process.stdin.flush()

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line.endswith(b"\n"):
            return line
        self._process.wait()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip().split("\n")[-1]
        raise CannotCompare(f"The replay with the version in {self._folder} broke off: {said or 'it was ended'}.")

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()


def compare(
    conninfo: str, position: int, here: Version, there: Version, progress: Progress
) -> Iterator[Difference | Comparison]:
    """Replay the log up to a position with both versions; gives each difference, and at the end what was compared.

    Nothing is written to the database. Raises CannotCompare.
    """
    with Side(here.folder) as ours, Side(there.folder) as theirs:
        sides = ((ours, here), (theirs, there))
        for side, version in sides:
            side.prepare(version.order(with_network_limits(conninfo), position))
        offered, other = [side.offer() for side, _ in sides]
        both = [name for name in offered if name in other]
        comparison = Comparison(position)
        comparison.only_here = [name for name in offered if name not in other]
        comparison.only_there = [name for name in other if name not in offered]
        for line, other_line in zip(ours.fold(both), theirs.fold(both), strict=True):
            yield from _folio(comparison, line, other_line)
            if comparison.folios % PROGRESS_FOLIOS == 0:
                progress.reached(comparison.events, position)
        progress.reached(comparison.events, position)
        yield comparison


def _folio(comparison: Comparison, line: bytes, other_line: bytes) -> Iterator[Difference]:
    here = msgspec.json.decode(line, type=Counted)
    comparison.folios += 1
    comparison.events += here.events
    if line == other_line:
        return
    found = list(differences(msgspec.json.decode(line, type=Folded), msgspec.json.decode(other_line, type=Folded)))
    comparison.places.update(difference.place for difference in found)
    comparison.differing_folios += bool(found)
    yield from found


def differences(here: Folded, there: Folded) -> Iterator[Difference]:
    """How two foldings of one folio differ. What follows from an event that one side could not take is not told."""
    if _at(here.unreadable) != _at(there.unreadable):
        yield _event(here.folio, None, here.unreadable, there.unreadable)
        return
    for model in sorted(here.rows.keys() | there.rows.keys() | here.failures.keys() | there.failures.keys()):
        failure, other_failure = here.failures.get(model), there.failures.get(model)
        if _at(failure) != _at(other_failure):
            yield _event(here.folio, model, failure, other_failure)
            continue
        rows, other_rows = here.rows.get(model, {}), there.rows.get(model, {})
        for key in sorted(rows.keys() | other_rows.keys()):
            yield from _row(here.folio, model, key, rows.get(key), other_rows.get(key))


def _at(failure: Failure | None) -> int | None:
    return None if failure is None else failure.position


def _event(folio: str, model: str | None, here: Failure | None, there: Failure | None) -> Difference:
    """The first event that one side alone could not take."""
    failed = min((failure for failure in (here, there) if failure is not None), key=lambda each: each.position)
    reasons = [None if each is not failed else f"{each.topic}: {each.reason}" for each in (here, there)]
    return Difference(folio, model, None, None, failed.position, *reasons)


def _row(folio: str, model: str, key: str, here: Row | None, there: Row | None) -> Iterator[Difference]:
    shown = (here or there or {}).get("folio_id") or folio
    if here is None or there is None:
        yield Difference(shown, model, key, None, None, here, there)
        return
    for column in sorted(here.keys() | there.keys()):
        value, other = here.get(column, ABSENT), there.get(column, ABSENT)
        if value != other:
            yield Difference(shown, model, key, column, None, value, other)
