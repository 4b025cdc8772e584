"""Credits: money on bills that owe nothing for it."""

from projections.report import Column, Report
from projections.reports.balance_drift import DRIFT_OF_ENTRY, DRIFTS
from projections.reports.columns import BILL, BILL_CODE, BILL_NAME, FOLIO

ENDED = "status NOT IN ('OPEN', 'SETTLED')"
CREDITS = f"""
    WITH drift AS ({DRIFTS})
    SELECT CASE WHEN {ENDED} THEN status ELSE 'OVERPAID' END AS why, folio_id, bill_id, bill_code, name,
           -balance AS credit
      FROM (SELECT status, folio_id, subject AS bill_id, bill_code, name, balance FROM read_model.bill_entries
             WHERE accommodation_id = %(accommodation_id)s AND balance < 0 AND balance <> 0
               AND position <= %(until)s AND next_position > %(until)s
               AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)) AS bill
     WHERE NOT ({ENDED} AND bill_id IN (SELECT bill_id FROM drift))
    UNION ALL
    SELECT status, folio_id, bill_id, bill_code, name, -expected FROM drift WHERE {ENDED} AND expected < 0
"""
"""A bill that has ended holds what was paid, whatever its stated balance makes of that. (`balance <> 0` finds the index
of the bills that owe.)"""
WHY = Column("why", "text", "OVERPAID, or CANCELLED, DELETED, TRANSFERRED for the bill that the money is on")


def _by(keys: str) -> str:
    return f"""
        SELECT {keys}, count(*) AS bills, sum(credit) AS credit FROM ({CREDITS}) AS bill
         GROUP BY {keys} ORDER BY {keys}
    """


REPORT = Report(
    name="unallocated",
    title="Unallocated credits",
    title_korean="미배분 잔액",
    description="Bills on which there is more money than they owe at the end of the period's last day: overpaid ones,"
    " and those that were cancelled, deleted or transferred with money on them, which counts there whether it had"
    " changed the balance or not.",
    groupings={
        "bill": (WHY, FOLIO, BILL, BILL_CODE, BILL_NAME),
        "folio": (FOLIO,),
        "why": (WHY,),
        "total": (),
    },
    columns=(
        Column("bills", "count", "Bills with a credit"),
        Column("credit", "amount", "The money to give back or to use for other bills", adds=True),
    ),
    entries=f"""
        SELECT position, event, why, folio_id, bill_id, bill_code, name, credit
          FROM (SELECT entry.position, entry.event, why, bill.folio_id, bill.bill_id, bill.bill_code, bill.name,
                       CASE WHEN why = 'OVERPAID' THEN 0 ELSE {DRIFT_OF_ENTRY} END - entry.balance_effect AS credit
                  FROM ({CREDITS}) AS bill
                  JOIN read_model.bill_entries AS entry
                    ON entry.subject = bill.bill_id AND entry.position <= %(until)s) AS effect
         WHERE credit <> 0
    """,
    rows={
        "bill": _by("why, folio_id, bill_id, bill_code, name"),
        "folio": _by("folio_id"),
        "why": _by("why"),
        "total": f"SELECT count(*) AS bills, coalesce(sum(credit), 0) AS credit FROM ({CREDITS}) AS bill",
    },
    as_of=True,
)
