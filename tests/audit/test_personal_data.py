"""What the audit finds of guests who are forgotten in the log and not, or not only, beside it."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import psycopg
import pytest

from services.audit.findings import Kind
from services.audit.personal_data import personal_data_findings
from services.audit.whole import LogCheck
from services.store.data_keys import FolioDataKey
from services.store.linking import link_next
from tests.conftest import empty_ledger

REQUEST = "REQUEST0000000000001"
KEYS = {"FOLIO-2": bytes(range(32)), "FOLIO-4": bytes(32)}
ACCOUNT, GUEST = (FolioDataKey(folio, key).seal(b"of the guest") for folio, key in KEYS.items())
SAID = "of another guest"
EVENTS = (
    ("folio/FOLIO-1", 1, "folio.opened", {"folio_id": "FOLIO-1"}),
    (REQUEST, 1, "payment_request.requested", {"asked": {"folio_id": "FOLIO-1"}}),
    ("folio/FOLIO-1", 2, "folio.guest_forgotten", {"folio_id": "FOLIO-1"}),
    ("BILL-2", 1, "payment.recorded", {"folio_id": "FOLIO-2", "virtual_accounts": [{"sealed": ACCOUNT}]}),
    ("BILL-2", 2, "payment.updated", {"folio_id": "FOLIO-2", "virtual_accounts": [{"sealed": "v1.B"}]}),
    ("BILL-3", 1, "payment.recorded", {"folio_id": "FOLIO-3", "payment_method": '"sealed":"v1.A"'}),
    ("REQUEST0000000000004", 1, "payment_request.requested", {"asked": {"folio_id": "FOLIO-4", "guest": GUEST}}),
    ("REQUEST0000000000004", 2, "payment_request.paid", {"evidence": {"callback": sha256(SAID.encode()).hexdigest()}}),
)
BESIDE = f"""
    INSERT INTO ledger.personal_data_keys VALUES
        ('FOLIO-2', '\\x{KEYS["FOLIO-2"].hex()}'), ('FOLIO-4', '\\x{KEYS["FOLIO-4"].hex()}');
    INSERT INTO collection.callbacks (digest, body, headers, source, request_id, says_paid, folio_id) VALUES
        ('1', '', '{{}}', '10.0.0.1', 'REQUEST0000000000001', true, 'FOLIO-1'),
        (sha256('{SAID}'), '{SAID}', '{{}}', '10.0.0.1', 'REQUEST0000000000004', true, 'FOLIO-4')
"""
LEFT = {
    "UPDATE ledger.personal_data_keys SET data_key = 'key' WHERE folio_id = 'FOLIO-1'": (
        Kind.GUEST_NOT_FORGOTTEN, 3, "Folio FOLIO-1 has a data key"
    ),
    "DELETE FROM ledger.personal_data_keys WHERE folio_id = 'FOLIO-1'": (
        Kind.GUEST_NOT_FORGOTTEN, 3, "Folio FOLIO-1 may be given a data key"
    ),
    "UPDATE collection.callbacks SET body = 'said', digest = sha256('said') WHERE digest = '1'": (
        Kind.GUEST_NOT_FORGOTTEN, 3, "Callback 1 is kept with what it says"
    ),
    "UPDATE collection.callbacks SET body = body || '.' WHERE number = 2": (
        Kind.CALLBACK_DIFFERS, None, "Callback 2 is kept otherwise than it was received."
    ),
    "DELETE FROM collection.callbacks WHERE number = 2": (
        Kind.CALLBACK_DIFFERS, 8, "The callback that event 8 rests on is kept no more."
    ),
    "UPDATE ledger.personal_data_keys SET data_key = '' WHERE folio_id = 'FOLIO-2'": (
        Kind.KEY_LOST, 4, "The data key of folio FOLIO-2 does not open what was sealed under it at 4."
    ),
    "UPDATE ledger.personal_data_keys SET data_key = set_byte(data_key, 31, 1) WHERE folio_id = 'FOLIO-4'": (
        Kind.KEY_LOST, 7, "The data key of folio FOLIO-4 does not open what was sealed under it at 7."
    ),
    "UPDATE collection.callbacks SET headers = '{\"a\": 1}', folio_id = NULL WHERE digest = '1'": (
        Kind.GUEST_NOT_FORGOTTEN, 3, "Callback 1 is kept with what it says"
    ),
    "UPDATE ledger.personal_data_keys SET data_key = NULL WHERE folio_id = 'FOLIO-2'": (
        Kind.KEY_LOST, None, "The data key of folio FOLIO-2 is destroyed"
    ),
    "DELETE FROM ledger.personal_data_keys WHERE folio_id = 'FOLIO-2'": (
        Kind.KEY_LOST, 4, "Folio FOLIO-2 has no data key, yet personal data was sealed under one at position 4"
    ),
    "DELETE FROM ledger.personal_data_keys WHERE folio_id = 'FOLIO-4'": (
        Kind.KEY_LOST, 7, "Folio FOLIO-4 has no data key"
    ),
}  # fmt: skip
"""What may have become of a database, and what is said of it."""


@pytest.fixture(scope="module")
def forgotten(postgres: str) -> str:
    """A database in which the guest of FOLIO-1 is forgotten, and that of FOLIO-2 is not."""
    empty_ledger(postgres)
    with psycopg.connect(postgres) as connection:
        for position, (stream, version, topic, state) in enumerate(EVENTS, 1):
            event = [position, stream, version, topic, json.dumps(state, separators=(",", ":")).encode()]
            connection.execute("INSERT INTO ledger.events VALUES (%s, %s, %s, %s, %s, now())", event)
        connection.execute(BESIDE)
        while link_next(connection):
            pass
    return postgres


@pytest.fixture
def connection(forgotten: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to it, all of whose doing is undone at the end."""
    with psycopg.connect(forgotten) as opened:
        yield opened
        opened.rollback()


def test_a_guest_who_is_forgotten_everywhere_is_no_finding(connection: psycopg.Connection[Any]) -> None:
    assert list(personal_data_findings(connection)) == []


@pytest.mark.parametrize(("statement", "told"), LEFT.items())
def test_what_is_left_of_a_forgotten_guest_or_gone_of_another_is_found(
    connection: psycopg.Connection[Any], statement: str, told: tuple[Kind, int | None, str]
) -> None:
    connection.execute(statement.encode())
    [finding] = personal_data_findings(connection)
    kind, position, sentence = told
    assert (finding.kind, finding.position) == (kind, position)
    assert finding.sentence.startswith(sentence)


def test_the_check_of_the_whole_log_looks_at_forgotten_guests(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO ledger.personal_data_keys VALUES ('FOLIO-2', NULL)")
    found = LogCheck([]).findings(database, lambda _: None, lambda *_: None)
    assert [finding.kind for finding in found] == [Kind.KEY_LOST]
