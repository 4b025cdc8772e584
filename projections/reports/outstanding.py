"""What is owed at the end of a day, by how long it has been owed."""

from projections.first_bills import first_bills
from projections.report import Chart, Column, Report
from projections.reports.columns import BILL, BILL_CODE, BILL_NAME, FOLIO

MOVED = """
    SELECT bill_id, origin_bill_id, added_date, concerned_date FROM owing WHERE origin_bill_id IS NOT NULL
"""
DEBTS = f"""
    WITH RECURSIVE owing AS (
        SELECT subject AS bill_id, folio_id, bill_code, name, balance, added_date, concerned_date, origin_bill_id
          FROM read_model.bill_entries
         WHERE accommodation_id = %(accommodation_id)s AND balance <> 0
           AND position <= %(until)s AND next_position > %(until)s
           AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)),
    {first_bills(MOVED)}
    SELECT owing.*, %(last)s::date - coalesce(first_bill.added_date, owing.added_date) AS days
      FROM owing LEFT JOIN first_bill USING (bill_id)
"""
BUCKETS = {
    "days_0_to_7": "balance > 0 AND days <= 7",
    "days_8_to_30": "balance > 0 AND days BETWEEN 8 AND 30",
    "days_31_to_60": "balance > 0 AND days BETWEEN 31 AND 60",
    "days_61_to_90": "balance > 0 AND days BETWEEN 61 AND 90",
    "over_90": "balance > 0 AND days > 90",
    "credit": "balance < 0",
}
SUMS = ", ".join(f"coalesce(sum(balance) FILTER (WHERE {holds}), 0) AS {name}" for name, holds in BUCKETS.items())
EFFECTS = ", ".join(f"CASE WHEN {holds} THEN balance_effect ELSE 0 END AS {name}" for name, holds in BUCKETS.items())


def _by(keys: str) -> str:
    return f"""
        SELECT {keys}, {SUMS}, sum(balance) AS balance FROM ({DEBTS}) AS debt GROUP BY {keys} ORDER BY {keys}
    """


REPORT = Report(
    name="outstanding",
    title="Outstanding",
    title_korean="미수금",
    description="What is owed at the end of the period's last day, by folio and by how many days before that day the"
    " bill was added. A bill that was transferred is as old as the one it came from.",
    groupings={"folio": (FOLIO,), "bill": (FOLIO, BILL, BILL_CODE, BILL_NAME), "total": ()},
    columns=(
        Column("days_0_to_7", "amount", "Owed for up to 7 days", adds=True),
        Column("days_8_to_30", "amount", "Owed for 8 to 30 days", adds=True),
        Column("days_31_to_60", "amount", "Owed for 31 to 60 days", adds=True),
        Column("days_61_to_90", "amount", "Owed for 61 to 90 days", adds=True),
        Column("over_90", "amount", "Owed for more than 90 days", adds=True),
        Column("credit", "amount", "Bills on which more was paid than is owed; negative", adds=True),
        Column("balance", "amount", "All of these together", adds=True),
    ),
    entries=f"""
        SELECT entry.position, entry.event, debt.folio_id, debt.bill_id, debt.bill_code, debt.name,
               {EFFECTS}, balance_effect AS balance
          FROM (SELECT bill_id, folio_id, bill_code, name, balance AS owed, days FROM ({DEBTS}) AS debt) AS debt
          JOIN LATERAL (SELECT position, event, balance_effect, owed AS balance FROM read_model.bill_entries
                         WHERE subject = bill_id AND position <= %(until)s AND balance_effect <> 0) AS entry ON true
    """,
    rows={
        "folio": _by("folio_id"),
        "bill": _by("folio_id, bill_id, bill_code, name"),
        "total": f"SELECT {SUMS}, coalesce(sum(balance), 0) AS balance FROM ({DEBTS}) AS debt",
    },
    as_of=True,
    chart=Chart("ageing", "total"),
)
