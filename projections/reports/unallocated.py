"""Credits: money that covers nothing.

A credit is what was paid on a bill, and is still there, beyond what it covers: none is larger than the bill's live
payments. They cover what the bill owes, by its stated balance, or by its charge alone once it has ended; what went away
from it with only its open rest; and the bills that were settled from it. What such a bill has too much, because it was
lowered, cancelled or deleted, goes back to the bills whose money covered it, the newest cover first.
"""

from projections.report import Column, Report
from projections.reports.balance_drift import DRIFTING
from projections.reports.columns import BILL, BILL_CODE, BILL_NAME, FOLIO

ENDED = "status NOT IN ('OPEN', 'SETTLED')"
EFFECTS = """
    SELECT entry.position, entry.event, coalesce(money, 0) AS money, -balance_effect AS stated,
           adjusted - balance_effect + CASE WHEN applied THEN 0 ELSE coalesce(money, 0) END AS charged
      FROM read_model.bill_entries AS entry
      LEFT JOIN LATERAL (
          SELECT applied, CASE WHEN status = 'LIVE' THEN amount ELSE 0 END - amount_before AS money
            FROM read_model.payment_entries AS payment WHERE payment.position = entry.position LIMIT 1) AS paid ON true
     WHERE entry.subject = {bill} AND entry.position <= %(until)s
"""
"""What each event of a bill made of the money on it, and of what it has too much: by its stated balance, and by what
charges, settlements, transfers and payments make of it."""
STANDING = f"""
    SELECT newest.folio_id, newest.bill_code, newest.name, money,
           CASE WHEN {ENDED} THEN status ELSE 'OVERPAID' END AS why,
           CASE WHEN {ENDED} THEN charged ELSE stated END AS excess
      FROM (SELECT max(position) AS position, sum(money) AS money, sum(stated) AS stated, sum(charged) AS charged
              FROM ({EFFECTS}) AS effect) AS all_of_it
      JOIN LATERAL (SELECT folio_id, bill_code, name, status FROM read_model.bill_entries AS entry
                     WHERE entry.position = all_of_it.position LIMIT 1) AS newest ON true
"""
COVERS = """
    SELECT giver, least(given, {spare} - newer) AS amount
      FROM (SELECT giver, given, sum(given) OVER (ORDER BY position DESC) - given AS newer
              FROM (SELECT position,
                           CASE event WHEN 'bill.settled' THEN other_bill_id ELSE origin_bill_id END AS giver,
                           CASE event WHEN 'bill.settled' THEN -settled ELSE total - balance END AS given
                      FROM read_model.bill_entries
                     WHERE subject = {bill} AND position <= %(until)s
                       AND (event = 'bill.settled' OR event = 'bill.added' AND origin_bill_id IS NOT NULL)) AS side
             WHERE given > 0) AS cover
     WHERE newer < {spare}
"""
"""The bills that covered a bill, and how much of what it can spare goes back to each."""


def _of(statement: str, bill: str, spare: str = "") -> str:
    return statement.replace("{bill}", bill).replace("{spare}", spare)


CREDITS = f"""
    {DRIFTING},
    suspect AS (
        SELECT subject AS bill_id FROM read_model.bill_entries
         WHERE accommodation_id = %(accommodation_id)s AND balance < 0 AND balance <> 0
           AND position <= %(until)s AND next_position > %(until)s
        UNION
        SELECT bill_id FROM drifting JOIN LATERAL (
            SELECT status FROM read_model.bill_entries
             WHERE subject = bill_id AND position <= %(until)s AND next_position > %(until)s
             LIMIT 1) AS bill ON {ENDED}),
    claim AS (
        SELECT bill_id, excess, excess - money AS spare
          FROM suspect CROSS JOIN LATERAL ({_of(STANDING, "bill_id")}) AS standing WHERE excess > 0),
    given_back (bill_id, giver, amount, way) AS (
        SELECT bill_id, giver, amount, ARRAY[bill_id, giver]
          FROM claim CROSS JOIN LATERAL ({_of(COVERS, "claim.bill_id", "claim.spare")}) AS cover
        UNION ALL
        SELECT given_back.bill_id, cover.giver, cover.amount, way || cover.giver
          FROM given_back
         CROSS JOIN LATERAL ({_of(STANDING, "given_back.giver")}) AS standing
         CROSS JOIN LATERAL (SELECT given_back.amount - greatest(money - excess, 0) AS spare) AS kept
         CROSS JOIN LATERAL ({_of(COVERS, "given_back.giver", "kept.spare")}) AS cover
         WHERE cover.giver <> ALL(way)),
    holder AS (
        SELECT bill_id, sum(amount) AS amount
          FROM (SELECT bill_id, 0 AS amount FROM claim
                UNION ALL SELECT giver, amount FROM given_back) AS each GROUP BY bill_id),
    credit AS (
        SELECT why, folio_id, bill_id, bill_code, name, least(money, excess + amount) AS credit
          FROM holder CROSS JOIN LATERAL ({_of(STANDING, "bill_id")}) AS standing
         WHERE least(money, excess + amount) > 0 AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s))
"""
"""The parts of a WITH RECURSIVE that end with `credit`. A bill that covered another keeps what it owes and what its own
money was needed for; the rest goes on. (`balance <> 0` finds the index of the bills that owe.)"""
MADE = f"""
    SELECT credit.*, effect.position, effect.event, money,
           CASE why WHEN 'OVERPAID' THEN stated ELSE charged END AS excess, 1 AS turn
      FROM credit CROSS JOIN LATERAL ({_of(EFFECTS, "bill_id")}) AS effect
    UNION ALL
    SELECT credit.*, newest.position, newest.event, 0, amount, 2
      FROM credit
      JOIN (SELECT giver, bill_id AS spared_by, sum(amount) AS amount
              FROM given_back GROUP BY giver, bill_id) AS arrived ON giver = credit.bill_id
      JOIN LATERAL (SELECT position, event FROM read_model.bill_entries
                     WHERE subject = spared_by AND position <= %(until)s AND next_position > %(until)s
                     LIMIT 1) AS newest ON true
"""
"""What made a credit: the events of its bill, and then, for what came back, the newest of the bill that spared it."""
WHY = Column("why", "text", "OVERPAID, or CANCELLED, DELETED, TRANSFERRED for the bill that the money is on")


def _by(keys: str) -> str:
    return f"""
        WITH RECURSIVE {CREDITS}
        SELECT {keys}, count(*) AS bills, sum(credit) AS credit FROM credit GROUP BY {keys} ORDER BY {keys}
    """


REPORT = Report(
    name="unallocated",
    title="Unallocated credits",
    title_korean="미배분 잔액",
    description="Bills on which there is more money than is needed at the end of the period's last day: overpaid ones,"
    " and those that were cancelled, deleted or transferred. All money counts that was paid on the bill and is still"
    " there, whether it had changed the balance or not, and no more than that. What covers a bill that was transferred,"
    " split away or settled from it is needed until that bill is lowered, cancelled or deleted.",
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
        WITH RECURSIVE {CREDITS},
        sum_after AS (
            SELECT *, greatest(least(sum(money) OVER so_far, sum(excess) OVER so_far), 0) AS after
              FROM ({MADE}) AS made WINDOW so_far AS (PARTITION BY bill_id ORDER BY turn, position))
        SELECT position, event, why, folio_id, bill_id, bill_code, name, credit
          FROM (SELECT position, event, why, folio_id, bill_id, bill_code, name,
                       after - lag(after, 1, 0) OVER (PARTITION BY bill_id ORDER BY turn, position) AS credit
                  FROM sum_after) AS effect
         WHERE credit <> 0
    """,
    rows={
        "bill": _by("why, folio_id, bill_id, bill_code, name"),
        "folio": _by("folio_id"),
        "why": _by("why"),
        "total": f"""
            WITH RECURSIVE {CREDITS} SELECT count(*) AS bills, coalesce(sum(credit), 0) AS credit FROM credit
        """,
    },
    as_of=True,
)
