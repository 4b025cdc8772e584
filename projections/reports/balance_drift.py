"""Bills whose stated balance is not what their charges, payments, settlements and transfers say."""

from projections.report import Column, Report
from projections.reports.columns import BILL, BILL_CODE, BILL_NAME, BILL_STATUS, FOLIO

DRIFTING = """
    adjusted AS (
        SELECT subject AS bill_id, adjusted_so_far AS adjusted FROM read_model.bill_entries
         WHERE accommodation_id = %(accommodation_id)s AND adjusted_so_far <> 0
           AND position <= %(until)s AND next_position > %(until)s),
    unapplied AS (
        SELECT bill_id, sum(amount) AS unapplied FROM read_model.payment_entries
         WHERE accommodation_id = %(accommodation_id)s AND NOT applied AND status = 'LIVE'
           AND position <= %(until)s AND next_position > %(until)s GROUP BY bill_id),
    drifting AS (
        SELECT bill_id, coalesce(adjusted, 0) + coalesce(unapplied, 0) AS drift
          FROM adjusted FULL JOIN unapplied USING (bill_id)
         WHERE coalesce(adjusted, 0) + coalesce(unapplied, 0) <> 0)
"""
"""The parts of a WITH that end with `drifting`: bills with a balance that their events do not make, and by how much."""
DRIFTS = f"""
    WITH {DRIFTING}
    SELECT folio_id, bill_id, bill_code, name, status, balance AS stated, balance - drift AS expected, drift
      FROM drifting
      JOIN LATERAL (SELECT folio_id, bill_code, name, status, balance FROM read_model.bill_entries
                     WHERE subject = bill_id AND position <= %(until)s AND next_position > %(until)s
                     LIMIT 1) AS bill ON true
     WHERE %(folio_id)s::text IS NULL OR folio_id = %(folio_id)s
"""
"""Without the LIMIT, PostgreSQL would rather read all the entries than look a few bills up."""
SUMS = "sum(stated) AS stated, sum(expected) AS expected, sum(drift) AS drift"


def _by(keys: str) -> str:
    return f"SELECT {keys}, {SUMS} FROM ({DRIFTS}) AS bill GROUP BY {keys} ORDER BY {keys}"


REPORT = Report(
    name="balance-drift",
    title="Balance drift",
    title_korean="잔액 불일치",
    description="Bills whose balance, as the PMS states it, is not what charges, payments, settlements and transfers"
    " make of it at the end of the period's last day. A payment that was recorded without changing the balance is"
    " expected to be followed by a stated balance that takes it off.",
    groupings={"bill": (FOLIO, BILL, BILL_CODE, BILL_NAME, BILL_STATUS), "folio": (FOLIO,), "total": ()},
    columns=(
        Column("stated", "amount", "The balance as it stands", adds=True),
        Column("expected", "amount", "What the events other than stated balances make", adds=True),
        Column("drift", "amount", "Stated - expected", adds=True),
    ),
    entries=f"""
        SELECT position, event, folio_id, bill_id, bill_code, name, status,
               stated, stated - drift AS expected, drift
          FROM (SELECT entry.position, entry.event, bill.folio_id, bill.bill_id, bill.bill_code, bill.name, bill.status,
                       entry.balance_effect AS stated, entry.adjusted + coalesce(
                           (SELECT CASE WHEN payment.status = 'LIVE' THEN payment.amount ELSE 0 END
                                   - payment.amount_before
                              FROM read_model.payment_entries AS payment
                             WHERE payment.position = entry.position AND NOT payment.applied), 0) AS drift
                  FROM ({DRIFTS}) AS bill
                  JOIN read_model.bill_entries AS entry
                    ON entry.subject = bill.bill_id AND entry.position <= %(until)s) AS effect
         WHERE (stated, drift) <> (0, 0)
    """,
    rows={
        "bill": _by("folio_id, bill_id, bill_code, name, status"),
        "folio": _by("folio_id"),
        "total": f"SELECT {SUMS} FROM ({DRIFTS}) AS bill HAVING count(*) > 0",
    },
    as_of=True,
)
