"""What double-entry bookkeeping asks of the entries of bills and payments: openings, and what moved anything.

The statements know the parameters of reports (`projections.report`).
"""

from datetime import date, datetime
from typing import NamedTuple

from projections.first_bills import first_bills

TABLES = ("bill_entries", "payment_entries")
"""What these statements read."""

OF_PERIOD = """
    accommodation_id = %(accommodation_id)s AND business_date BETWEEN %(first)s AND %(last)s
    AND position <= %(position)s
"""
STANDING_BEFORE = """
    accommodation_id = %(accommodation_id)s AND position <= %(before)s AND next_position > %(before)s
"""


class FolioOpening(NamedTuple):
    """A folio: what it owed before the period, and its payments of before that had not changed its balance."""

    folio_id: str
    owed: int
    unapplied: int


OPENINGS = f"""
    SELECT folio_id, sum(owed) AS owed, sum(unapplied) AS unapplied
      FROM (SELECT folio_id, balance AS owed, 0 AS unapplied FROM read_model.bill_entries
             WHERE {STANDING_BEFORE} AND balance <> 0
            UNION ALL
            SELECT folio_id, 0, amount FROM read_model.payment_entries
             WHERE {STANDING_BEFORE} AND NOT applied AND status = 'LIVE'
            UNION ALL
            SELECT DISTINCT folio_id, 0, 0 FROM read_model.bill_entries WHERE {OF_PERIOD}) AS folio
     GROUP BY folio_id ORDER BY folio_id
"""
METHODS = f"""
    SELECT DISTINCT method FROM read_model.payment_entries
     CROSS JOIN LATERAL (VALUES (payment_method), (method_before)) AS named (method)
     WHERE {OF_PERIOD} AND method IS NOT NULL ORDER BY method
"""


class Moved(NamedTuple):
    """An event that moved a balance or money: the parts of its effect on the balance, and the money of a payment.

    The effect is charged + transferred + settled + adjusted, less the money if the payment is applied. It concerns the
    day that the payment was made on, or else the one that the first of the bill's chain of transfers was added on.
    """

    position: int
    event: str
    actor: str
    business_date: date
    recorded_at: datetime
    concerned_date: date
    folio_id: str
    bill_id: str
    balance_effect: int
    charged: int
    transferred: int
    settled: int
    adjusted: int
    payment_id: str | None
    method_before: str | None
    money_before: int
    method: str | None
    money: int
    applied: bool


ORIGINS = f"""
    SELECT subject, origin_bill_id, added_date, concerned_date FROM read_model.bill_entries
     WHERE {OF_PERIOD} AND origin_bill_id IS NOT NULL
"""
MOVED = f"""
    WITH RECURSIVE {first_bills(ORIGINS)}
    SELECT position, event, actor, business_date, recorded_at,
           coalesce(payment.concerned_date, first_bill.concerned_date, bill.concerned_date), folio_id,
           bill.subject, balance_effect, charged, transferred, settled, adjusted,
           payment.subject, method_before, coalesce(money_before, 0), method, coalesce(money, 0),
           coalesce(applied, true)
      FROM (SELECT * FROM read_model.bill_entries WHERE {OF_PERIOD}) AS bill
      LEFT JOIN first_bill ON bill_id = bill.subject
      LEFT JOIN (SELECT position, subject, concerned_date, method_before, amount_before AS money_before,
                        CASE WHEN status = 'LIVE' THEN payment_method END AS method,
                        CASE WHEN status = 'LIVE' THEN amount ELSE 0 END AS money, applied
                   FROM read_model.payment_entries) AS payment USING (position)
     WHERE balance_effect <> 0 OR charged <> 0
        OR (method_before, money_before) IS DISTINCT FROM (method, money)
     ORDER BY business_date, position
"""
