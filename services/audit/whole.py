"""The whole check of the log, part by part, on one moment of the database."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit.chains import broken_chains, compared, head_position, sealed_position
from services.audit.checkpoints import (
    anchor_findings,
    checkpoint_findings,
    key_findings,
    last_checkpoint_of,
    tree_findings,
)
from services.audit.events import EventCheck
from services.audit.findings import Finding, Kind
from services.audit.forgetting import forgetting_findings
from services.evidence.checkpoint import Checkpoint, key_id_of
from services.store.connection import connect_blocking
from services.store.linking import Connection
from services.store.past_log import SELECT_POSITION_AT

NAME = "folio audit"
PATIENCE_SECONDS = 5.0
"""How long a running service may take to seal what was in the log when the check began; it takes a second."""
SIGNED_WITHIN = timedelta(minutes=5)
"""A running service signs what came within a minute."""
LOOK_SECONDS = 0.1

Reached = Callable[[int, int], None]
Says = Callable[[str], None]


@dataclass
class Extent:
    """How far a check went."""

    events: int = 0
    position: int = 0
    checkpoint: Checkpoint | None = None
    newer: int = 0
    """Events that came while the check began, and are not linked yet."""


@dataclass(frozen=True)
class LogCheck:
    """What to check: events after a position, with the keys that are trusted, and the file of checkpoints, if any."""

    conninfo: str
    keys: Iterable[Ed25519PublicKey]
    after: int = 0
    anchors: Path | None = None
    extent: Extent = field(default_factory=Extent)

    def findings(self, says: Says, reached: Reached) -> Iterator[Finding]:
        """Everything that is found; `says` is told each part, `reached` the position. Raises psycopg.Error."""
        keys = {key_id_of(key): key for key in self.keys}
        with connect_blocking(self.conninfo, NAME, autocommit=True) as connection:
            begun_at = _wait_until_sealed(connection)
            with _one_moment(connection):
                sealed, head = sealed_position(connection), head_position(connection)
                check = EventCheck(connection, self.after, sealed)
                checkpoint = self.extent.checkpoint = last_checkpoint_of(connection)
                parts: list[tuple[str, Iterator[Finding]]] = [
                    ("Events and their links", check.findings(lambda position: reached(position, head))),
                    ("Order, versions, names", compared(connection)),
                    ("Chains", broken_chains(connection)),
                    ("Checkpoints", checkpoint_findings(connection, keys)),
                    ("The tree over all chains", tree_findings(connection, checkpoint)),
                    ("Keys", key_findings(connection, keys)),
                    ("Forgotten guests", forgetting_findings(connection)),
                ]
                if self.anchors is not None:
                    parts.append(("The file of checkpoints", anchor_findings(connection, self.anchors)))
                for name, part in parts:
                    says(name)
                    yield from _guarded(connection, name, part)
                self.extent.events, self.extent.position = check.events, head
                self.extent.newer = head - max(sealed, begun_at)
                yield from _uncovered(begun_at, sealed, checkpoint)


def _wait_until_sealed(connection: Connection) -> int:
    """Let a running service seal what is in the log by now; returns where that ends."""
    head, deadline = head_position(connection), time.monotonic() + PATIENCE_SECONDS
    while sealed_position(connection) < head and time.monotonic() < deadline:
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
    except psycopg.OperationalError:
        raise
    except (psycopg.Error, ValueError, OverflowError) as error:
        told = str(error).strip().split("\n")[0]
        yield Finding(Kind.NOT_CHECKED, f"{name}: the check ended at something that cannot be read: {told}")


def _uncovered(begun_at: int, sealed: int, checkpoint: Checkpoint | None) -> Iterator[Finding]:
    hint = "Start the service, or run 'folio audit seal'."
    if sealed < begun_at:
        sentence = f"{begun_at - sealed} events, from position {sealed + 1} on, are not linked yet. {hint}"
        yield Finding(Kind.NOT_CHECKED, sentence, sealed + 1)
    signed = 0 if checkpoint is None else checkpoint.position
    late = checkpoint is None or datetime.now(UTC) - datetime.fromisoformat(checkpoint.made_at) > SIGNED_WITHIN
    if signed < sealed and late:
        sentence = f"{sealed - signed} events, from position {signed + 1} on, are linked and not signed yet. {hint}"
        yield Finding(Kind.NOT_CHECKED, sentence, signed + 1)


def position_before(conninfo: str, moment: datetime) -> int:
    """The position of the last event recorded up to a moment, 0 when there was none. Raises psycopg.Error."""
    with connect_blocking(conninfo, NAME) as connection:
        row = connection.execute(SELECT_POSITION_AT, {"at": moment}).fetchone()
        return 0 if row is None else int(row[0])
