"""The read models, derived from the log once more and compared row by row."""

from collections.abc import AsyncIterator, Sequence

from projections.building import Progress
from projections.place import Connection, OtherDefinition
from projections.read_model import ReadModel
from projections.verification import Difference, verify
from services.audit.findings import Finding, Kind
from services.store.codec import EventCodec

SELECT_PARKED = "SELECT read_model, count(*) FROM read_model.parked GROUP BY read_model ORDER BY read_model"


async def read_model_findings(
    conninfo: str, models: Sequence[ReadModel], codec: EventCodec, progress: Progress
) -> AsyncIterator[Finding]:
    """Rows that are not what the log says. Raises psycopg.Error."""
    try:
        async for found in verify(conninfo, models, codec, progress):
            if isinstance(found, Difference):
                column = "" if found.column is None else f", {found.column}"
                yield Finding(
                    Kind.READ_MODEL_DIFFERS,
                    f"{found.read_model} {found.key}{column}: it is {found.serving!r}, the log says {found.rebuilt!r}.",
                )
    except OtherDefinition as error:
        yield Finding(Kind.NOT_CHECKED, str(error))


async def parked_findings(connection: Connection) -> AsyncIterator[Finding]:
    """Events that a read model could not take: its rows cannot be what the log says. Raises psycopg.Error."""
    cursor = await connection.execute(SELECT_PARKED)
    for name, events in await cursor.fetchall():
        sentence = f"The read model {name} lacks {events} events; 'folio projections park' lists them."
        yield Finding(Kind.NOT_CHECKED, sentence)
