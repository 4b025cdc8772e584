"""Guests who are forgotten: what the log says of them, and what is there of them all the same."""

from collections.abc import Iterator

from services.audit.comparisons import Comparison
from services.audit.findings import Finding, Kind
from services.store.linking import Connection

FORGET_AGAIN = "Forget the guest again."
FORGOTTEN = """
    WITH forgotten AS MATERIALIZED (
        SELECT notification_id AS position, convert_from(state, 'UTF8')::jsonb ->> 'folio_id' AS folio_id
          FROM ledger.events WHERE topic = 'folio.guest_forgotten'
    ), asked AS MATERIALIZED (
        SELECT originator_id AS request_id, convert_from(state, 'UTF8')::jsonb #>> '{asked,folio_id}' AS folio_id
          FROM ledger.events WHERE topic = 'payment_request.requested'
    )
"""
"""The guests that the log says to be forgotten, and whose guest each payment request asks: from the log alone."""

COMPARISONS = tuple(
    Comparison("Forgotten guests", kind, sentence, f"{FORGOTTEN} {query}")
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
            Kind.KEY_LOST,
            "The data key of folio {1} is destroyed, and no event says that its guest was forgotten.",
            """
        SELECT NULL::bigint AS position, folio_id FROM ledger.personal_data_keys AS key
         WHERE data_key IS NULL AND NOT EXISTS (SELECT FROM forgotten WHERE forgotten.folio_id = key.folio_id)
        """,
        ),
        (
            Kind.KEY_LOST,
            "Folio {1} has no data key, yet personal data was sealed under one at position {0};"
            " no event says that its guest was forgotten.",
            """
        SELECT min(sealed.position) AS position, folio_id
          FROM (SELECT notification_id AS position,
                       coalesce(fields ->> 'folio_id', fields #>> '{asked,folio_id}') AS folio_id
                  FROM ledger.events
                 CROSS JOIN LATERAL (SELECT convert_from(state, 'UTF8')::jsonb AS fields OFFSET 0) AS read
                 WHERE topic IN ('payment.recorded', 'payment.updated', 'payment_request.requested')
                   AND (position('"sealed":"'::bytea IN state) > 0
                        OR position('"guest":"'::bytea IN state) > 0)) AS sealed
          LEFT JOIN ledger.personal_data_keys AS key USING (folio_id) LEFT JOIN forgotten USING (folio_id)
         WHERE key.folio_id IS NULL AND forgotten.folio_id IS NULL
         GROUP BY folio_id
        """,
        ),
    )
)


def forgetting_findings(connection: Connection) -> Iterator[Finding]:
    """What is there of forgotten guests, and keys that are gone without a word. Raises psycopg.Error."""
    for comparison in COMPARISONS:
        yield from comparison.findings(connection)
