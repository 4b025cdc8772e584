"""Money that came in: by method and day, by cashier for the hand-over of a shift."""

from projections.report import Chart, Column, Report
from projections.reports.columns import ACTOR, BUSINESS_DATE, CONCERNED_DATE, METHOD

REPORT = Report(
    name="daily-takings",
    title="Daily takings",
    title_korean="일별 수납",
    description="Payments by method on the day they were recorded, what was cancelled or deleted apart. A correction"
    " takes the old amount out and the new one in. 'actor' shows who did it, 'concerned' the day that a payment was"
    " made for. Payments count whether they changed a bill's balance or not. Rows in which every figure is 0 are left"
    " out: a correction may change neither money nor method.",
    groupings={
        "method": (BUSINESS_DATE, METHOD),
        "actor": (BUSINESS_DATE, ACTOR, METHOD),
        "concerned": (BUSINESS_DATE, CONCERNED_DATE, METHOD),
        "day": (BUSINESS_DATE,),
        "total": (),
    },
    columns=(
        Column("payments", "count", "Payments recorded", adds=True),
        Column("taken", "amount", "Their amounts", adds=True),
        Column("corrected", "amount", "By how much corrections changed amounts", adds=True),
        Column("payments_cancelled", "count", "Payments cancelled", adds=True),
        Column("cancelled", "amount", "Money given back", adds=True),
        Column("payments_deleted", "count", "Payments deleted that had not been cancelled", adds=True),
        Column("deleted", "amount", "Their amounts, which no longer count", adds=True),
        Column("net", "amount", "Taken + corrected - cancelled - deleted", adds=True),
        Column("late", "amount", "What of it concerns earlier days", adds=True),
    ),
    entries="""
        SELECT position, event, business_date, side.concerned_date, actor, side.payment_method,
               (event = 'payment.recorded')::int AS payments,
               CASE WHEN event = 'payment.recorded' THEN side.net ELSE 0 END AS taken,
               CASE WHEN event = 'payment.updated' THEN side.net ELSE 0 END AS corrected,
               (event = 'payment.cancelled')::int AS payments_cancelled,
               CASE WHEN event = 'payment.cancelled' THEN -side.net ELSE 0 END AS cancelled,
               (event = 'payment.deleted')::int AS payments_deleted,
               CASE WHEN event = 'payment.deleted' THEN -side.net ELSE 0 END AS deleted,
               side.net, CASE WHEN side.concerned_date < business_date THEN side.net ELSE 0 END AS late
          FROM read_model.payment_entries AS entry
          CROSS JOIN LATERAL (
              VALUES (payment_method, concerned_date, CASE WHEN status = 'LIVE' THEN amount END),
                     (method_before, concerned_before, CASE WHEN method_before IS NOT NULL THEN -amount_before END)
          ) AS side (payment_method, concerned_date, net)
         WHERE accommodation_id = %(accommodation_id)s AND business_date BETWEEN %(first)s AND %(last)s
           AND position <= %(position)s AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
           AND side.net IS NOT NULL
    """,
    chart=Chart("takings", "method"),
)
