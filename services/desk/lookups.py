"""What every query answers, whichever face it is asked at: views, and the position of the log they are from.

All raise NotCaughtUp and StoreUnavailable; what names one thing raises Problem when the caller sees no such thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from projections import accommodations, bills, folios, payment_requests, payments
from projections.bills import BillFilter
from projections.payment_requests import RequestFilter
from projections.reading import Answer, Freshness, Reader
from services.access import Caller
from services.billing.views import View
from services.desk.led_to import Then, bills_then, requests_then
from services.desk.pages import cursor_of
from services.desk.past import Past, PointInLog
from services.desk.problems import not_found

T = TypeVar("T")


@dataclass(frozen=True)
class Found(Generic[T]):
    """What was found, and the version of the bill, request or accommodation that it is or belongs to.

    `large`: put together from the log, with lists that may be very long.
    """

    view: T
    position: int
    version: int | None = None
    large: bool = False


@dataclass(frozen=True)
class Page:
    """A page of things as views; `cursors` has the cursor after each, `more` says whether there is another page."""

    views: Sequence[View]
    cursors: Sequence[str]
    more: bool
    position: int
    version: int | None = None

    @property
    def found(self) -> Found[Sequence[View]]:
        """The things without their page."""
        return Found(self.views, self.position, self.version)

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the next page, None on the last."""
        return self.cursors[-1] if self.more else None


class Lookups:
    """Answers from read models, or from the log for a moment in the past."""

    def __init__(self, reader: Reader, past: Past) -> None:
        self._reader = reader
        self._past = past

    async def accommodation(self, accommodation_id: str, caller: Caller, freshness: Freshness) -> Found[View]:
        """The settings, the defaults when it was never configured."""
        check_visible(accommodation_id, caller)
        answer = await accommodations.find_accommodation(self._reader, accommodation_id, freshness)
        view = dict(answer.rows[0])
        version = view.pop("version")
        return Found(view, answer.position, version or None)

    async def days(self, accommodation_id: str, limit: int, caller: Caller) -> Found[View]:
        """The business day that events belong to now, and the newest closed days, from the log."""
        check_visible(accommodation_id, caller)
        view, position = await self._past.days(accommodation_id, limit)
        return Found(view, position)

    async def bills(
        self, accommodation_id: str, wanted: BillFilter, limit: int, caller: Caller, freshness: Freshness
    ) -> Page:
        """A page of bills, newest first, stable while others are added."""
        check_visible(accommodation_id, caller)
        answer = await bills.bills_of_accommodation(
            self._reader, accommodation_id, wanted, limit + 1, caller.sees, freshness
        )
        rows = answer.rows[:limit]
        cursors = [cursor_of(row["added_position"]) for row in rows]
        views = [bills.view_of_row(row) for row in rows]
        return Page(views, cursors, len(answer.rows) > limit, answer.position)

    async def folio(
        self, folio_id: str, caller: Caller, freshness: Freshness, moment: PointInLog | None = None
    ) -> Found[View]:
        """The folio now, or as it was."""
        if moment is not None:
            position = await self._past.position(moment)
            ids = await folios.bill_ids_of_folio(self._reader, folio_id, freshness.at_least(position))
            view = await self._past.folio(folio_id, ids, position, moment.effective_at, caller)
            return Found(view, position, large=True)
        answer = await folios.find_folio(self._reader, folio_id, caller.sees, freshness)
        return Found(one(answer, "folio", folio_id), answer.position)

    async def check_folio(self, folio_id: str, caller: Caller) -> None:
        """Raise Problem when the caller sees no such folio, whatever the read models have."""
        await self._past.check_folio(folio_id, caller)

    async def folio_balances(self, folio_ids: Sequence[str], at: int) -> dict[str, int]:
        """What each of these folios, all of which are there, owed at a recent position of the log."""
        return await folios.balances_of_folios(self._reader, folio_ids, at) if folio_ids else {}

    async def bill(
        self, bill_id: str, caller: Caller, freshness: Freshness, moment: PointInLog | None = None
    ) -> Found[View]:
        """The bill now, or as it was."""
        if moment is not None:
            view, position = await self._past.bill(bill_id, moment, caller)
        else:
            answer = await bills.find_bill(self._reader, bill_id, caller.sees, freshness)
            view, position = one(answer, "bill", bill_id), answer.position
        return Found(view, position, view["version"], large=moment is not None)

    async def bills_by_id(self, ids: Sequence[str], caller: Caller, freshness: Freshness) -> Found[Sequence[View]]:
        """Those of these bills that the caller sees, in no order."""
        answer = await bills.bills_by_id(self._reader, ids, caller.sees, freshness)
        return Found(answer.rows, answer.position)

    async def bills_then(self, ids: Sequence[str], then: Then, caller: Caller) -> Found[Sequence[View]]:
        """Those of these bills that there were then and that the caller sees, in no order."""
        return Found(await bills_then(self._past.log, ids, then, caller), then.position)

    async def payments(self, bill_id: str, after: int | None, limit: int, caller: Caller, freshness: Freshness) -> Page:
        """A page of a bill's payments, in the order recorded."""
        answer = await payments.payments_of_bill(self._reader, bill_id, after or 0, limit + 1, caller.sees, freshness)
        row = one(answer, "bill", bill_id)
        rows = row["payments"][:limit]
        cursors = [cursor_of(payment["recorded_position"]) for payment in rows]
        views = [payments.view_of_row(payment) for payment in rows]
        return Page(views, cursors, len(row["payments"]) > limit, answer.position, row["version"])

    async def payment(self, payment_id: str, caller: Caller, freshness: Freshness) -> Found[View]:
        """One payment; the version is its bill's."""
        answer = await payments.find_payment(self._reader, payment_id, caller.sees, freshness)
        row = one(answer, "payment", payment_id)
        return Found(payments.view_of_row(row), answer.position, row["current_bill_version"])

    async def payment_request(self, request_id: str, caller: Caller, freshness: Freshness) -> Found[View]:
        """One payment request, its guest still sealed."""
        answer = await payment_requests.find_payment_request(self._reader, request_id, caller.sees, freshness)
        view = one(answer, "payment request", request_id, "paymentRequestId")
        return Found(view, answer.position, view["version"])

    async def requests_of_bills(
        self, bill_ids: Sequence[str], caller: Caller, freshness: Freshness
    ) -> Found[Sequence[View]]:
        """All payment requests of these bills, newest first, the guests still sealed."""
        answer = await payment_requests.requests_of_bills(self._reader, bill_ids, caller.sees, freshness)
        return Found(answer.rows, answer.position)

    async def requests_of_bills_then(
        self, bill_ids: Sequence[str], then: Then, caller: Caller
    ) -> Found[Sequence[View]]:
        """All payment requests that these bills had had, newest first, the guests still sealed."""
        return Found(await requests_then(self._past.log, bill_ids, then, caller), then.position)

    async def payment_requests(self, wanted: RequestFilter, limit: int, caller: Caller, freshness: Freshness) -> Page:
        """A page of the payment requests of a bill or an accommodation, newest first, the guests still sealed."""
        if wanted.bill_id is not None:
            await self.bill(wanted.bill_id, caller, freshness)
        if wanted.accommodation_id is not None:
            check_visible(wanted.accommodation_id, caller)
        answer = await payment_requests.list_payment_requests(self._reader, wanted, limit + 1, caller.sees, freshness)
        rows = answer.rows[:limit]
        cursors = [cursor_of(row["requested_position"]) for row in rows]
        views = [payment_requests.view_of_row(row) for row in rows]
        return Page(views, cursors, len(answer.rows) > limit, answer.position)


def one(answer: Answer, what: str, id_: str, parameter: str | None = None) -> View:
    """The one row of an answer. Raises Problem when there is none."""
    if not answer.rows:
        raise not_found(what, id_, answer.position, parameter)
    return answer.rows[0]


def check_visible(accommodation_id: str, caller: Caller) -> None:
    """Raise Problem when the caller may not see an accommodation."""
    if not caller.reaches(accommodation_id):
        raise not_found("accommodation", accommodation_id)
