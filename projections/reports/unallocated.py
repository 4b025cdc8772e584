"""Credits: money on bills that owe nothing for it."""

from projections.report import Column, Report
from projections.reports.columns import BILL, BILL_CODE, BILL_NAME, FOLIO

CREDITS = """
    SELECT CASE WHEN status IN ('OPEN', 'SETTLED') THEN 'OVERPAID' ELSE status END AS why, folio_id,
           subject AS bill_id, bill_code, name, added_date, -balance AS credit
      FROM read_model.bill_entries
     WHERE accommodation_id = %(accommodation_id)s AND balance < 0 AND balance <> 0
       AND position <= %(until)s AND next_position > %(until)s
       AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
"""
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
    " and those that were cancelled, deleted or transferred with money on them.",
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
        SELECT entry.position, entry.event, why, bill.folio_id, bill.bill_id, bill.bill_code, bill.name,
               -entry.balance_effect AS credit
          FROM ({CREDITS}) AS bill
          JOIN read_model.bill_entries AS entry
            ON entry.subject = bill.bill_id AND entry.position <= %(until)s AND entry.balance_effect <> 0
    """,
    rows={
        "bill": _by("why, folio_id, bill_id, bill_code, name"),
        "folio": _by("folio_id"),
        "why": _by("why"),
        "total": f"SELECT count(*) AS bills, coalesce(sum(credit), 0) AS credit FROM ({CREDITS}) AS bill",
    },
    as_of=True,
)
