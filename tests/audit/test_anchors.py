"""What was signed last is known from outside the database: nobody gets another past signed."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.anchors import anchor_findings
from services.audit.findings import Kind
from services.evidence.chain import Tampered
from services.evidence.checkpoint import Checkpoint
from services.store.anchoring import AnchorFile
from services.store.sealer import Sealer
from tests.audit.sealed_log import Administrator
from tests.audit.tampering import EVIDENCE, seal_anew, tamper
from tests.conftest import empty_ledger
from tests.evidence.packages import KEY, OTHER_KEY
from tests.store.clusters import Cluster

APPEND = """
    SELECT ledger.append(ARRAY['folio/F'], ARRAY[%(version)s::bigint], ARRAY['folio.opened'],
                         ARRAY[convert_to('{"folio_id":"F"}', 'UTF8')], ARRAY[NULL::timestamptz],
                         '{}', '{}', '{}', '{}', '{}', '{}', '{}')
"""


class Log:
    """A log that grows by an event each time, sealed by whoever is asked."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self._events = 0

    def grow(self) -> None:
        """Record one more event of a folio."""
        self._events += 1
        with psycopg.connect(self.conninfo) as connection:
            connection.execute(APPEND, {"version": self._events})

    def seal(self, file: Path | None, key: Ed25519PrivateKey = KEY) -> Checkpoint:
        """Record an event and have a sealer that has just started sign it."""
        self.grow()
        sealer = Sealer(self.conninfo, key, None if file is None else AnchorFile(file))
        try:
            checkpoint = sealer.checkpoint()
        finally:
            sealer.close()
        assert checkpoint is not None
        return checkpoint


@pytest.fixture
def log(postgres: str) -> Log:
    """An empty one."""
    empty_ledger(postgres)
    return Log(postgres)


@pytest.fixture
def superuser(log: Log) -> Iterator[Administrator]:
    """Somebody with every right of the database."""
    with psycopg.connect(Cluster(log.conninfo).administrator, autocommit=True) as connection:
        yield connection


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the checkpoints go, in a folder that is not there yet."""
    return tmp_path / "kept" / "checkpoints.jsonl"


def numbers_in(file: Path) -> list[int]:
    """The checkpoints in a file."""
    return [json.loads(line)["number"] for line in file.read_text().splitlines()]


def empty(superuser: Administrator) -> None:
    """Take all evidence away."""
    tamper(superuser, *(f"TRUNCATE ledger.{table}" for table in EVIDENCE))


def test_every_checkpoint_is_in_the_file_once_whoever_makes_it(log: Log, file: Path, tmp_path: Path) -> None:
    beside = tmp_path / "beside.jsonl"
    for number in range(1, 6):
        assert log.seal(file if number % 2 else beside).number == number
    assert numbers_in(file) == [1, 2, 3, 4, 5]
    assert numbers_in(beside) == [1, 2, 3, 4]


def test_a_past_without_evidence_is_not_signed_anew(log: Log, file: Path, superuser: Administrator) -> None:
    log.seal(file)
    empty(superuser)
    with pytest.raises(Tampered, match="Checkpoint 1, which was signed, is not in the database any more"):
        log.seal(file)
    assert superuser.execute("SELECT count(*) FROM ledger.checkpoints").fetchone() == (0,)


def test_a_running_sealer_needs_no_file_for_that(log: Log, superuser: Administrator) -> None:
    log.grow()
    sealer = Sealer(log.conninfo, KEY)
    assert sealer.checkpoint() is not None
    empty(superuser)
    log.grow()
    with pytest.raises(Tampered, match="is not in the database any more"):
        sealer.checkpoint()
    sealer.close()


def test_nothing_is_signed_on_top_of_what_a_stranger_has_signed(log: Log, file: Path, superuser: Administrator) -> None:
    log.seal(file)
    with superuser.transaction():
        seal_anew(superuser, OTHER_KEY)
    with pytest.raises(Tampered, match="Checkpoint 1, which was signed, is not in the database any more"):
        log.seal(file)
    with pytest.raises(Tampered, match="Services on one database share a key"):
        log.seal(None)


def test_a_checkpoint_that_a_stranger_adds_is_not_taken_for_one(log: Log, file: Path) -> None:
    first = log.seal(file)
    log.seal(None, KEY)
    with pytest.raises(Tampered, match="not with this service's"):
        log.seal(None, OTHER_KEY)
    assert numbers_in(file) == [first.number]
    assert log.seal(file).number == 3


def test_a_service_with_its_own_file_goes_on_with_a_new_key(log: Log, file: Path) -> None:
    old = log.seal(file)
    new = log.seal(file, OTHER_KEY)
    assert (new.number, new.previous) == (2, old.digest)
    assert log.seal(file, OTHER_KEY).number == 3


def test_a_line_that_a_crash_has_torn_is_written_again(log: Log, file: Path) -> None:
    for _ in range(3):
        log.seal(file)
    whole = file.read_bytes()
    file.write_bytes(whole[:-40])
    log.seal(file)
    assert file.read_bytes()[: len(whole)] == whole
    assert numbers_in(file) == [1, 2, 3, 4]


def test_a_file_that_cannot_be_written_holds_nothing_up(log: Log, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert log.seal(tmp_path / "folder").number == 1


def test_what_a_running_service_adds_to_the_file_during_a_check_is_not_missed_in_the_database(
    log: Log, file: Path
) -> None:
    log.seal(file)
    before = file.stat().st_size
    with psycopg.connect(log.conninfo) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT")
        log.seal(file)
        assert list(anchor_findings(connection, file, before)) == []
        assert [found.kind for found in anchor_findings(connection, file)] == [Kind.CHECKPOINT_MISSING]
