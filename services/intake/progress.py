"""How far an import is: a bar by bytes, bills per second, time remaining. On a terminal only, silent elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

SHOWN_SECONDS = 0.1


class BillsColumn(ProgressColumn):
    """Bills so far, and how many a second."""

    def render(self, task: Task) -> Text:
        """The two numbers."""
        bills = task.fields["bills"]
        return Text(f"{bills:,} bills, {bills / (task.elapsed or 1):,.0f}/s")


class ImportProgress:
    """The progress of one file of so many bytes."""

    def __init__(self, console: Console, name: str, total_bytes: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            BillsColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(name, total=total_bytes, bills=0)
        self._bills = 0
        self._bytes = 0
        self._shown_at = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._show()
        self._progress.stop()

    def advance(self, end: int) -> None:
        """One more bill is done with, and the file up to `end` bytes."""
        self._bills += 1
        self._bytes = end
        # The estimate of the time remaining rests on the last 1,000 updates: few of them make it a steady one.
        if time.monotonic() - self._shown_at >= SHOWN_SECONDS:
            self._show()

    def _show(self) -> None:
        self._shown_at = time.monotonic()
        self._progress.update(self._task, completed=self._bytes, bills=self._bills)
