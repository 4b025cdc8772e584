"""The library's recorder on this log: it reads what the library reads, and appends in one round trip.

The order of positions is the order of commits, with any number of writers: `ledger.append` locks the
head row until the commit. The library's own way locks the whole table over several round trips.
"""

from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import (
    PostgresApplicationRecorder,
    PostgresDatastore,
    PostgresFactory,
    PostgresTrackingRecorder,
)

SCHEMA = "ledger"
CHANNEL = "ledger_events"

APPEND = """
    SELECT ledger.append(
        %(stream_ids)s::text[], %(versions)s::bigint[], %(topics)s::text[], %(states)s::bytea[],
        %(recorded_ats)s::timestamptz[], %(aliases)s::text[], %(alias_streams)s::text[],
        %(holders)s::text[], %(keys)s::text[], %(fingerprints)s::bytea[], %(outcomes)s::bytea[],
        %(outcome_events)s::bigint[]) AS position
"""

NOTHING_ELSE: dict[str, list[Any]] = {
    "aliases": [],
    "alias_streams": [],
    "holders": [],
    "keys": [],
    "fingerprints": [],
    "outcomes": [],
    "outcome_events": [],
}


class LedgerRecorder(PostgresApplicationRecorder):
    """Events of the ledger, as the library's `ApplicationRecorder`."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = "events") -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        self.channel_name = CHANNEL

    def create_table(self) -> None:
        """Nothing: migrations make the tables, once, under a lock."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Append events; returns their positions. Raises IntegrityError when a version exists already."""
        if not stored_events:
            return []
        parameters = {
            "stream_ids": [event.originator_id for event in stored_events],
            "versions": [event.originator_version for event in stored_events],
            "topics": [event.topic for event in stored_events],
            "states": [event.state for event in stored_events],
            "recorded_ats": [None] * len(stored_events),
        }
        with self.datastore.get_connection() as connection:
            row = connection.execute(APPEND, {**parameters, **NOTHING_ELSE}).fetchone()
        assert row is not None
        last: int = row["position"]
        return list(range(last - len(stored_events) + 1, last + 1))


class LedgerTrackingRecorder(PostgresTrackingRecorder):
    """Positions of read models, as the library's `TrackingRecorder`."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **{**kwargs, "tracking_table_name": "positions"})

    def create_table(self) -> None:
        """Nothing: migrations make the tables, once, under a lock."""


class Factory(PostgresFactory):
    """Lets the library's `Application` run on this log (PERSISTENCE_MODULE=services.store.recorder)."""

    application_recorder_class = LedgerRecorder
    tracking_recorder_class = LedgerTrackingRecorder
