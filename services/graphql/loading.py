"""What is looked up beside many things at once: one statement for all of them, not one for each.

A thing that is shown as of the past leads to others as of the same point of it, which goes along in the views.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from strawberry.dataloader import DataLoader

from services.billing.views import View
from services.desk.led_to import Then

if TYPE_CHECKING:
    from services.graphql.session import Session

THEN = "as of"
"""The member of a view that has the point that it is of. No name in a document is written so: no answer shows it."""
HELD = ("bills", "payments", "settlementsMade", "settlementsReceived")
"""Lists in views, of things that lead on as well."""

Wanted = tuple[str, Then | None]
"""The id of a bill, and as of when; None for now."""


def as_of(then: Then | None, view: View) -> View:
    """The view of a folio, a bill or a payment request with the point that it is of, and so all that it holds."""
    if then is not None:
        view[THEN] = then
        for name in HELD:
            for held in view.get(name, ()):
                as_of(then, held)
    return view


class Loaders:
    """Loads by id for one session. Nothing is kept: a socket lives long, and its next answer must be fresh.

    `origin` is the view that leads there.
    """

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._bills = DataLoader(self._load_bills, cache=False)
        self._requests = DataLoader(self._load_requests, cache=False)

    async def bill(self, bill_id: str, origin: View) -> View | None:
        """A bill, None when the caller sees no such bill (any more). Raises NotCaughtUp, StoreUnavailable."""
        return await self._bills.load((bill_id, origin.get(THEN)))

    async def payment_requests(self, bill_id: str, origin: View) -> list[View]:
        """The payment requests of a bill, newest first. Raises NotCaughtUp, StoreUnavailable."""
        return await self._requests.load((bill_id, origin.get(THEN)))

    async def _load_bills(self, wanted: Sequence[Wanted]) -> Sequence[View | None]:
        session, bills = self._session, dict[Wanted, View]()
        lookups, caller = session.front.lookups, await session.caller()
        for then, ids in _by_point(wanted).items():
            if then is None:
                found = await lookups.bills_by_id(ids, caller, session.freshness)
            else:
                found = await lookups.bills_then(ids, then, caller)
            for bill in await session.answered(found):
                bills[bill["id"], then] = as_of(then, bill)
        return [bills.get(each) for each in wanted]

    async def _load_requests(self, wanted: Sequence[Wanted]) -> Sequence[list[View]]:
        session, requests = self._session, defaultdict[Wanted, list[View]](list)
        lookups, caller = session.front.lookups, await session.caller()
        for then, ids in _by_point(wanted).items():
            if then is None:
                found = await lookups.requests_of_bills(ids, caller, session.freshness)
            else:
                found = await lookups.requests_of_bills_then(ids, then, caller)
            for request in await session.answered(found):
                requests[request["billId"], then].append(as_of(then, request))
        return [requests[each] for each in wanted]


def _by_point(wanted: Sequence[Wanted]) -> Mapping[Then | None, list[str]]:
    """The ids that are wanted, each once, by as of when."""
    ids: dict[Then | None, list[str]] = {}
    for id_, then in dict.fromkeys(wanted):
        ids.setdefault(then, []).append(id_)
    return ids
