"""Who did what, how often, and why things were cancelled or deleted."""

from projections.report import Column, Report
from projections.reports.columns import ACTOR, BUSINESS_DATE, FOLIO, REASON, RECORDED_AT


def _of(table: str, effect: str, holds: str = "true") -> str:
    return f"""
        SELECT position, event, business_date, recorded_at, actor, reason, folio_id, subject, {effect} AS balance_effect
          FROM read_model.{table}
         WHERE accommodation_id = %(accommodation_id)s AND business_date BETWEEN %(first)s AND %(last)s
           AND position <= %(position)s AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s) AND {holds}
    """


EVERYTHING = " UNION ALL ".join(
    (
        _of("bill_entries", "balance_effect"),
        _of("request_entries", "0"),
        _of("house_entries", "0"),
    )
)
UNDONE = """
    event IN ('bill.cancelled', 'bill.deleted', 'payment.cancelled', 'payment.deleted', 'payment_request.destroyed',
              'payment_request.refunded')
"""
ENTRIES = f"""
    SELECT position, event AS kind, event, business_date, actor, CASE WHEN {UNDONE} THEN reason END AS reason,
           1 AS events, balance_effect
      FROM ({EVERYTHING}) AS everything
"""
KIND = Column("kind", "text", "What was done: the name of the event")

REPORT = Report(
    name="activity",
    title="Activity",
    title_korean="처리 내역",
    description="Who did what how often. Cancellations, deletions and refunds stand apart by their reasons; 'each'"
    " lists every single act with its reason.",
    groupings={
        "actor": (ACTOR, KIND, REASON),
        "day": (BUSINESS_DATE, ACTOR, KIND, REASON),
        "kind": (KIND,),
        "each": (BUSINESS_DATE, Column("act", "count", "The position of the event in the log")),
    },
    columns=(
        Column("events", "count", "How often", adds=True),
        Column("balance_effect", "amount", "What it changed of balances altogether", adds=True),
    ),
    more={
        "each": (
            RECORDED_AT,
            ACTOR,
            KIND,
            FOLIO,
            Column("subject", "text", "The bill, payment request, folio or accommodation that it was done to"),
            REASON,
        )
    },
    entries=ENTRIES.replace("SELECT position,", "SELECT position, position AS act,", 1),
    rows={
        grouping: f"""
            SELECT {keys}, sum(events) AS events, sum(balance_effect) AS balance_effect
              FROM ({ENTRIES}) AS entry GROUP BY {keys} ORDER BY {keys}
        """
        for grouping, keys in (
            ("actor", "actor, kind, reason"),
            ("day", "business_date, actor, kind, reason"),
            ("kind", "kind"),
        )
    }
    | {
        "each": f"""
            SELECT business_date, position AS act, 1 AS events, balance_effect, recorded_at, actor, event AS kind,
                   folio_id, subject, reason
              FROM ({EVERYTHING}) AS everything ORDER BY position
        """  # which is the order of the days, and quicker sorted
    },
)
