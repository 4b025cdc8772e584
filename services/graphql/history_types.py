"""What the schema shows of history: the entries of the desk, member by member, as in `types`."""

import strawberry
from strawberry import ID

from services.billing.views import View
from services.graphql.scalars import Amount, Date, DateTime, Json
from services.graphql.types import PageInfo


@strawberry.type(description="Who did it.")
class HistoryActor:
    by: str = strawberry.field(description="The person to show: the PMS user, or else the key.")
    key: str
    user: str | None


@strawberry.type(description="A field of the bill, payment or payment request before an event and after it.")
class HistoryChange:
    field: str
    before: Json | None = strawberry.field(description="Null where there was nothing.")
    after: Json | None = strawberry.field(description="Of settlements those alone that were added.")


@strawberry.type(description="What was owed before an event and after it, and what the event has added.")
class BalanceChange:
    before: Amount
    after: Amount
    effect: Amount


@strawberry.type(description="The other side of a transfer or settlement.")
class HistoryLink:
    relation: str = strawberry.field(description="MOVED_TO, MOVED_FROM, PAYS or PAID_BY.")
    bill_id: ID
    folio_id: ID
    position: ID = strawberry.field(description="The position of the event on that side.")
    path: str = strawberry.field(description="The bill over REST.")
    folio_path: str


@strawberry.type(description="The provider's callback that an event rests on; its SHA-256 for auditors and admins.")
class HistoryCallback:
    number: ID | None
    received_at: DateTime | None
    sha256: str | None


@strawberry.type(description="An event in the history of a folio. Guests and account numbers stay masked.")
class HistoryEntry:
    position: ID
    recorded_at: DateTime
    business_date: Date = strawberry.field(
        description="The day that reports count it to, by the accommodation's zone and cut-off hour."
    )
    event: str = strawberry.field(description="Its topic, such as bill.added. There will be more of them.")
    bill_id: ID | None
    bill_code: str | None
    payment_id: ID | None
    payment_request_id: ID | None
    actor: HistoryActor
    reason: str | None
    request_id: str
    changes: list[HistoryChange]
    bill_balance: BalanceChange | None
    folio_balance: BalanceChange
    data: Json = strawberry.field(description="What the feed shows of it.")
    links: list[HistoryLink]
    callback: HistoryCallback | None


def with_ids(entry: View) -> View:
    """An entry whose positions and number are ids, as positions are everywhere in the schema."""
    callback = entry["callback"]
    if callback is not None and callback["number"] is not None:
        callback = {**callback, "number": str(callback["number"])}
    links = [{**link, "position": str(link["position"])} for link in entry["links"]]
    return {**entry, "position": str(entry["position"]), "links": links, "callback": callback}


@strawberry.type(description="An entry of a page.")
class HistoryEdge:
    cursor: str
    node: HistoryEntry


@strawberry.type(description="A page of the history, oldest first.")
class HistoryConnection:
    edges: list[HistoryEdge]
    nodes: list[HistoryEntry]
    page_info: PageInfo
