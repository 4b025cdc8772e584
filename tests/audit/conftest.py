"""What the tests of the audit share: one sealed log for each file."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.audit.sealed_log import Administrator, SealedLog, make_sealed_log
from tests.conftest import empty_ledger


@pytest.fixture(scope="module")
def sealed_log(postgres: str) -> SealedLog:
    """A sealed log, which every test leaves as it was."""
    empty_ledger(postgres)
    return make_sealed_log(postgres)


@pytest.fixture(scope="module")
def superuser(sealed_log: SealedLog) -> Iterator[Administrator]:
    """A connection of the superuser."""
    with psycopg.connect(sealed_log.administrators_conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


@pytest.fixture
def administrator(superuser: Administrator) -> Iterator[Administrator]:
    """The superuser in a transaction, all of whose doing is undone at the end."""
    yield superuser
    superuser.rollback()
