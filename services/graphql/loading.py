"""What is looked up beside many things at once: one statement for all of them, not one for each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from strawberry.dataloader import DataLoader

from services.billing.views import View

if TYPE_CHECKING:
    from services.graphql.session import Session


class Loaders:
    """Loads by id for one session. Nothing is kept: a socket lives long, and its next answer must be fresh."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._bills = DataLoader(self._load_bills, cache=False)
        self._requests = DataLoader(self._load_requests, cache=False)

    async def bill(self, bill_id: str) -> View | None:
        """A bill, None when the caller sees no such bill (any more). Raises NotCaughtUp, StoreUnavailable."""
        return await self._bills.load(bill_id)

    async def payment_requests(self, bill_id: str) -> list[View]:
        """The payment requests of a bill, newest first. Raises NotCaughtUp, StoreUnavailable."""
        return await self._requests.load(bill_id)

    async def _load_bills(self, ids: Sequence[str]) -> Sequence[View | None]:
        session = self._session
        found = await session.front.lookups.bills_by_id(
            list(dict.fromkeys(ids)), await session.caller(), session.freshness
        )
        bills = {bill["id"]: bill for bill in await session.answered(found)}
        return [bills.get(bill_id) for bill_id in ids]

    async def _load_requests(self, ids: Sequence[str]) -> Sequence[list[View]]:
        session = self._session
        found = await session.front.lookups.requests_of_bills(
            list(dict.fromkeys(ids)), await session.caller(), session.freshness
        )
        requests: dict[str, list[View]] = {bill_id: [] for bill_id in ids}
        for request in await session.answered(found):
            requests[request["billId"]].append(request)
        return [requests[bill_id] for bill_id in ids]
