"""The queries: arguments in, what the desk looks up out."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

import strawberry
from strawberry import ID

from projections.payment_requests import RequestFilter
from services.billing.views import View
from services.desk.filters import bill_filter
from services.desk.history import Subject, history_filter
from services.desk.led_to import Then
from services.desk.lookups import Found, Lookups, Page
from services.desk.pages import LIMIT_DEFAULT, LIMIT_MAX, position_of
from services.desk.past import PointInLog, point_in_log
from services.desk.problems import Problem, invalid
from services.desk.requests import check_id
from services.graphql.fields import field
from services.graphql.history_types import HistoryConnection, with_ids
from services.graphql.loading import as_of
from services.graphql.scalars import DateTime
from services.graphql.session import Info, Session
from services.graphql.types import (
    Accommodation,
    Bill,
    BillConnection,
    BillStatus,
    Folio,
    Payment,
    PaymentRequest,
    PaymentRequestConnection,
    PaymentRequestStatus,
)

QUERIES = "What can be asked. Each answers null beside an error of its own, so that one does not take the others along."
LIST_MAX = 2_000
"""Bills that a list without pages may hold. Of more, part of them would look like all."""
LIST = (
    "The bills of an accommodation, newest first: all that the filters let through, 2000 at most, or as many as first"
    " says, 1 to 500. A document may also select nodes, edges and pageInfo from it: that is accommodationBills."
)
PAGE = "A page of the bills of an accommodation, newest first; first is 1 to 500, by default 100."
HISTORY = (
    "A page of the events of a folio, its bills and payment requests, oldest first, from a time on and before another,"
    " by one actor (a PMS user, or a key's name), with one topic."
)
LookUp = Callable[[Lookups], Callable[..., Awaitable[Found[View]]]]
"""Which of the lookups finds it."""

PAST = (
    "now, or as it was known at a time or a position of the log (up to a time after the newest event, one that is being"
    " committed may still come; up to a position, none); effectiveAt shows what was in effect: payments count"
    " from when they were paid, everything else from when it was recorded. What it leads to is shown as of the same"
    " point, null where there was none."
)


def _bills_field(
    kind: Any, description: str, most: int, show: Callable[[Session, Page, str | None, int | None], Any]
) -> Any:
    """The bills of an accommodation, at most `most` unless `first` says how many, shown in one form or another."""

    async def bills(
        info: Info,
        accommodation_id: ID,
        folio_id: ID | None = None,
        reservation_id: ID | None = None,
        status: BillStatus | None = None,
        updated_since: DateTime | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Any:
        check_id("accommodationId", accommodation_id, "accommodationId")
        before = position_of(after, "/after", "endCursor")
        wanted = bill_filter(folio_id, reservation_id, status and status.value, _text(updated_since), before)
        session = info.context
        page = await session.front.lookups.bills(
            accommodation_id, wanted, _limit(first, most), await session.caller(), session.freshness
        )
        return await show(session, page, after, first)

    return field(kind, description)(bills)


async def _connection(session: Session, page: Page, after: str | None, _: int | None = None) -> View:
    views = await session.answered(page.found)
    return {
        "nodes": views,
        "edges": [{"cursor": cursor, "node": view} for cursor, view in zip(page.cursors, views, strict=True)],
        "pageInfo": {
            "hasNextPage": page.more,
            "hasPreviousPage": after is not None,
            "startCursor": page.cursors[0] if views else None,
            "endCursor": page.cursors[-1] if views else None,
        },
    }


async def _list(session: Session, page: Page, _: str | None, first: int | None) -> Any:
    if page.more and first is None:
        raise invalid(
            "/first",
            f"More than {LIST_MAX} bills are found. Ask for fewer by folioId, reservationId, status or updatedSince;"
            " for the newest with first; or for pages with nodes and pageInfo.",
        )
    return await session.answered(page.found)


def _field(kind: Any, description: str, id_name: str, lookup: LookUp) -> Any:
    """One thing by its id."""

    async def thing(info: Info, id: ID) -> Any:  # noqa: A002
        check_id(id_name, id, "id")
        return await info.context.answered(await _found(info.context, id_name, id, lookup))

    return field(kind, description)(thing)


def _past_field(kind: Any, description: str, id_name: str, lookup: LookUp) -> Any:
    """One thing by its id, now or as it was."""

    async def thing(
        info: Info,
        id: ID,  # noqa: A002
        at: DateTime | None = None,
        position: ID | None = None,
        effective_at: DateTime | None = None,
    ) -> Any:
        check_id(id_name, id, "id")
        moment = point_in_log(_text(at), position, _text(effective_at))
        found = await _found(info.context, id_name, id, lookup, moment)
        view = await info.context.answered(found)
        return as_of(None if moment is None else Then(found.position, moment.effective_at), view)

    return field(kind, description)(thing)


async def _found(session: Session, id_name: str, id_: str, lookup: LookUp, *moment: PointInLog | None) -> Found[View]:
    try:
        return await lookup(session.front.lookups)(id_, await session.caller(), session.freshness, *moment)
    except Problem as problem:
        raise problem.pointing({f"/{id_name}": "/id"}) from None


def _limit(first: int | None, default: int) -> int:
    if first is not None and not 1 <= first <= LIMIT_MAX:
        raise invalid("/first", f"first is a whole number from 1 to {LIMIT_MAX}.")
    return default if first is None else first


@strawberry.type(description=QUERIES)
class Query:
    get_accommodation_bills = _bills_field(list[Bill] | None, LIST, LIST_MAX, _list)
    accommodation_bills = _bills_field(BillConnection | None, PAGE, LIMIT_DEFAULT, _connection)

    @field(list[Payment] | None, "The payments of a bill, in the order recorded.")
    async def get_bill_payments(self, info: Info, bill_id: ID) -> Any:
        check_id("billId", bill_id, "billId")
        session = info.context
        bill = await session.front.lookups.bill(bill_id, await session.caller(), session.freshness)
        return (await session.answered(bill))["payments"]

    bill = _past_field(Bill | None, f"A bill {PAST}", "billId", lambda lookups: lookups.bill)
    payment = _field(Payment | None, "A payment.", "paymentId", lambda lookups: lookups.payment)
    folio = _past_field(Folio | None, f"A folio with its bills {PAST}", "folioId", lambda lookups: lookups.folio)

    @field(HistoryConnection | None, HISTORY)
    async def folio_history(
        self,
        info: Info,
        folio_id: ID,
        first: int | None = None,
        after: str | None = None,
        from_: Annotated[DateTime | None, strawberry.argument(name="from")] = None,
        to: DateTime | None = None,
        actor: str | None = None,
        event: str | None = None,
    ) -> View:
        check_id("folioId", folio_id, "folioId")
        position = position_of(after, "/after", "endCursor")
        wanted = history_filter(_text(from_), _text(to), actor, event, position)
        session, subject = info.context, Subject("folio", folio_id)
        page = await session.front.history.page(
            subject, wanted, _limit(first, LIMIT_DEFAULT), await session.caller(), session.freshness
        )
        return await _connection(session, replace(page, views=[with_ids(view) for view in page.views]), after)

    @field(Accommodation | None, "An accommodation's settings.")
    async def accommodation(self, info: Info, id: ID) -> Any:  # noqa: A002
        check_id("accommodationId", id, "id")
        found = await _found(info.context, "accommodationId", id, lambda lookups: lookups.accommodation)
        return {**await info.context.answered(found), "version": found.version or 0}

    payment_request = _field(
        PaymentRequest | None, "A payment request.", "paymentRequestId", lambda lookups: lookups.payment_request
    )

    @field(
        PaymentRequestConnection | None,
        "A page of the payment requests of an accommodation, or of a bill, newest first.",
    )
    async def payment_requests(
        self,
        info: Info,
        accommodation_id: ID | None = None,
        bill_id: ID | None = None,
        status: PaymentRequestStatus | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> View:
        if accommodation_id is None and bill_id is None:
            raise Problem("REQUIRED_PARAMETER", "Name the accommodationId or the billId whose requests you want.")
        for name, id_ in (("accommodationId", accommodation_id), ("billId", bill_id)):
            if id_ is not None:
                check_id(name, id_, name)
        position = position_of(after, "/after", "endCursor")
        wanted = RequestFilter(accommodation_id, bill_id, None if status is None else status.value, position)
        session = info.context
        page = await session.front.lookups.payment_requests(
            wanted, _limit(first, LIMIT_DEFAULT), await session.caller(), session.freshness
        )
        return await _connection(session, page, after)


def _text(at: DateTime | None) -> str | None:
    return None if at is None else str(at)
