"""Places for read models: the schema that serves, and those where the same tables are built beside it.

Every statement names the serving schema, `read_model`; a place puts its own name there. So rows, positions and
parked events are written by the same statements wherever they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from projections.read_model import ReadModel

Connection = psycopg.AsyncConnection[Any]

LOCK_POSITIONS = """
    SELECT application_name FROM read_model.positions
     WHERE application_name = ANY(%(names)s) ORDER BY application_name FOR UPDATE
"""
SELECT_STANDINGS = """
    SELECT application_name, notification_id, digest,
           (SELECT jsonb_object_agg(folio, first)
              FROM (SELECT folio, min(position) AS first FROM read_model.parked
                     WHERE read_model = application_name AND reason IS NOT NULL GROUP BY folio) AS parked)
      FROM read_model.positions JOIN read_model.definitions ON name = application_name
     WHERE application_name = ANY(%(names)s)
"""
UPDATE_POSITIONS = """
    UPDATE read_model.positions SET notification_id = %(position)s
     WHERE application_name = ANY(%(names)s) AND notification_id < %(position)s
"""


WRITING = ("SET synchronous_commit = off", "SET enable_seqscan = off")
"""Of a connection that writes read models. What is lost with the disk is built again from the log; and rows are
always found by their key, also by a statement that was planned when the table was empty."""


class OtherDefinition(Exception):
    """The table of a read model was made by another version of the service, which alone may write to it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The read model {name} has no table, or one of another version of the service.")
        self.name = name


async def set_up_writing(connection: Connection) -> None:
    """Let a connection write read models quickly. Raises psycopg.Error."""
    for setting in WRITING:
        await connection.execute(setting.encode())


@dataclass(frozen=True)
class Standing:
    """Where a read model stands, up to which position it has taken every event (none from beyond it but in a first
    loading), and from which position on each folio with a parked event waits.
    """

    position: int
    applied: int
    blocked: Mapping[str, int]


@dataclass(frozen=True)
class Place:
    """A schema that holds read models with their positions, definitions and parked events."""

    schema: str

    def sql(self, statement: str) -> bytes:
        """A statement about the serving schema, said of this one."""
        return statement.replace("read_model.", f"{self.schema}.").encode()

    async def lock(self, connection: Connection, models: Sequence[ReadModel]) -> dict[str, Standing]:
        """Where the read models stand; nobody else moves them before the transaction ends.

        Raises OtherDefinition, psycopg.Error.
        """
        names = {"names": [model.name for model in models]}
        await connection.execute(self.sql(LOCK_POSITIONS), names)
        cursor = await connection.execute(self.sql(SELECT_STANDINGS), names)  # a new snapshot, from under the lock
        found = {
            name: (position, bytes(digest), blocked) for name, position, digest, blocked in await cursor.fetchall()
        }
        for model in models:
            if model.name not in found or found[model.name][1] != model.digest:
                raise OtherDefinition(model.name)
        return {name: Standing(position, position, blocked or {}) for name, (position, _, blocked) in found.items()}

    async def stand_at(self, connection: Connection, models: Sequence[ReadModel], position: int) -> None:
        """Say that the read models have taken everything up to a position."""
        names = [model.name for model in models]
        await connection.execute(self.sql(UPDATE_POSITIONS), {"names": names, "position": position})


SERVING = Place("read_model")
BESIDE = Place("read_model_beside")
