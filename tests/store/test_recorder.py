"""The library's own suites, held against this project's recorders."""

import sys
from typing import Any
from unittest import TestCase
from unittest.mock import MagicMock, patch
from uuid import uuid4

import pytest
from eventsourcing.persistence import TrackingRecorder
from eventsourcing.postgres import PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from services.store.recorder import Factory, LedgerRecorder, LedgerTrackingRecorder

# The module of the suites also imports the library's cipher, which needs a package that nothing here uses.
with patch.dict(sys.modules, {"eventsourcing.cipher": MagicMock()}):
    from eventsourcing.tests import persistence as suites


def open_datastore(conninfo: str, schema: str) -> PostgresDatastore:
    """The library's connections to a schema of the service's database."""
    parts = conninfo_to_dict(conninfo)
    return PostgresDatastore(
        dbname=str(parts["dbname"]),
        host=str(parts["host"]),
        port=str(parts["port"]),
        user=str(parts["user"]),
        password=str(parts["password"]),
        schema=schema,
        originator_id_type="text",
        pool_size=4,
        max_overflow=10,
    )


class OnTheDatabase(TestCase):
    """Gives a suite a datastore on an empty ledger."""

    SCHEMA = "ledger"
    datastore: PostgresDatastore

    @pytest.fixture(autouse=True)
    def _take_database(self, database: str) -> Any:
        with open_datastore(database, self.SCHEMA) as self.datastore:
            with self.datastore.get_connection():
                pass  # the first connection opens the pool, which several threads at once cannot do
            yield

    def new_originator_id(self) -> str:
        return f"stream/{uuid4()}"


class TestApplicationRecorder(OnTheDatabase, suites.ApplicationRecorderTestCase[LedgerRecorder]):
    def create_recorder(self) -> LedgerRecorder:
        return LedgerRecorder(self.datastore)

    def test_insert_subscribe(self) -> None:
        super().optional_test_insert_subscribe()

    def test_nothing_to_insert_is_no_commit(self) -> None:
        recorder = self.create_recorder()
        assert recorder.insert_events([]) == []
        assert recorder.max_notification_id() is None


class TestNonInterleavingNotificationIDs(OnTheDatabase, suites.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> LedgerRecorder:
        return LedgerRecorder(self.datastore)


class TestTrackingRecorder(OnTheDatabase, suites.TrackingRecorderTestCase):
    SCHEMA = "read_model"

    def create_recorder(self) -> TrackingRecorder:
        return LedgerTrackingRecorder(self.datastore)


def test_the_factory_makes_these_recorders(database: str) -> None:
    parts = conninfo_to_dict(database)
    environment = {
        "PERSISTENCE_MODULE": Factory.__module__,
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts["port"]),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts["password"]),
        "POSTGRES_SCHEMA": "ledger",
        "POSTGRES_ORIGINATOR_ID_TYPE": "text",
        "CREATE_TABLE": "no",
    }
    with Factory.construct(env=environment) as factory:
        assert isinstance(factory, Factory)
        assert isinstance(factory.application_recorder(), LedgerRecorder)
        assert isinstance(factory.tracking_recorder(), LedgerTrackingRecorder)
