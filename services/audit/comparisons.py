"""What holds between events, links and names: PostgreSQL compares, only what differs comes here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.audit.findings import Finding, Kind
from services.evidence.chain import origin_of
from services.store.linking import Connection, only_number

TOLD_MAX = 1_000
"""Of each kind of difference; that many are enough to see that the log is not what it was."""


@dataclass(frozen=True)
class Comparison:
    """A query that finds what differs, position first, and the sentence that tells it."""

    name: str
    kind: Kind
    sentence: str
    query: str

    def findings(self, connection: Connection) -> Iterator[Finding]:
        """What the query finds. Raises psycopg.Error."""
        for row in connection.execute(f"{self.query} ORDER BY 1 LIMIT {TOLD_MAX}".encode()):
            yield Finding(self.kind, self.sentence.format(*row), row[0])


COMPARISONS: Sequence[Comparison] = (
    Comparison(
        "Positions",
        Kind.EVENT_SURPLUS,
        "An event of {1} lies at position {0}, where none can be.",
        """
        SELECT notification_id, originator_id FROM ledger.events WHERE notification_id IS NULL OR notification_id < 1
        """,
    ),
    Comparison(
        "Versions",
        Kind.VERSION_WRONG,
        "Stream {1} has version {2} where {3} must come.",
        """
        SELECT notification_id, originator_id, originator_version, expected
          FROM (SELECT notification_id, originator_id, originator_version,
                       row_number() OVER (PARTITION BY originator_id ORDER BY notification_id) AS expected
                  FROM ledger.events) AS numbered
         WHERE originator_version <> expected
        """,
    ),
    Comparison(
        "Links without an event",
        Kind.LINK_SURPLUS,
        "The link at position {0} in {1} has no event.",
        """
        SELECT position, chain FROM ledger.links
         WHERE NOT EXISTS (SELECT FROM ledger.events WHERE notification_id = position)
        """,
    ),
    Comparison(
        "The end of the log",
        Kind.HEAD_DIFFERS,
        "The log ends at position {0}, recorded at {1}; the row that says so has {2}, {3}, and before that {4}.",
        """
        SELECT log.position, log.recorded_at::text, head.position, head.recorded_at::text,
               head.previous_recorded_at::text
          FROM (SELECT coalesce(max(notification_id), 0) AS position,
                       coalesce(max(recorded_at), '-infinity') AS recorded_at FROM ledger.events) AS log
          FULL JOIN (SELECT *, count(*) OVER () AS rows FROM ledger.log_head) AS head ON true
         WHERE (log.position, log.recorded_at, true, 1::bigint)
               IS DISTINCT FROM (head.position, head.recorded_at, head.only_row, head.rows)
            OR (head.previous_recorded_at = '-infinity'
                OR EXISTS (SELECT FROM ledger.events WHERE recorded_at = head.previous_recorded_at)) IS NOT TRUE
        """,
    ),
    Comparison(
        "Names",
        Kind.ALIAS_DIFFERS,
        "{1} stands for {3}; the log says {2}.",
        """
        WITH facts AS (
            SELECT notification_id, originator_id, topic, convert_from(state, 'UTF8')::jsonb AS fields
              FROM ledger.events WHERE topic IN ('bill.added', 'payment.recorded')
        ), names AS (
            SELECT notification_id, fields ->> CASE topic WHEN 'bill.added' THEN 'bill_code' ELSE 'payment_id' END
                   AS alias, originator_id AS stream FROM facts
        )
        SELECT notification_id, alias, coalesce(names.stream, 'nothing'), coalesce(aliases.stream, 'nothing')
          FROM names FULL JOIN ledger.aliases USING (alias) WHERE names.stream IS DISTINCT FROM aliases.stream
        """,
    ),
    Comparison(
        "Names that are there twice",
        Kind.ALIAS_DIFFERS,
        "{1} is there {2} times as a name.",
        "SELECT NULL::bigint, alias, count(*) FROM ledger.aliases GROUP BY alias HAVING count(*) > 1",
    ),
    Comparison(
        "Chains",
        Kind.CHAIN_BROKEN,
        "Link {2} of {1}, at position {0}, does not go on from the one before it.",
        """
        SELECT position, chain, number
          FROM (SELECT *, lag(hash) OVER chained AS expected, row_number() OVER chained AS expected_number,
                       lag(position) OVER chained AS before
                  FROM ledger.links WINDOW chained AS (PARTITION BY chain ORDER BY number)) AS linked
         WHERE number IS DISTINCT FROM expected_number OR before >= position
            OR (expected_number > 1 AND previous IS DISTINCT FROM expected)
        """,
    ),
)
SELECT_FIRST_LINKS = "SELECT position, chain, previous FROM ledger.links WHERE number = 1 AND chain IS NOT NULL"


def beginning_findings(connection: Connection) -> Iterator[Finding]:
    """Chains whose first link does not go on from their origin. Raises psycopg.Error."""
    with connection.cursor("first_links", binary=True) as cursor:
        for position, chain, previous in cursor.execute(SELECT_FIRST_LINKS):
            if previous != origin_of(chain):
                sentence = f"The first link of {chain}, at position {position}, is not linked to its origin."
                yield Finding(Kind.CHAIN_BROKEN, sentence, position)


def head_position(connection: Connection) -> int:
    """The position of the last event, 0 in an empty log."""
    return only_number(connection, "SELECT coalesce(max(notification_id), 0) FROM ledger.events")
