"""Checkpoints in a file outside the database: who keeps copies of it elsewhere can show what was cut off later."""

import fcntl
import json
import logging
import os
from pathlib import Path

from services.evidence.checkpoint import Checkpoint
from services.store.checkpointing import SELECT_CHECKPOINTS
from services.store.linking import Connection

SELECT_AFTER = f"{SELECT_CHECKPOINTS} WHERE number > %(number)s ORDER BY number"
LINE_BYTES_MAX = 4_096

log = logging.getLogger(__name__)


class AnchorFile:
    """A file with one checkpoint a line, as JSON, oldest first; lines are only ever added."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def follow(self, connection: Connection) -> None:
        """Add the checkpoints that the file does not have. One that cannot be written is told; nothing waits for it."""
        try:
            with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # another process may follow with the same file
                rows = connection.execute(SELECT_AFTER, {"number": _last_number(file.fileno())}).fetchall()
                lines = [json.dumps(Checkpoint(*row).document()) + "\n" for row in rows]
                file.write("".join(lines).encode())
                file.flush()
                os.fsync(file.fileno())
        except (OSError, ValueError, KeyError) as error:
            log.error("the checkpoints cannot be added to %s: %s", self._path, error)


def _last_number(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, LINE_BYTES_MAX, max(0, size - LINE_BYTES_MAX))
    lines = tail.splitlines()
    number: int = json.loads(lines[-1])["number"] if lines else 0
    return number
