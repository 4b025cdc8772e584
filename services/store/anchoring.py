"""Checkpoints in a file outside the database, which is how the sealer knows what was signed last.

Whoever alters the database does not alter the file. Copies of it, kept elsewhere, also show what was done to both.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from services.evidence.checkpoint import Checkpoint
from services.evidence.package import Damaged, VersionUnknown, read_checkpoint
from services.store.checkpointing import SELECT_CHECKPOINTS
from services.store.linking import Connection

SELECT_AFTER = f"{SELECT_CHECKPOINTS} WHERE number > %(number)s ORDER BY number"
LINE_BYTES_MAX = 4_096
MODE = 0o644

log = logging.getLogger(__name__)


class AnchorFile:
    """A file with one checkpoint a line, as JSON, oldest first; whole lines are only ever added."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> Checkpoint | None:
        """The last checkpoint in the file, None when there is none, or none that can be read."""
        try:
            with self._path.open("rb") as file:
                return _last(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell(error)
            return None

    def follow(self, connection: Connection) -> None:
        """Add the checkpoints that the file does not have. One that cannot be written is told; nothing waits for it."""
        try:
            with self._locked() as file:
                last = _last(file)
                number = 0 if last is None else last.number
                rows = connection.execute(SELECT_AFTER.encode(), {"number": number}).fetchall()
                file.write("".join(json.dumps(Checkpoint(*row).document()) + "\n" for row in rows).encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._tell(error)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """The file, and nobody else adding to it; what a crash or a full disk has left of a line is gone."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, MODE)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            tail = _tail(file)
            if not tail.endswith(b"\n"):
                os.ftruncate(descriptor, _size(file) - len(tail) + tail.rfind(b"\n") + 1)
            yield file

    def _tell(self, error: OSError) -> None:
        log.error("the file of checkpoints %s cannot be used: %s", self._path, error.strerror)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _tail(file: BinaryIO) -> bytes:
    size = _size(file)
    return os.pread(file.fileno(), LINE_BYTES_MAX, max(0, size - LINE_BYTES_MAX))


def _last(file: BinaryIO) -> Checkpoint | None:
    """The checkpoint in the last whole line."""
    whole, _, _ = _tail(file).rpartition(b"\n")
    line = whole.rpartition(b"\n")[2]
    try:
        return read_checkpoint(json.loads(line)) if line else None
    except (ValueError, Damaged, VersionUnknown) as error:
        log.error("the last line of the file of checkpoints is none: %s", error)
        return None
