"""The sealer: follows the log off the write path, links its events and makes checkpoints.

It may run in any number of processes: each step is one transaction under one lock. It works with a connection of
its own in a thread, so that hashing holds up no request.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from operator import attrgetter
from typing import TypeVar

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.evidence.checkpoint import Checkpoint
from services.store.anchoring import AnchorFile
from services.store.checkpointing import last_checkpoint, make_checkpoint
from services.store.connection import connect_blocking
from services.store.linking import Connection, link_next, sealed_position, signed_position
from services.store.locks import CLASS

CHECKPOINT_EVENTS_MAX = 50_000
"""After so many events a checkpoint is made at the latest, so that none is large."""
NAME = "folio sealer"
LIMITS = ("lock_timeout=10s", "statement_timeout=60s")
LOCK = "SELECT pg_advisory_xact_lock(%(class)s, hashtext('sealing'))"
SELECT_LAST_OF_CHAIN = "SELECT position FROM ledger.links WHERE chain = %(chain)s ORDER BY number DESC LIMIT 1"

Result = TypeVar("Result")


class Stopped(Exception):
    """The service ends; the next one goes on from here."""


class Sealer:
    """Links and checkpoints of one database, signed with one key. Its methods are called in threads."""

    def __init__(self, conninfo: str, key: Ed25519PrivateKey, anchors: AnchorFile | None = None) -> None:
        """`anchors` keeps the checkpoints outside the database, and tells the last one."""
        self._conninfo = conninfo
        self._key = key
        self._anchors = anchors
        self._remembered: Checkpoint | None = None
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._connection: Connection | None = None

    def seal(self) -> int:
        """Link every event of the log, with a checkpoint whenever many are linked; returns how many were.

        Raises Tampered, Stopped, psycopg.Error.
        """
        with self._turn:
            return self._seal()

    def checkpoint(self) -> Checkpoint | None:
        """Link every event and sign where the chains end; None when the last checkpoint says it. Raises as `seal`."""
        with self._turn:
            self._seal()
            return self._checkpoint()

    def cover(self, chain: str, position: int = 0) -> None:
        """See to it that the newest checkpoint holds every event that a chain has now, and the log's up to a position.

        Raises as `seal`.
        """
        with self._turn:
            self._seal()
            if not self._step(lambda connection: _covered(connection, chain, position)):
                self._checkpoint()

    def stop(self) -> None:
        """Do nothing more; a step that is under way is cut off, and is as if it had not begun."""
        self._stopping.set()
        connection = self._connection
        if connection is not None and not connection.closed:
            with suppress(OSError, psycopg.OperationalError), socket.socket(fileno=os.dup(connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection once nothing is under way."""
        with self._turn:
            self._disconnect()

    def _seal(self) -> int:
        linked = 0
        while step := self._step(link_next):
            linked += step
            if self._step(_uncovered) >= CHECKPOINT_EVENTS_MAX:
                self._checkpoint()
        return linked

    def _checkpoint(self) -> Checkpoint | None:
        """Sign, and remember it inside and outside of this process."""
        known = None if self._anchors is None else self._anchors.last()
        remembered = max((each for each in (known, self._remembered) if each), key=attrgetter("number"), default=None)
        checkpoint = self._step(lambda connection: make_checkpoint(connection, self._key, remembered))
        self._remembered = checkpoint or remembered
        if self._anchors is not None and self._remembered != known and self._connection is not None:
            self._anchors.follow(self._connection)
        return checkpoint

    def _step(self, work: Callable[[Connection], Result]) -> Result:
        with self._transaction() as connection:
            connection.execute(LOCK, {"class": CLASS})
            return work(connection)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if self._connection is None or self._connection.closed:
            self._connection = connect_blocking(self._conninfo, NAME, *LIMITS, autocommit=True)
        if self._stopping.is_set():
            raise Stopped
        try:
            with self._connection.transaction():
                yield self._connection
        except psycopg.OperationalError:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _covered(connection: Connection, chain: str, position: int) -> bool:
    """Whether the newest checkpoint holds all links of a chain, if it has any, and reaches a position."""
    row = connection.execute(SELECT_LAST_OF_CHAIN, {"chain": chain}).fetchone()
    last = last_checkpoint(connection)
    return row is None or (last is not None and max(row[0], position) <= last.position)


def _uncovered(connection: Connection) -> int:
    """How many links came after the newest checkpoint."""
    return sealed_position(connection) - signed_position(connection)
