"""What holds between events, links and names: PostgreSQL compares, only what differs comes here."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.audit.findings import Finding, Kind
from services.evidence.chain import origin_of
from services.store.linking import Connection

TOLD_MAX = 1_000
"""Of each kind of difference; that many are enough to see that the log is not what it was."""

QUERIES: Mapping[Kind, tuple[str, str]] = {
    Kind.VERSION_WRONG: (
        "Stream {1} has version {2} where {3} must come.",
        """
        SELECT notification_id, originator_id, originator_version, expected
          FROM (SELECT notification_id, originator_id, originator_version,
                       row_number() OVER (PARTITION BY originator_id ORDER BY notification_id) AS expected
                  FROM ledger.events) AS numbered
         WHERE originator_version <> expected
        """,
    ),
    Kind.LINK_SURPLUS: (
        "The link at position {0} in {1} has no event.",
        """
        SELECT position, chain FROM ledger.links
         WHERE NOT EXISTS (SELECT FROM ledger.events WHERE notification_id = position)
        """,
    ),
    Kind.HEAD_DIFFERS: (
        "The log ends at position {0}; the row that says so has {1}.",
        """
        SELECT position, stated, recorded_at, stated_at
          FROM (SELECT coalesce(max(notification_id), 0) AS position,
                       coalesce(max(recorded_at), '-infinity') AS recorded_at FROM ledger.events) AS log
          FULL JOIN (SELECT position AS stated, recorded_at AS stated_at FROM ledger.log_head) AS head ON true
         WHERE (position, recorded_at) IS DISTINCT FROM (stated, stated_at)
        """,
    ),
    Kind.ALIAS_DIFFERS: (
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
}
SELECT_BROKEN = """
    SELECT position, chain, number, previous
      FROM (SELECT *, lag(hash) OVER chained AS expected, row_number() OVER chained AS expected_number,
                   lag(position) OVER chained AS before
              FROM ledger.links WINDOW chained AS (PARTITION BY chain ORDER BY number)) AS linked
     WHERE number <> expected_number OR before >= position
        OR (expected_number > 1 AND previous IS DISTINCT FROM expected)
     ORDER BY position LIMIT %(limit)s
"""
SELECT_FIRST_LINKS = "SELECT position, chain, previous FROM ledger.links WHERE number = 1"


def compared(connection: Connection) -> Iterator[Finding]:
    """What the queries find. Raises psycopg.Error."""
    for kind, (sentence, query) in QUERIES.items():
        for row in connection.execute(f"{query} ORDER BY 1 LIMIT {TOLD_MAX}".encode()):
            yield Finding(kind, sentence.format(*row), row[0])


def broken_chains(connection: Connection) -> Iterator[Finding]:
    """Links that do not go on from the one before, or from their chain's origin. Raises psycopg.Error."""
    for position, chain, number, _ in connection.execute(SELECT_BROKEN, {"limit": TOLD_MAX}):
        yield _broken(position, chain, number)
    with connection.cursor("first_links", binary=True) as cursor:
        for position, chain, previous in cursor.execute(SELECT_FIRST_LINKS):
            if previous != origin_of(chain):
                yield _broken(position, chain, 1)


def _broken(position: int, chain: str, number: int) -> Finding:
    sentence = f"Link {number} of {chain}, at position {position}, does not go on from the one before it."
    return Finding(Kind.CHAIN_BROKEN, sentence, position)


def sealed_position(connection: Connection) -> int:
    """The position of the last link, 0 without one."""
    return int(_only(connection, "SELECT coalesce(max(position), 0) FROM ledger.links"))


def head_position(connection: Connection) -> int:
    """The position of the last event, 0 in an empty log."""
    return int(_only(connection, "SELECT coalesce(max(notification_id), 0) FROM ledger.events"))


def _only(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
