"""Personal data beside the log: data keys and callbacks as the log has them, and what is left of forgotten guests."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from services.audit.comparisons import TOLD_MAX, Comparison
from services.audit.findings import Finding, Kind
from services.store.data_keys import FolioDataKey
from services.store.linking import Connection

FORGET_AGAIN = "Forget the guest again."
TOLD = """
    WITH forgotten AS MATERIALIZED (
        SELECT notification_id AS position, convert_from(state, 'UTF8')::jsonb ->> 'folio_id' AS folio_id
          FROM ledger.events WHERE topic = 'folio.guest_forgotten'
    ), asked AS MATERIALIZED (
        SELECT originator_id AS request_id, convert_from(state, 'UTF8')::jsonb #>> '{asked,folio_id}' AS folio_id
          FROM ledger.events WHERE topic = 'payment_request.requested'
    ), sealed AS MATERIALIZED (
        SELECT min(notification_id) AS position, folio_id
          FROM ledger.events
         CROSS JOIN LATERAL (SELECT convert_from(state, 'UTF8')::jsonb AS fields OFFSET 0) AS read
         CROSS JOIN LATERAL (SELECT coalesce(fields ->> 'folio_id', fields #>> '{asked,folio_id}') AS folio_id) AS of
         WHERE topic IN ('payment.recorded', 'payment.updated', 'payment_request.requested')
           AND (position('"sealed":"'::bytea IN state) > 0 OR position('"guest":"'::bytea IN state) > 0)
         GROUP BY folio_id
    )
"""
"""What the log alone says: the guests that are forgotten, whose guest each payment request asks, and where personal
data of each folio was sealed first.
"""

COMPARISONS = tuple(
    Comparison("Personal data", kind, sentence, f"{TOLD} {query}")
    for kind, sentence, query in (
        (
            Kind.GUEST_NOT_FORGOTTEN,
            "Folio {1} has a data key, yet its guest was forgotten at position {0}. " + FORGET_AGAIN,
            """
        SELECT position, folio_id FROM forgotten JOIN ledger.personal_data_keys AS key USING (folio_id)
         WHERE key.data_key IS NOT NULL
        """,
        ),
        (
            Kind.GUEST_NOT_FORGOTTEN,
            "Folio {1} may be given a data key, yet its guest was forgotten at position {0}. " + FORGET_AGAIN,
            """
        SELECT position, folio_id FROM forgotten LEFT JOIN ledger.personal_data_keys AS key USING (folio_id)
         WHERE key.folio_id IS NULL
        """,
        ),
        (
            Kind.GUEST_NOT_FORGOTTEN,
            "Callback {2} is kept with what it says, yet the guest of folio {1} was forgotten at position {0}. "
            + FORGET_AGAIN,
            """
        SELECT forgotten.position, forgotten.folio_id, callback.number
          FROM collection.callbacks AS callback LEFT JOIN asked USING (request_id)
          JOIN forgotten ON forgotten.folio_id = coalesce(asked.folio_id, callback.folio_id)
         WHERE callback.body <> '' OR callback.headers <> '{}'
        """,
        ),
        (
            Kind.CALLBACK_DIFFERS,
            "Callback {2} is kept otherwise than it was received.",
            """
        SELECT NULL::bigint AS position, folio_id, number FROM collection.callbacks
         WHERE body <> '' AND digest <> sha256(body)
        """,
        ),
        (
            Kind.CALLBACK_DIFFERS,
            "The callback that event {0} rests on is kept no more.",
            """
        SELECT notification_id AS position, digest
          FROM ledger.events
         CROSS JOIN LATERAL (SELECT convert_from(state, 'UTF8')::jsonb #>> '{evidence,callback}' AS digest) AS read
         WHERE topic LIKE 'payment_request.%' AND read.digest IS NOT NULL
           AND NOT EXISTS (SELECT FROM collection.callbacks AS callback
                            WHERE callback.digest = decode(read.digest, 'hex'))
        """,
        ),
        (
            Kind.KEY_LOST,
            "The data key of folio {1} is destroyed, and no event says that its guest was forgotten.",
            """
        SELECT NULL::bigint AS position, folio_id FROM ledger.personal_data_keys AS key
         WHERE data_key IS NULL AND NOT EXISTS (SELECT FROM forgotten WHERE forgotten.folio_id = key.folio_id)
        """,
        ),
    )
)

SELECT_SEALED = """
    SELECT sealed.position, folio_id, state, data_key
      FROM sealed JOIN ledger.events ON notification_id = sealed.position
      LEFT JOIN ledger.personal_data_keys AS key USING (folio_id) LEFT JOIN forgotten USING (folio_id)
     WHERE data_key IS NOT NULL OR (key.folio_id IS NULL AND forgotten.folio_id IS NULL)
     ORDER BY 1
"""
"""The first personal data that was sealed of each folio, and the key that must open it; None where there is no row."""


def personal_data_findings(connection: Connection) -> Iterator[Finding]:
    """What is there of forgotten guests, and keys that are gone or others without a word. Raises psycopg.Error."""
    for comparison in COMPARISONS:
        yield from comparison.findings(connection)
    yield from islice(_lost_keys(connection), TOLD_MAX)


def _lost_keys(connection: Connection) -> Iterator[Finding]:
    with connection.cursor(name="sealed") as cursor:
        for position, folio_id, state, key in cursor.execute(f"{TOLD} {SELECT_SEALED}".encode()):
            if key is None:
                sentence = (
                    f"Folio {folio_id} has no data key, yet personal data was sealed under one at position {position};"
                    " no event says that its guest was forgotten."
                )
                yield Finding(Kind.KEY_LOST, sentence, position)
            elif not all(_opens(key, folio_id, text) for text in _sealed_in(msgspec.json.decode(state))):
                sentence = f"The data key of folio {folio_id} does not open what was sealed under it at {position}."
                yield Finding(Kind.KEY_LOST, sentence, position)


def _sealed_in(event: dict[str, Any]) -> Iterator[str]:
    asked = event.get("asked", {})
    yield from (account["sealed"] for account in event.get("virtual_accounts") or ())
    if "guest" in asked:
        yield asked["guest"]


def _opens(key: bytes, folio_id: str, sealed: str) -> bool:
    try:
        return FolioDataKey(folio_id, key).open(sealed) is not None
    except ValueError:  # of another length than any key
        return False
