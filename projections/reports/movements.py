"""Transfers, splits and settlements, each with both its sides."""

from projections.report import Column, Report
from projections.reports.columns import ACTOR, BUSINESS_DATE, REASON, RECORDED_AT

# One command may settle the same bill several times by the same amount: the first side goes with the first other one.
MOVED = """
    SELECT moved.position AS movement, moved.business_date, moved.recorded_at, moved.actor, moved.reason,
           CASE WHEN moved.event = 'bill.settled' THEN 'SETTLEMENT'
                WHEN moved.other_bill_id = moved.subject THEN 'RESERVATION'
                WHEN moved.status = 'TRANSFERRED' THEN 'TRANSFER' ELSE 'SPLIT' END AS kind,
           moved.event, moved.folio_id AS from_folio_id, moved.subject AS from_bill_id,
           moved.other_folio_id AS to_folio_id, moved.other_bill_id AS to_bill_id, moved.moved_total AS total,
           moved.balance_effect AS from_effect, other.position AS other_position, other.event AS other_event,
           coalesce(other.balance_effect, 0) AS to_effect
      FROM read_model.bill_entries AS moved
      LEFT JOIN LATERAL (
          SELECT position, event, balance_effect FROM read_model.bill_entries AS other
           WHERE other.subject = moved.other_bill_id AND other.subject <> moved.subject
             AND other.recorded_at = moved.recorded_at AND other.balance_effect = -moved.balance_effect
             AND other.position <= %(position)s
             AND (other.event = 'bill.added' AND other.origin_bill_id = moved.subject
                  OR other.event = 'bill.settled' AND other.other_bill_id = moved.subject)
           ORDER BY other.position LIMIT 1 OFFSET (
               SELECT count(*) FROM read_model.bill_entries AS same
                WHERE same.subject = moved.subject AND same.other_bill_id = moved.other_bill_id
                  AND same.event = moved.event AND same.recorded_at = moved.recorded_at
                  AND same.balance_effect = moved.balance_effect AND same.position < moved.position)) AS other ON true
     WHERE moved.accommodation_id = %(accommodation_id)s AND moved.business_date BETWEEN %(first)s AND %(last)s
       AND moved.position <= %(position)s AND moved.other_bill_id IS NOT NULL
       AND (moved.event = 'bill.transferred' OR moved.event = 'bill.settled' AND moved.balance_effect < 0)
       AND (%(folio_id)s::text IS NULL OR %(folio_id)s IN (moved.folio_id, moved.other_folio_id))
"""
MOVEMENT = Column("movement", "count", "The position in the log of the event on the side that it went from")
TOTAL = Column(
    "total", "amount", "How much of the total moved, as the event on the from side says; a settlement moves none"
)

REPORT = Report(
    name="movements",
    title="Movements",
    title_korean="이체·분할·정산 내역",
    description="Transfers, splits and settlements with both their sides: a bill moved whole (TRANSFER), a part of one"
    " (SPLIT), to another reservation of its folio (RESERVATION), or debt moved to the bill that pays (SETTLEMENT).",
    groupings={
        "movement": (BUSINESS_DATE, MOVEMENT),
        "kind": (BUSINESS_DATE, Column("kind", "text", "TRANSFER, SPLIT, RESERVATION or SETTLEMENT")),
    },
    columns=(
        Column("from_effect", "amount", "What changed of the balance that it went from", adds=True),
        Column("to_effect", "amount", "What changed of the balance that it went to", adds=True),
    ),
    entries=f"""
        SELECT side.position, side.event, business_date, movement, kind, side.from_effect, side.to_effect, side.total
          FROM ({MOVED}) AS moved
          CROSS JOIN LATERAL (
              VALUES (movement, event, from_effect, 0, total), (other_position, other_event, 0, to_effect, NULL)
          ) AS side (position, event, from_effect, to_effect, total)
         WHERE side.position IS NOT NULL
    """,
    explained_by=(TOTAL,),
    more={
        "movement": (
            Column("kind", "text", "TRANSFER, SPLIT, RESERVATION or SETTLEMENT"),
            RECORDED_AT,
            Column("from_folio_id", "text", "The folio that it went from"),
            Column("from_bill_id", "text", "The bill that it went from; of a settlement the one that is owed less"),
            Column("to_folio_id", "text", "The folio that it went to"),
            Column("to_bill_id", "text", "The bill that carries it on; of a settlement the one that pays"),
            TOTAL,
            ACTOR,
            REASON,
        )
    },
    rows={
        "movement": f"""
            SELECT business_date, movement, from_effect, to_effect, kind, recorded_at, from_folio_id, from_bill_id,
                   to_folio_id, to_bill_id, total, actor, reason
              FROM ({MOVED}) AS moved ORDER BY business_date, movement
        """,
        "kind": f"""
            SELECT business_date, kind, sum(from_effect) AS from_effect, sum(to_effect) AS to_effect
              FROM ({MOVED}) AS moved GROUP BY business_date, kind ORDER BY business_date, kind
        """,
    },
)
