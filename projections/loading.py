"""The first filling of a table: the log up to a fixed position, folio by folio, so that each row is written once.

In the order of positions a row would be read and written again for nearly every event. All events of a row are of
one folio, and keep their order in this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from projections.folding import Batch, decode
from projections.place import Connection, Place, Standing
from projections.read_model import ReadModel
from services.store.codec import EventCodec

LOADED_EVENTS_MIN = 20_000
"""Shorter logs are applied in the order of positions: to put them into another order would not pay."""

MAKE_ORDER = """
    CREATE TABLE read_model.{order} AS
    SELECT row_number() OVER (ORDER BY first, folio, notification_id) AS number, notification_id
      FROM (SELECT notification_id, folio, min(notification_id) OVER (PARTITION BY folio) AS first
              FROM (SELECT notification_id,
                           coalesce(convert_from(state, 'UTF8')::json ->> 'folio_id', originator_id)
                           COLLATE "C" AS folio
                      FROM ledger.events WHERE notification_id <= %(until)s) AS events) AS folios
"""
"""By each folio's first event: neighbours in the log stay neighbours, and so do the keys of their rows."""
MAKE_ORDER_READABLE = "ALTER TABLE read_model.{order} ADD PRIMARY KEY (number)"
DROP_ORDER = "DROP TABLE IF EXISTS read_model.{order}"
INSERT_LOADS = """
    INSERT INTO read_model.loads (name, reading_order, until, reached)
    SELECT name, %(order)s, %(until)s, 0 FROM unnest(%(names)s::text[]) AS name
"""
SELECT_LOADS = """
    SELECT name, reading_order AS "order", until, reached FROM read_model.loads
     WHERE name = ANY(%(names)s) ORDER BY reading_order, reached
"""
UPDATE_LOADS = "UPDATE read_model.loads SET reached = %(reached)s WHERE name = ANY(%(names)s)"
DELETE_LOADS = "DELETE FROM read_model.loads WHERE name = ANY(%(names)s)"
SELECT_IN_USE = "SELECT FROM read_model.loads WHERE reading_order = %(order)s LIMIT 1"
SELECT_IN_ORDER = """
    SELECT event.notification_id, originator_id, originator_version, topic, state
      FROM read_model.{order} AS reading JOIN ledger.events AS event USING (notification_id)
     WHERE number > %(after)s AND number <= %(until)s ORDER BY number
"""


@dataclass(frozen=True)
class Load:
    """How far a read model has come in an order that goes up to the position `until`."""

    name: str
    order: str
    until: int
    reached: int


async def read_loads(connection: Connection, place: Place, models: Sequence[ReadModel]) -> Sequence[Load]:
    """The loads that have begun and not ended. Raises psycopg.Error."""
    async with connection.cursor(row_factory=class_row(Load)) as cursor:
        await cursor.execute(place.sql(SELECT_LOADS), {"names": [model.name for model in models]})
        return await cursor.fetchall()


@dataclass(frozen=True)
class Loading(Place):
    """A place whose read models take the events in the order of a table; they stand at a number in it.

    `until` is the position of the log up to which the order goes.
    """

    order: str
    until: int
    codec: EventCodec

    async def begin(self, connection: Connection, models: Sequence[ReadModel]) -> None:
        """Make the order for these read models. Raises psycopg.Error."""
        parameters = {"names": [model.name for model in models], "order": self.order, "until": self.until}
        async with connection.transaction():
            await connection.execute("SET LOCAL work_mem = '64MB'")
            await connection.execute(self.sql(MAKE_ORDER), {"until": self.until})
            await connection.execute(self.sql(MAKE_ORDER_READABLE))
            await connection.execute(self.sql(INSERT_LOADS), parameters)

    async def end(self, connection: Connection, models: Sequence[ReadModel]) -> None:
        """Let the read models stand at the position up to which they are loaded. Raises psycopg.Error."""
        async with connection.transaction():
            await super().stand_at(connection, models, self.until)
            await self.forget(connection, models)

    async def forget(self, connection: Connection, models: Sequence[ReadModel]) -> None:
        """Forget that they are being loaded, and the order, too, when nobody else needs it. Raises psycopg.Error."""
        await connection.execute(self.sql(DELETE_LOADS), {"names": [model.name for model in models]})
        cursor = await connection.execute(self.sql(SELECT_IN_USE), {"order": self.order})
        if await cursor.fetchone() is None:
            await connection.execute(self.sql(DROP_ORDER))

    def sql(self, statement: str) -> bytes:
        """A statement about the serving schema, or about the order, said of this place."""
        return super().sql(statement.replace("{order}", self.order))

    async def lock(self, connection: Connection, models: Sequence[ReadModel]) -> dict[str, Standing]:
        """Where the read models stand in the order."""
        standings = await super().lock(connection, models)
        reached = {load.name: load.reached for load in await read_loads(connection, self, models)}
        return {
            name: Standing(reached[name], standing.applied, standing.blocked) for name, standing in standings.items()
        }

    async def stand_at(self, connection: Connection, models: Sequence[ReadModel], position: int) -> None:
        """Say how far the read models have come in the order."""
        names = [model.name for model in models]
        await connection.execute(self.sql(UPDATE_LOADS), {"reached": position, "names": names})

    async def read(self, connection: Connection, after: int, until: int) -> Batch:
        """The events after a number in the order, up to another. Raises psycopg.Error."""
        bounds = {"after": after, "until": until}
        cursor = await connection.execute(self.sql(SELECT_IN_ORDER), bounds, binary=True)
        return decode(self.codec, after, until, await cursor.fetchall())
