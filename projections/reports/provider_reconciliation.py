"""The provider's word about payment requests against our own books, difference by difference."""

from projections.report import Column, Report
from projections.reports.columns import BILL, FOLIO

COMPARED = """
    WITH touched AS (
        SELECT subject AS request_id FROM read_model.request_entries
         WHERE accommodation_id = %(accommodation_id)s AND business_date BETWEEN %(first)s AND %(last)s
           AND position <= %(until)s
        UNION
        SELECT payment_request_id FROM read_model.payment_entries
         WHERE accommodation_id = %(accommodation_id)s AND business_date BETWEEN %(first)s AND %(last)s
           AND position <= %(until)s AND payment_request_id IS NOT NULL),
    request AS (
        SELECT request_id, requested_date, folio_id, bill_id, status, amount AS asked, flags, last_error,
               CASE WHEN status = 'PAID' THEN paid_amount ELSE 0 END AS provider_amount
          FROM touched JOIN read_model.request_entries ON subject = request_id
         WHERE position <= %(until)s AND next_position > %(until)s
           AND (%(folio_id)s::text IS NULL OR folio_id = %(folio_id)s)),
    ours AS (
        SELECT payment_request_id AS request_id, sum(amount) AS our_amount FROM read_model.payment_entries
         WHERE accommodation_id = %(accommodation_id)s AND payment_request_id IS NOT NULL AND status = 'LIVE'
           AND position <= %(until)s AND next_position > %(until)s GROUP BY payment_request_id)
    SELECT request.*, coalesce(our_amount, 0) AS our_amount, provider_amount - coalesce(our_amount, 0) AS off_by
      FROM request LEFT JOIN ours USING (request_id)
"""
DIFFERENCES = f"""
    SELECT found.difference, request_id, requested_date, folio_id, bill_id, status, asked, provider_amount, our_amount,
           off_by, found.note
      FROM ({COMPARED}) AS compared
      CROSS JOIN LATERAL (
          SELECT 'AMOUNT' AS difference, NULL AS note WHERE off_by <> 0
          UNION ALL SELECT 'NO_WORD', last_error WHERE status = 'UNKNOWN'
          UNION ALL SELECT 'RESEND_IN_DOUBT', last_error WHERE status = 'SENT' AND last_error IS NOT NULL
          UNION ALL SELECT flag, NULL FROM jsonb_array_elements_text(flags) AS flag) AS found
"""
DIFFERENCE = Column(
    "difference",
    "text",
    "AMOUNT: our books hold other money for it than the provider says; NO_WORD: the provider gave no word on it;"
    " RESEND_IN_DOUBT; or what it was paid in spite of: AMOUNT_DIFFERS from what was asked, PAID_AFTER_END,"
    " BILL_CANCELLED, BILL_TRANSFERRED, BILL_DELETED",
)
REQUEST = Column("request_id", "text", "The payment request")
ASKED = Column("asked", "amount", "What the guest was asked for")
REQUESTS = Column("requests", "count", "How many requests: the events that asked for them")

REPORT = Report(
    name="provider-reconciliation",
    title="Provider reconciliation",
    title_korean="결제대행사 대사",
    description="Payment requests to which, or to whose payments, something happened in the period, and on which at its"
    " end the provider's word, as far as it is in the log, and our books were not the same, or that needed somebody to"
    " look at them. 'folio payssam reconcile' asks the provider anew.",
    groupings={"request": (DIFFERENCE, REQUEST), "difference": (DIFFERENCE,)},
    columns=(
        Column("provider_amount", "amount", "What the provider holds for us", adds=True),
        Column("our_amount", "amount", "The payments in our books that answer the request", adds=True),
        Column("off_by", "amount", "The provider's amount - ours", adds=True),
    ),
    more={
        "request": (
            Column("requested_date", "date", "The business day on which it was requested"),
            FOLIO,
            BILL,
            Column("status", "text", "The request's status"),
            ASKED,
            Column("note", "text", "What the provider's last answer lacked"),
        ),
        "difference": (REQUESTS,),
    },
    entries=f"""
        SELECT difference, request_id, side.position, side.event, side.provider_amount, side.our_amount,
               side.provider_amount - side.our_amount AS off_by, side.asked, side.requests
          FROM ({DIFFERENCES}) AS found
          JOIN LATERAL (
              SELECT position, event, CASE event WHEN 'payment_request.paid' THEN entry.paid_amount
                                                 WHEN 'payment_request.refunded' THEN -coalesce(entry.paid_amount, 0)
                                                 ELSE 0 END AS provider_amount, 0 AS our_amount,
                     CASE event WHEN 'payment_request.requested' THEN entry.amount ELSE 0 END AS asked,
                     (event = 'payment_request.requested')::int AS requests
                FROM read_model.request_entries AS entry
               WHERE entry.subject = found.request_id AND position <= %(until)s
              UNION ALL
              SELECT position, event, 0, CASE WHEN status = 'LIVE' THEN amount ELSE 0 END - amount_before, 0, 0
                FROM read_model.payment_entries AS payment
               WHERE payment.payment_request_id = found.request_id AND position <= %(until)s) AS side ON true
    """,
    explained_by=(ASKED, REQUESTS),
    rows={
        "request": f"""
            SELECT difference, request_id, provider_amount, our_amount, off_by, requested_date, folio_id, bill_id,
                   status, asked, note
              FROM ({DIFFERENCES}) AS found ORDER BY difference, request_id
        """,
        "difference": f"""
            SELECT difference, sum(provider_amount) AS provider_amount, sum(our_amount) AS our_amount,
                   sum(off_by) AS off_by, count(*) AS requests
              FROM ({DIFFERENCES}) AS found GROUP BY difference ORDER BY difference
        """,
    },
)
