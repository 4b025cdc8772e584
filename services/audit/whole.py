"""The whole check of the log, part by part, on one moment of the database."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit.anchors import anchor_findings, size_of
from services.audit.checkpoints import checkpoint_findings, key_findings, last_checkpoint_of
from services.audit.comparisons import COMPARISONS, beginning_findings, head_position
from services.audit.events import EventCheck
from services.audit.findings import Finding, Kind, stumbled
from services.audit.personal_data import personal_data_findings
from services.audit.tree import head_findings, root_findings
from services.evidence.checkpoint import Checkpoint, key_id_of
from services.store.connection import connect_blocking
from services.store.linking import Connection, sealed_position
from services.store.past_log import SELECT_POSITION_AT

NAME = "folio audit"
PATIENCE_SECONDS = 5.0
"""How long a running service may take to seal and sign what was in the log when the check began; it takes a second."""
SIGNED_WITHIN = timedelta(minutes=5)
"""A running service signs what came within a minute."""
LOOK_SECONDS = 0.1
HINT = "Start the service, or run 'folio audit seal'."

Reached = Callable[[int, int], None]
Says = Callable[[str], None]
Part = tuple[str, Iterator[Finding]]


@dataclass
class Extent:
    """How far a check went."""

    events: int = 0
    position: int = 0
    checkpoint: Checkpoint | None = None
    anchored_bytes: int | None = None
    """How much the file of checkpoints held when the check began; what a running service adds meanwhile is newer."""
    newer: int = 0
    """Events that came while the check began, and are not linked yet."""


@dataclass(frozen=True)
class LogCheck:
    """What to check: events after a position, with the keys that are trusted, and the file of checkpoints, if any."""

    keys: Iterable[Ed25519PublicKey]
    after: int = 0
    anchors: Path | None = None
    extent: Extent = field(default_factory=Extent)

    def findings(self, conninfo: str, says: Says, reached: Reached) -> Iterator[Finding]:
        """Everything that is found; `says` is told each part, `reached` the position. Raises psycopg.Error."""
        with connect_blocking(conninfo, NAME, autocommit=True) as connection:
            begun_at = _wait_until_sealed(connection)
            self.extent.anchored_bytes = 0 if self.anchors is None else size_of(self.anchors)
            with _one_moment(connection):
                yield from self.look(connection, begun_at, says, reached)

    def look(self, connection: Connection, begun_at: int, says: Says, reached: Reached) -> Iterator[Finding]:
        """The same within a transaction that sees one moment; the log ended at `begun_at` or later."""
        sealed, head = sealed_position(connection), head_position(connection)
        self.extent.position, self.extent.newer = head, max(0, head - max(sealed, begun_at))
        self.extent.checkpoint = last_checkpoint_of(connection)
        events = EventCheck(connection, self.after, sealed)
        reading: Part = ("Events and their links", events.findings(lambda position: reached(position, head)))
        for name, part in (reading, *self._parts(connection)):
            says(name)
            yield from _guarded(connection, name, part)
        self.extent.events = events.events
        if self.after > head:
            yield Finding(Kind.NOT_CHECKED, f"The log ends at position {head}, before {self.after}: nothing was read.")
        yield from _uncovered(connection, begun_at)

    def _parts(self, connection: Connection) -> Iterator[Part]:
        keys = {key_id_of(key): key for key in self.keys}
        checkpoint = self.extent.checkpoint
        for comparison in COMPARISONS:
            yield comparison.name, comparison.findings(connection)
        yield "Beginnings of chains", beginning_findings(connection)
        yield "Checkpoints", checkpoint_findings(connection, keys)
        yield "The tree over all chains", root_findings(connection, checkpoint)
        yield "Ends of chains", head_findings(connection, checkpoint)
        yield "Keys", key_findings(connection, keys)
        yield "Personal data", personal_data_findings(connection)
        if self.anchors is not None:
            yield "The file of checkpoints", anchor_findings(connection, self.anchors, self.extent.anchored_bytes)


def _wait_until_sealed(connection: Connection) -> int:
    """Let a running service seal and sign what is in the log by now; returns where that ends."""
    head, deadline = head_position(connection), time.monotonic() + PATIENCE_SECONDS
    while any(_uncovered(connection, head)) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    return head


@contextmanager
def _one_moment(connection: Connection) -> Iterator[None]:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _guarded(connection: Connection, name: str, part: Iterator[Finding]) -> Iterator[Finding]:
    """What a part finds; one that stumbles over what is stored is told as not checked, and stops no other."""
    try:
        with connection.transaction():
            yield from part
    except Exception as error:
        if connection.closed:
            raise
        yield stumbled(name, error)


def _uncovered(connection: Connection, begun_at: int) -> Iterator[Finding]:
    """What was in the log when the check began, and is not linked, or not signed in time."""
    sealed, checkpoint = sealed_position(connection), last_checkpoint_of(connection)
    if sealed < begun_at:
        sentence = f"{begun_at - sealed:,} events, from position {sealed + 1} on, are not linked yet. {HINT}"
        yield Finding(Kind.NOT_CHECKED, sentence, sealed + 1)
    signed = 0 if checkpoint is None else checkpoint.position
    if signed < sealed and not _is_new(checkpoint):
        sentence = f"{sealed - signed:,} events, from position {signed + 1} on, are linked and not signed yet. {HINT}"
        yield Finding(Kind.NOT_CHECKED, sentence, signed + 1)


def _is_new(checkpoint: Checkpoint | None) -> bool:
    try:
        return checkpoint is not None and _age(checkpoint) <= SIGNED_WITHIN
    except ValueError:  # of a time that was never written so
        return False


def _age(checkpoint: Checkpoint) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(checkpoint.made_at)


def position_before(conninfo: str, moment: datetime) -> int:
    """The position of the last event recorded up to a moment, 0 when there was none. Raises psycopg.Error."""
    with connect_blocking(conninfo, NAME) as connection:
        row = connection.execute(SELECT_POSITION_AT, {"at": moment}).fetchone()
        return 0 if row is None else int(row[0])
