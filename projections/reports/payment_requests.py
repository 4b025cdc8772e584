"""What became of the requests that guests were sent, how many paid, how soon, and what it cost."""

from projections.report import Chart, Column, Report
from projections.reports.columns import BUSINESS_DATE

ENTRIES = """
    SELECT position, event, business_date, (event = 'payment_request.sent')::int AS sent,
           CASE WHEN event = 'payment_request.sent' THEN amount ELSE 0 END AS sent_amount,
           (event = 'payment_request.resent')::int AS resent, (event = 'payment_request.paid')::int AS paid,
           CASE WHEN event = 'payment_request.paid' THEN paid_amount ELSE 0 END AS paid_amount,
           (event = 'payment_request.expired')::int AS expired, (event = 'payment_request.destroyed')::int AS destroyed,
           (event = 'payment_request.refused')::int AS refused, (event = 'payment_request.refunded')::int AS refunded,
           CASE WHEN event = 'payment_request.refunded' THEN coalesce(paid_amount, 0) ELSE 0 END AS refunded_amount,
           points, 0 AS paid_of_sent, NULL::bigint AS seconds
      FROM read_model.request_entries
     WHERE accommodation_id = %(accommodation_id)s AND business_date BETWEEN %(first)s AND %(last)s
       AND position <= %(until)s AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
    UNION ALL
    SELECT position, event, sent_date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
           greatest(extract(epoch FROM paid_at - sent_at), 0)::bigint
      FROM read_model.request_entries
     WHERE accommodation_id = %(accommodation_id)s AND sent_date BETWEEN %(first)s AND %(last)s
       AND position <= %(until)s AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)
       AND event = 'payment_request.paid'
"""
FLOWS = (
    "sent", "sent_amount", "resent", "paid", "paid_amount", "expired", "destroyed", "refused", "refunded",
    "refunded_amount", "points", "paid_of_sent",
)  # fmt: skip
SUMS = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in FLOWS)
CONVERSION = "CASE WHEN sum(sent) > 0 THEN round(100.0 * sum(paid_of_sent) / sum(sent), 1) END AS conversion"
MEDIAN = "percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds_to_pay"

REPORT = Report(
    name="payment-requests",
    title="Payment requests",
    title_korean="결제 요청",
    description="What happened to payment requests on each business day. Conversion and time to pay are those of the"
    " requests that were sent on that day, as far as they were paid by the end of the period.",
    groupings={"day": (BUSINESS_DATE,), "total": ()},
    columns=(
        Column("sent", "count", "Requests sent to guests", adds=True),
        Column("sent_amount", "amount", "Their amounts", adds=True),
        Column("resent", "count", "Messages sent once more", adds=True),
        Column("paid", "count", "Requests that were learned to be paid", adds=True),
        Column("paid_amount", "amount", "What was paid for them", adds=True),
        Column("expired", "count", "Requests whose last day ended unpaid", adds=True),
        Column("destroyed", "count", "Requests voided before they were paid", adds=True),
        Column("refused", "count", "Requests that the provider refused", adds=True),
        Column("refunded", "count", "Requests whose money went back", adds=True),
        Column("refunded_amount", "amount", "The money that went back", adds=True),
        Column("points", "count", "The provider's points that were spent", adds=True),
        Column(
            "paid_of_sent",
            "count",
            "Of the requests sent on this day: how many were paid by the period's end",
            adds=True,
        ),
        Column("conversion", "percent", "paidOfSent of sent, in percent; their events explain it"),
        Column(
            "seconds_to_pay",
            "seconds",
            "From sending to paying, half of those that paid were quicker: the middle one of their events' seconds",
        ),
    ),
    entries=ENTRIES,
    rows={
        "day": f"""
            SELECT business_date, {SUMS}, {CONVERSION}, {MEDIAN} FROM ({ENTRIES}) AS entry
             GROUP BY business_date ORDER BY business_date
        """,
        "total": f"SELECT {SUMS}, {CONVERSION}, {MEDIAN} FROM ({ENTRIES}) AS entry",
    },
    explained_by=(Column("seconds", "seconds", "From sending to paying, of the event of one that was sent and paid"),),
    chart=Chart("conversion", "day"),
)
