"""The read model of folios: what each owes and has paid, kept up by the events' effects.

Sums are numeric: a bill is limited to 10^15, the number of a folio's bills is not.
"""

from collections.abc import Sequence

from projections import bills
from projections.read_model import ReadModel, Row
from projections.reading import Answer, Freshness, Reader, Scope
from services.billing.event import BillEvent, LedgerEvent
from services.billing.folio import FolioOpened
from services.billing.views import View, folio_view

DEFINITION = """
    CREATE TABLE read_model.folios (
        folio_id         text        PRIMARY KEY,
        accommodation_id text        NOT NULL,
        currency         text        NOT NULL,
        total_amount     numeric     NOT NULL,
        balance_amount   numeric     NOT NULL,
        opened_at        timestamptz NOT NULL,
        updated_at       timestamptz NOT NULL
    );
    CREATE INDEX folios_of_accommodation ON read_model.folios (accommodation_id);
"""

COLUMNS = (
    "folio_id", "accommodation_id", "currency", "total_amount", "balance_amount", "opened_at", "updated_at",
)  # fmt: skip


def apply(row: Row | None, event: FolioOpened | BillEvent, position: int) -> Row:
    """Add an event's effects to its folio."""
    if isinstance(event, FolioOpened):
        return {
            "folio_id": event.folio_id,
            "accommodation_id": event.accommodation_id,
            "currency": event.currency,
            "total_amount": 0,
            "balance_amount": 0,
            "opened_at": event.timestamp,
            "updated_at": event.timestamp,
        }
    assert row is not None, f"folio {event.folio_id} was never opened before position {position}"
    row["total_amount"] += event.total_effect
    row["balance_amount"] += event.balance_effect
    row["updated_at"] = event.timestamp
    return row


def _key_of(event: LedgerEvent) -> str | None:
    return event.folio_id if isinstance(event, FolioOpened | BillEvent) else None


FOLIOS = ReadModel("folios", 1, DEFINITION, COLUMNS, _key_of, apply)


SELECT_FOLIO = """
    SELECT folio.*,
           (SELECT coalesce(jsonb_agg(to_jsonb(bill) ORDER BY bill.added_position), '[]'::jsonb)
              FROM read_model.bills AS bill
             WHERE bill.folio_id = folio.folio_id AND bill.deleted_at IS NULL) AS bills,
           (SELECT coalesce(sum((payment ->> 'amount')::bigint), 0)
              FROM read_model.bills AS bill, jsonb_array_elements(bill.payments) AS payment
             WHERE bill.folio_id = folio.folio_id AND bill.deleted_at IS NOT NULL
               AND payment ->> 'cancelledAt' IS NULL) AS paid_on_deleted
      FROM read_model.folios AS folio
     WHERE folio.folio_id = %(folio_id)s
       AND (%(accommodations)s::text[] IS NULL OR folio.accommodation_id = ANY(%(accommodations)s))
"""
SELECT_BALANCES = """
    SELECT folio_id, balance_amount - (
               SELECT coalesce(sum((since.fields ->> 'balance_effect')::numeric), 0)
                 FROM ledger.events AS event
                CROSS JOIN LATERAL (SELECT convert_from(event.state, 'UTF8')::jsonb AS fields) AS since
                WHERE event.notification_id > %(at)s AND event.notification_id <= stand.position
                  AND since.fields ->> 'folio_id' = folio.folio_id) AS balance
      FROM read_model.folios AS folio WHERE folio_id = ANY(%(folio_ids)s)
"""
"""What has happened between the position asked for and where the read model stands is taken off again."""
SELECT_STREAMS = """
    SELECT folio.folio_id,
           (SELECT coalesce(jsonb_agg(bill.id), '[]'::jsonb)
              FROM read_model.bills AS bill WHERE bill.folio_id = folio.folio_id) AS bills,
           (SELECT coalesce(jsonb_agg(request.id), '[]'::jsonb)
              FROM read_model.bills AS bill JOIN read_model.payment_requests AS request ON request.bill_id = bill.id
             WHERE bill.folio_id = folio.folio_id) AS payment_requests
      FROM read_model.folios AS folio
     WHERE folio.folio_id = coalesce(
               %(folio_id)s::text, (SELECT bill.folio_id FROM read_model.bills AS bill WHERE bill.id = %(bill_id)s))
       AND (%(accommodations)s::text[] IS NULL OR folio.accommodation_id = ANY(%(accommodations)s))
"""
SELECT_BILL_IDS = "SELECT id FROM read_model.bills WHERE folio_id = %(folio_id)s ORDER BY added_position"


def view_of_row(row: Row) -> View:
    """A folio with its bills, in the order in which they were posted."""
    views = [bills.view_of_row(bill) for bill in row["bills"]]
    return folio_view(
        row["folio_id"],
        row["accommodation_id"],
        row["currency"],
        row["total_amount"],
        row["balance_amount"],
        views,
        row["paid_on_deleted"],
    )


async def find_folio(reader: Reader, folio_id: str, sees: Scope, freshness: Freshness) -> Answer:
    """One folio or none, as a view. Raises NotCaughtUp, StoreUnavailable."""
    answer = await reader.find(SELECT_FOLIO, {"folio_id": folio_id, "accommodations": sees}, freshness)
    return answer.map(view_of_row)


async def bill_ids_of_folio(reader: Reader, folio_id: str, freshness: Freshness) -> list[str]:
    """Every bill that was ever on the folio, deleted ones too: a bill never changes its folio."""
    answer = await reader.find(SELECT_BILL_IDS, {"folio_id": folio_id}, freshness)
    return [row["id"] for row in answer.rows]


async def balances_of_folios(reader: Reader, folio_ids: Sequence[str], at: int) -> dict[str, int]:
    """What each of these folios owed at a recent position of the log. Raises NotCaughtUp, StoreUnavailable."""
    parameters = {"folio_ids": list(folio_ids), "at": at}
    answer = await reader.find(SELECT_BALANCES, parameters, Freshness(eventual=False, min_position=at))
    return {row["folio_id"]: row["balance"] for row in answer.rows}


async def streams_of_folio(
    reader: Reader, folio_id: str | None, bill_id: str | None, sees: Scope, freshness: Freshness
) -> Answer:
    """The folio of that id, or of that bill, as a row, or none: `folio_id`, all its `bills` (deleted ones too), all
    their `payment_requests`. Raises NotCaughtUp, StoreUnavailable.
    """
    parameters = {"folio_id": folio_id, "bill_id": bill_id, "accommodations": sees}
    return await reader.find(SELECT_STREAMS, parameters, freshness)
