"""Events that a read model cannot take are parked, and their folio's later events behind them, until a fix is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from projections.folding import EventFailed, decode, project
from projections.place import SERVING, Connection, Place
from projections.read_model import ReadModel
from services.store.codec import EventCodec

PARK = """
    INSERT INTO read_model.parked (read_model, position, folio, reason)
    VALUES (%(read_model)s, %(position)s, %(folio)s, %(reason)s)
    ON CONFLICT (read_model, position) DO UPDATE SET reason = excluded.reason
"""
SELECT_PARKED = """
    SELECT parked.read_model, parked.position, event.topic, parked.folio, parked.reason, parked.since,
           (SELECT count(*) FROM read_model.parked AS behind
             WHERE behind.read_model = parked.read_model AND behind.folio = parked.folio
               AND behind.position > parked.position) AS waiting
      FROM read_model.parked AS parked JOIN ledger.events AS event ON event.notification_id = parked.position
     WHERE parked.reason IS NOT NULL AND parked.read_model = ANY(%(names)s)
     ORDER BY parked.position, parked.read_model
"""
SELECT_FOLIO = """
    SELECT notification_id, originator_id, originator_version, topic, state
      FROM read_model.parked JOIN ledger.events ON notification_id = position
     WHERE read_model = %(read_model)s AND folio = %(folio)s ORDER BY position
"""
UNPARK = """
    DELETE FROM read_model.parked
     WHERE read_model = %(read_model)s AND folio = %(folio)s AND position < %(before)s
"""


@dataclass(frozen=True)
class Parked:
    """An event that a read model cannot take, why, and how many events of its folio wait behind it."""

    read_model: str
    position: int
    topic: str
    folio: str
    reason: str
    since: datetime
    waiting: int


async def park(connection: Connection, place: Place, model: ReadModel, failed: EventFailed) -> None:
    """Put an event aside, unless the read model has got past it meanwhile. Raises OtherDefinition, psycopg.Error."""
    async with connection.transaction():
        standings = await place.lock(connection, [model])
        if standings[model.name].applied < failed.position:
            await connection.execute(place.sql(PARK), failed.parameters)


async def list_parked(connection: Connection, names: Sequence[str]) -> Sequence[Parked]:
    """What is parked in the serving read models, the oldest event first. Raises psycopg.Error."""
    async with connection.cursor(row_factory=class_row(Parked)) as cursor:
        await cursor.execute(SELECT_PARKED.encode(), {"names": list(names)})
        return await cursor.fetchall()


async def retry(connection: Connection, model: ReadModel, codec: EventCodec, parked: Parked) -> EventFailed | None:
    """Apply a parked event and those that wait behind it, in order and in one transaction.

    When one of them fails again, those before it are applied, and it is what is parked from now on: it is returned.
    Raises OtherDefinition, psycopg.Error.
    """
    before = None
    failed: EventFailed | None = None
    while True:
        try:
            async with connection.transaction():
                await SERVING.lock(connection, [model])
                await _apply(connection, model, codec, parked.folio, before)
                if failed is not None:
                    await connection.execute(PARK.encode(), failed.parameters)
            return failed
        except EventFailed as error:
            failed, before = error, error.position


async def _apply(connection: Connection, model: ReadModel, codec: EventCodec, folio: str, before: int | None) -> None:
    """Apply the parked events of a folio, all or those before a position, and take them off the list."""
    parameters: dict[str, Any] = {"read_model": model.name, "folio": folio}
    cursor = await connection.execute(SELECT_FOLIO.encode(), parameters, binary=True)
    rows = await cursor.fetchall()
    ready = [row for row in rows if before is None or row[0] < before]
    for row in ready:
        # One by one: they are few, and each that fails is named.
        await project(connection, SERVING, model, 0, decode(codec, 0, row[0], [row]), {})
    if ready:
        await connection.execute(UNPARK.encode(), {**parameters, "before": ready[-1][0] + 1})
