"""How far each read model is behind the log, and what of it is parked."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.store.connection import Pool
from services.store.reading import reading

SELECT_LAGS = """
    SELECT name, coalesce(stands.notification_id, 0) AS position,
           greatest(head.position - coalesce(stands.notification_id, 0), 0) AS events,
           coalesce(extract(epoch FROM greatest(clock_timestamp() - missing.recorded_at, '0')), 0)::float8 AS seconds,
           (SELECT count(*) FROM read_model.parked WHERE read_model = name AND reason IS NOT NULL) AS parked_events
      FROM unnest(%(names)s::text[]) AS name
     CROSS JOIN ledger.log_head AS head
      LEFT JOIN read_model.positions AS stands ON stands.application_name = name
      LEFT JOIN ledger.events AS missing ON missing.notification_id = coalesce(stands.notification_id, 0) + 1
"""
"""Positions have no gaps: the oldest event that is missing in a read model is the next one."""


@dataclass(frozen=True)
class Lag:
    """Where a read model stands. `seconds` is how long the oldest event that it has not got has been in the log."""

    position: int
    events: int
    seconds: float
    parked_events: int


async def measure(pool: Pool, names: Sequence[str]) -> dict[str, Lag]:
    """The lag of each read model. Raises StoreUnavailable."""
    rows = await reading(pool, SELECT_LAGS, {"names": list(names)})
    return {name: Lag(*measured) for name, *measured in rows}
