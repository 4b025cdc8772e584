"""What was charged: bills added, changed, cancelled and deleted."""

from projections.first_bills import first_bills
from projections.report import Column, Report
from projections.reports.columns import BUSINESS_DATE, CONCERNED_DATE, FOLIO

MOVED = """
    SELECT bill_id, origin_bill_id, added_date, concerned_date FROM charge WHERE origin_bill_id IS NOT NULL
"""

REPORT = Report(
    name="revenue",
    title="Revenue",
    title_korean="매출",
    description="Totals of bills added, changed, cancelled and deleted, on the day this was recorded; 'concerned' shows"
    " the day that the bill was added on, too, which may have been closed already. A bill that was transferred concerns"
    " the day of the one it came from. Transfers and splits move totals and make none.",
    groupings={
        "day": (BUSINESS_DATE,),
        "concerned": (BUSINESS_DATE, CONCERNED_DATE),
        "folio": (FOLIO,),
        "total": (),
    },
    columns=(
        Column("bills_added", "count", "Bills added", adds=True),
        Column("added", "amount", "Their totals", adds=True),
        Column("bills_changed", "count", "Changes of bills", adds=True),
        Column("changed", "amount", "By how much they changed totals", adds=True),
        Column("bills_cancelled", "count", "Bills cancelled", adds=True),
        Column("cancelled", "amount", "Their totals, which are owed no more", adds=True),
        Column("bills_deleted", "count", "Bills deleted", adds=True),
        Column("deleted", "amount", "Their totals, which are owed no more", adds=True),
        Column("net", "amount", "Added + changed - cancelled - deleted", adds=True),
        Column("late", "amount", "What of it concerns earlier days", adds=True),
    ),
    entries=f"""
        WITH RECURSIVE charge AS (
            SELECT position, event, business_date, folio_id, charged, subject AS bill_id, origin_bill_id, added_date,
                   concerned_date
              FROM read_model.bill_entries
             WHERE accommodation_id = %(accommodation_id)s AND business_date BETWEEN %(first)s AND %(last)s
               AND position <= %(position)s AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
               AND (event = 'bill.added' AND origin_bill_id IS NULL
                    OR event IN ('bill.updated', 'bill.cancelled', 'bill.deleted'))),
        {first_bills(MOVED)}
        SELECT position, event, business_date, concerned.concerned_date, folio_id,
               (event = 'bill.added')::int AS bills_added,
               CASE WHEN event = 'bill.added' THEN charged ELSE 0 END AS added,
               (event = 'bill.updated')::int AS bills_changed,
               CASE WHEN event = 'bill.updated' THEN charged ELSE 0 END AS changed,
               (event = 'bill.cancelled')::int AS bills_cancelled,
               CASE WHEN event = 'bill.cancelled' THEN -charged ELSE 0 END AS cancelled,
               (event = 'bill.deleted')::int AS bills_deleted,
               CASE WHEN event = 'bill.deleted' THEN -charged ELSE 0 END AS deleted,
               charged AS net, CASE WHEN concerned.concerned_date < business_date THEN charged ELSE 0 END AS late
          FROM charge LEFT JOIN first_bill USING (bill_id)
         CROSS JOIN LATERAL (SELECT coalesce(first_bill.concerned_date, charge.concerned_date) AS concerned_date)
               AS concerned
    """,
)
