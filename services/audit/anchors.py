"""The file of checkpoints outside the database, found again in it."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from services.audit.findings import Finding, Kind
from services.evidence.checkpoint import Checkpoint
from services.store.checkpointing import SELECT_CHECKPOINTS
from services.store.linking import Connection

LINES = 1_000
LINE_BYTES_MAX = 4_096
NUMBER_MAX = 2**63 - 1
SELECT_THESE = f"{SELECT_CHECKPOINTS} WHERE number = ANY(%(numbers)s)"

Line = tuple[int, bytes]


def size_of(path: Path) -> int:
    """How many bytes the file holds now, 0 when it cannot be looked at."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def anchor_findings(connection: Connection, path: Path, size: int | None = None) -> Iterator[Finding]:
    """Checkpoints that the first `size` bytes of a file tell of and the database does not have so.

    Raises psycopg.Error.
    """
    empty = True
    try:
        with path.open("rb") as file:
            lines = enumerate(_lines(file, size), 1)
            while some := list(islice(lines, LINES)):
                empty = False
                yield from _anchored(connection, path, some)
    except OSError as error:
        yield Finding(Kind.NOT_CHECKED, f"The file of checkpoints {path} cannot be read: {error.strerror}.")
        return
    if empty:
        yield Finding(Kind.NOT_CHECKED, f"The file of checkpoints {path} is empty.")


def _lines(file: BinaryIO, size: int | None) -> Iterator[bytes]:
    while (size is None or file.tell() < size) and (line := file.readline(LINE_BYTES_MAX)):
        yield line


def _anchored(connection: Connection, path: Path, lines: Sequence[Line]) -> Iterator[Finding]:
    told = [(number, _read(line)) for number, line in lines]
    numbers = [each["number"] for _, each in told if each is not None]
    stored = {row[0]: row for row in connection.execute(SELECT_THESE.encode(), {"numbers": numbers})}
    for line, each in told:
        if each is None:
            yield Finding(Kind.NOT_CHECKED, f"Line {line} of {path} is no checkpoint.")
            continue
        number = each["number"]
        if number not in stored:
            yield Finding(Kind.CHECKPOINT_MISSING, f"Checkpoint {number} is in the file and not in the database.")
        elif None in stored[number] or Checkpoint(*stored[number]).document() != each:
            yield Finding(Kind.CHECKPOINT_DIFFERS, f"Checkpoint {number} is not the one in the file.")


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    number = told.get("number") if isinstance(told, dict) else None
    return told if type(number) is int and 0 < number <= NUMBER_MAX else None
