"""The read models, derived from the log once more and compared row by row."""

from collections.abc import AsyncIterator, Sequence

from projections.building import Progress
from projections.following import TooManyFailed
from projections.place import Connection, OtherDefinition
from projections.read_model import ReadModel
from projections.verification import Difference, Verified, verify
from services.audit.findings import Finding, Kind
from services.store.codec import EventCodec
from services.store.connection import connect_patiently

NAME = "folio audit"
VALUE_MAX = 200
"""Characters of a value that are told."""
SELECT_PARKED = "SELECT read_model, count(*) FROM read_model.parked GROUP BY read_model ORDER BY read_model"
SELECT_BEYOND = """
    SELECT application_name, notification_id, head
      FROM read_model.positions,
           (SELECT coalesce(max(notification_id), 0) AS head FROM ledger.events) AS log
     WHERE application_name = ANY(%(names)s) AND (notification_id <= head) IS NOT TRUE
     ORDER BY array_position(%(names)s, application_name)
"""
COUNT_MISSING = "SELECT max(notification_id) - count(*) FROM ledger.events WHERE notification_id > 0"


async def read_model_findings(
    conninfo: str, models: Sequence[ReadModel], codec: EventCodec, progress: Progress
) -> AsyncIterator[Finding]:
    """Rows that are not what the log says. Raises psycopg.Error."""
    left = {model.name: model for model in models}
    async with await connect_patiently(conninfo, NAME) as connection:
        async for finding in _parked(connection):
            yield finding
        async for name, finding in _beyond(connection, list(left)):
            del left[name]
            yield finding
        if await _lacks_events(connection):  # so many could be missing that reading them in steps never gets on
            sentence = "The log lacks events: the read models cannot be derived from it."
            yield Finding(Kind.NOT_CHECKED, sentence)
            return
    while left:
        try:
            async for found in verify(conninfo, list(left.values()), codec, progress):
                if isinstance(found, Verified):
                    del left[found.read_model]
                else:
                    yield _finding(found)
        except OtherDefinition as error:
            del left[error.name]
            yield Finding(Kind.NOT_CHECKED, str(error))
        except TooManyFailed as error:
            yield Finding(Kind.NOT_CHECKED, f"{', '.join(left)} cannot be derived from the log. {error}")
            return


def _finding(found: Difference) -> Finding:
    column = "" if found.column is None else f", {found.column}"
    it, said = (repr(value)[:VALUE_MAX] for value in (found.serving, found.rebuilt))
    return Finding(Kind.READ_MODEL_DIFFERS, f"{found.read_model} {found.key}{column}: it is {it}, the log says {said}.")


async def _parked(connection: Connection) -> AsyncIterator[Finding]:
    """Events that a read model could not take: its rows cannot be what the log says."""
    cursor = await connection.execute(SELECT_PARKED)
    for name, events in await cursor.fetchall():
        sentence = f"The read model {name} lacks {events} events; 'folio projections park' lists them."
        yield Finding(Kind.NOT_CHECKED, sentence)


async def _beyond(connection: Connection, names: list[str]) -> AsyncIterator[tuple[str, Finding]]:
    """Read models that say to have taken events which the log does not have."""
    cursor = await connection.execute(SELECT_BEYOND, {"names": names})
    for name, position, head in await cursor.fetchall():
        sentence = f"The read model {name} stands at position {position}; the log ends at {head}."
        yield name, Finding(Kind.READ_MODEL_DIFFERS, sentence)


async def _lacks_events(connection: Connection) -> bool:
    row = await (await connection.execute(COUNT_MISSING)).fetchone()
    return row is not None and bool(row[0])
