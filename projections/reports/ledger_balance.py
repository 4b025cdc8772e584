"""The trial balance: what was owed when a day began, what changed it, and what was owed when it ended."""

from projections.report import Column, Report
from projections.reports.columns import BUSINESS_DATE, FOLIO

OPENING = """
    SELECT folio_id, balance FROM read_model.bill_entries
     WHERE accommodation_id = %(accommodation_id)s AND balance <> 0
       AND position <= %(before)s AND next_position > %(before)s
       AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
"""
CLOSING = OPENING.replace("%(before)s", "%(until)s")

FLOWS = """
    SELECT business_date, folio_id, charged, paid, transferred, settled, adjusted, balance_effect
      FROM read_model.bill_entries
     WHERE accommodation_id = %(accommodation_id)s AND business_date BETWEEN %(first)s AND %(last)s
       AND position <= %(position)s AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
"""
SUMS = """
    coalesce(sum(charged), 0) AS charges, coalesce(sum(paid), 0) AS payments,
    coalesce(sum(transferred), 0) AS transfers, coalesce(sum(settled), 0) AS settlements,
    coalesce(sum(adjusted), 0) AS adjustments,
    coalesce(sum(balance_effect), 0) AS effect
"""
EQUATION = "opening + charges - payments + transfers + settlements + adjustments"

BY_DAY = f"""
    WITH day AS (SELECT business_date, {SUMS} FROM ({FLOWS}) AS flow GROUP BY business_date),
    opening AS (SELECT coalesce(sum(balance), 0) AS balance FROM ({OPENING}) AS bill),
    closing AS (SELECT coalesce(sum(balance), 0) AS balance FROM ({CLOSING}) AS bill),
    balanced AS (
        SELECT each::date AS business_date, (SELECT balance FROM opening)
               + sum(coalesce(effect, 0)) OVER (ORDER BY each) - coalesce(effect, 0) AS opening,
               coalesce(charges, 0) AS charges, coalesce(payments, 0) AS payments,
               coalesce(transfers, 0) AS transfers, coalesce(settlements, 0) AS settlements,
               coalesce(adjustments, 0) AS adjustments, coalesce(effect, 0) AS effect
          FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS each
          LEFT JOIN day ON business_date = each::date)
    SELECT business_date, opening, charges, payments, transfers, settlements, adjustments, opening + effect AS closing,
           CASE WHEN business_date = %(last)s::date THEN (SELECT balance FROM closing) ELSE opening + effect END
           - ({EQUATION}) AS difference
      FROM balanced ORDER BY business_date
"""
BY_FOLIO = f"""
    WITH flow AS (SELECT folio_id, {SUMS} FROM ({FLOWS}) AS flow GROUP BY folio_id),
    opening AS (SELECT folio_id, sum(balance) AS opening FROM ({OPENING}) AS bill GROUP BY folio_id),
    closing AS (SELECT folio_id, sum(balance) AS closing FROM ({CLOSING}) AS bill GROUP BY folio_id),
    balanced AS (
        SELECT folio_id, coalesce(opening, 0) AS opening, coalesce(charges, 0) AS charges,
               coalesce(payments, 0) AS payments, coalesce(transfers, 0) AS transfers,
               coalesce(settlements, 0) AS settlements, coalesce(adjustments, 0) AS adjustments,
               coalesce(opening, 0) + coalesce(effect, 0) AS closing, coalesce(closing, 0) AS found
          FROM flow FULL JOIN opening USING (folio_id) FULL JOIN closing USING (folio_id))
    SELECT folio_id, opening, charges, payments, transfers, settlements, adjustments, closing,
           found - ({EQUATION}) AS difference
      FROM balanced
     WHERE (opening, charges, payments, transfers, settlements, adjustments, found) <> (0, 0, 0, 0, 0, 0, 0)
     ORDER BY folio_id
"""
BY_FOLIO_AND_DAY = f"""
    WITH flow AS (SELECT folio_id, business_date, {SUMS} FROM ({FLOWS}) AS flow GROUP BY folio_id, business_date),
    opening AS (SELECT folio_id, sum(balance) AS balance FROM ({OPENING}) AS bill GROUP BY folio_id),
    balanced AS (
        SELECT folio_id, business_date, charges, payments, transfers, settlements, adjustments, effect,
               coalesce(balance, 0)
               + sum(effect) OVER (PARTITION BY folio_id ORDER BY business_date) - effect AS opening
          FROM flow LEFT JOIN opening USING (folio_id))
    SELECT folio_id, business_date, opening, charges, payments, transfers, settlements, adjustments,
           opening + effect AS closing, opening + effect - ({EQUATION}) AS difference
      FROM balanced
     WHERE (charges, payments, transfers, settlements, adjustments) <> (0, 0, 0, 0, 0)
     ORDER BY folio_id, business_date
"""

REPORT = Report(
    name="ledger-balance",
    title="Ledger balance",
    title_korean="원장 잔액",
    description="Trial balance: opening + charges - payments + transfers + settlements + adjustments = closing. An"
    " opening is the balance effects of all events of earlier days, a closing those of its own day as well. Grouped by"
    " folio and day, days that changed nothing of a folio are left out.",
    groupings={"day": (BUSINESS_DATE,), "folio": (FOLIO,), "folio,day": (FOLIO, BUSINESS_DATE)},
    columns=(
        Column("opening", "amount", "Owed when the row begins"),
        Column("charges", "amount", "Bills added, changed, cancelled and deleted", adds=True),
        Column("payments", "amount", "Payments that count in the balance, less those cancelled or deleted", adds=True),
        Column("transfers", "amount", "Debt that came from other folios, less what went there", adds=True),
        Column("settlements", "amount", "Debt that bills took over from others, less what they gave away", adds=True),
        Column("adjustments", "amount", "Balances stated by the PMS that no charge explains", adds=True),
        Column("closing", "amount", "Owed when the row ends"),
        Column("difference", "amount", "What the equation is wrong by: always 0"),
    ),
    entries="""
        SELECT position, event, business_date, folio_id,
               CASE WHEN position > %(before)s THEN charged ELSE 0 END AS charges,
               CASE WHEN position > %(before)s THEN paid ELSE 0 END AS payments,
               CASE WHEN position > %(before)s THEN transferred ELSE 0 END AS transfers,
               CASE WHEN position > %(before)s THEN settled ELSE 0 END AS settlements,
               CASE WHEN position > %(before)s THEN adjusted ELSE 0 END AS adjustments, balance_effect
          FROM read_model.bill_entries
         WHERE accommodation_id = %(accommodation_id)s AND position <= %(until)s
           AND (balance_effect <> 0 OR charged <> 0 AND position > %(before)s)
           AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
    """,
    rows={"day": BY_DAY, "folio": BY_FOLIO, "folio,day": BY_FOLIO_AND_DAY},
    explained_by=(Column("balance_effect", "amount", "What the event changed of the balance"),),
)
