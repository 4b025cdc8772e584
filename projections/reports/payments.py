"""Every payment of a period in one list, whichever folio it is on.

A closed period stays as it was: a payment that is corrected later stands in the later period once more, as it is then,
with the difference in `net`.
"""

from projections.report import Column, Report
from projections.reports.columns import ACTOR, BILL, BUSINESS_DATE, CONCERNED_DATE, FOLIO, METHOD, REASON, RECORDED_AT

PAYMENTS = """
    SELECT taken_date AS business_date, subject AS payment_id,
           CASE WHEN stays THEN standing.payment_method ELSE earlier.payment_method END AS payment_method,
           concerned_date, taken_at AS recorded_at, paid_at, folio_id, bill_id,
           CASE WHEN stays THEN standing.amount ELSE 0 END AS amount,
           CASE WHEN stays THEN standing.status ELSE 'CORRECTED' END AS status,
           CASE WHEN stays AND standing.status = 'LIVE' THEN standing.amount ELSE 0 END
           - CASE WHEN stays AND earlier.payment_method <> standing.payment_method THEN 0
                  ELSE coalesce(earlier.amount, 0) END AS net,
           applied, cashier, cancelled_at, cancelled_by, payment_request_id, event AS last_event,
           standing.business_date AS last_date, actor, reason
      FROM read_model.payment_entries AS standing
      LEFT JOIN LATERAL (
          SELECT payment_method, amount FROM read_model.payment_entries AS earlier
           WHERE standing.taken_date < %(first)s AND earlier.subject = standing.subject AND earlier.status = 'LIVE'
             AND earlier.position <= %(before)s AND earlier.next_position > %(before)s LIMIT 1) AS earlier ON true
      JOIN (VALUES (true), (false)) AS method (stays) ON stays OR earlier.payment_method <> standing.payment_method
     WHERE accommodation_id = %(accommodation_id)s AND standing.business_date BETWEEN %(first)s AND %(last)s
       AND position <= %(until)s AND next_position > %(until)s
       AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
"""
"""A payment as it stood at the period's end, beside what counted of it before the period, which is looked up only where
it was recorded earlier. By another method than then it has two rows: one `stays`, the other only lost the money."""

REPORT = Report(
    name="payments",
    title="Payments",
    title_korean="결제 내역",
    description="Every payment to which something happened in the period (recorded, corrected, cancelled, deleted), as"
    " it stood at the period's end. 'net' is what the period made of the money that counts, so it adds up to"
    " daily-takings by method; a payment that was recorded before the period shows the difference only, and one that"
    " changed its method has a row (CORRECTED) for the method that lost it.",
    groupings={"payment": (BUSINESS_DATE, Column("payment_id", "text", "The payment"), METHOD)},
    columns=(
        CONCERNED_DATE,
        RECORDED_AT,
        Column("paid_at", "time", "When it was paid"),
        FOLIO,
        BILL,
        Column(
            "amount", "amount", "Its amount at the end of the period; of an event: what it changed of that", adds=True
        ),
        Column("status", "text", "LIVE, CANCELLED or DELETED; CORRECTED: found in the period to be by another method"),
        Column("net", "amount", "What the period made of the money that counts", adds=True),
        Column("applied", "flag", "Whether it changed the bill's balance"),
        Column("cashier", "text", "Who recorded it"),
        Column("cancelled_at", "time", "When it was cancelled"),
        Column("cancelled_by", "text", "Who cancelled it"),
        Column("payment_request_id", "text", "The payment request that it answers"),
        Column("last_event", "text", "What happened to it last in the period"),
        Column("last_date", "date", "The business day of that: later than businessDate when it was not the recording"),
        ACTOR,
        REASON,
    ),
    entries=f"""
        SELECT entry.position, entry.event, entry.business_date AS event_date, payment.business_date, payment_id,
               side.payment_method, CASE WHEN entry.status = 'LIVE' THEN money ELSE 0 END AS amount,
               CASE WHEN entry.position > %(before)s THEN money ELSE 0 END AS net
          FROM ({PAYMENTS}) AS payment
          JOIN read_model.payment_entries AS entry ON entry.subject = payment_id AND entry.position <= %(until)s
          CROSS JOIN LATERAL (
              VALUES (CASE WHEN entry.status = 'LIVE' OR method_before IS NULL THEN entry.payment_method END,
                      CASE WHEN entry.status = 'LIVE' THEN entry.amount ELSE 0 END),
                     (method_before, -amount_before)
          ) AS side (payment_method, money)
         WHERE side.payment_method = payment.payment_method
    """,
    rows=f"SELECT * FROM ({PAYMENTS}) AS payment ORDER BY business_date, payment_id, payment_method",
    explained_by=(Column("event_date", "date", "The business day of the event; of earlier ones net is 0"),),
)
