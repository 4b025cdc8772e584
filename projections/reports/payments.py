"""Every payment of a period in one list, whichever folio it is on."""

from projections.report import Column, Report
from projections.reports.columns import BILL, BUSINESS_DATE, CONCERNED_DATE, FOLIO, METHOD, RECORDED_AT

REPORT = Report(
    name="payments",
    title="Payments",
    title_korean="결제 내역",
    description="Every payment that was recorded in the period and not deleted, as it stands: with later corrections"
    " and cancellations.",
    groupings={
        "payment": (
            BUSINESS_DATE,
            Column("payment_id", "text", "The payment"),
        )
    },
    columns=(
        CONCERNED_DATE,
        RECORDED_AT,
        Column("paid_at", "time", "When it was paid"),
        FOLIO,
        BILL,
        METHOD,
        Column("amount", "amount", "Its amount"),
        Column("status", "text", "LIVE or CANCELLED"),
        Column("net", "amount", "The money that still counts", adds=True),
        Column("applied", "flag", "Whether it changed the bill's balance"),
        Column("cashier", "text", "Who recorded it"),
        Column("cancelled_at", "time", "When it was cancelled"),
        Column("cancelled_by", "text", "Who cancelled it"),
        Column("payment_request_id", "text", "The payment request that it answers"),
    ),
    entries="""
        SELECT entry.position, entry.event, payment.taken_date AS business_date, payment.subject AS payment_id,
               CASE WHEN entry.status = 'LIVE' THEN entry.amount ELSE 0 END - entry.amount_before AS net
          FROM read_model.payment_entries AS payment
          JOIN read_model.payment_entries AS entry ON entry.subject = payment.subject AND entry.position <= %(position)s
         WHERE payment.accommodation_id = %(accommodation_id)s AND payment.taken_date BETWEEN %(first)s AND %(last)s
           AND payment.position <= %(position)s AND payment.next_position > %(position)s AND payment.status <> 'DELETED'
           AND (%(folio_id)s::text IS NULL OR payment.folio_id = %(folio_id)s)
    """,
    rows="""
        SELECT taken_date, subject, concerned_date, taken_at, paid_at, folio_id, bill_id, payment_method, amount,
               status, CASE WHEN status = 'LIVE' THEN amount ELSE 0 END AS net, applied, cashier, cancelled_at,
               cancelled_by, payment_request_id
          FROM read_model.payment_entries
         WHERE accommodation_id = %(accommodation_id)s AND taken_date BETWEEN %(first)s AND %(last)s
           AND position <= %(position)s AND next_position > %(position)s AND status <> 'DELETED'
           AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
         ORDER BY taken_date, subject
    """,
)
