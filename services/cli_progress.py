"""How far the building of read models is: a bar with the time remaining on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from projections.building import Progress

LINE_SECONDS = 2.0


class BuildingProgress(Progress):
    """Shows the progress, on standard output unless told otherwise; `events` is how many are `done` so far."""

    def __init__(self, doing: str, done: str = "applied", *, stderr: bool = False) -> None:
        self.events = 0
        self._doing = doing
        self._done = done
        self._console = Console(stderr=stderr)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("events", total=None)
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def begins(self, name: str, events: int) -> None:
        """Tell what is built, and from where."""
        self.says(
            f"{self._doing} {name} from the start of the log."
            if events == 0
            else f"Continuing to rebuild {name} after {events:,} events."
        )

    def reached(self, events: int, until: int) -> None:
        """Move the bar, or tell in a line now and then."""
        self.events = events
        self._bar.update(self._task, completed=events, total=until)
        if not self._console.is_terminal and (now := time.monotonic()) - self._told_at >= LINE_SECONDS:
            self._told_at = now
            self.says(f"{events:,} of {until:,} events are {self._done}.")

    def says(self, message: str) -> None:
        """Print a line."""
        self._console.print(message, markup=False, highlight=False, soft_wrap=True)
